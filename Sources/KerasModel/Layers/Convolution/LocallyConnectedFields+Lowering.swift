import KerasCore
import KerasGraph

extension LocallyConnectedFields {
  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let x = try context.cast(x, to: .float32)
      let geometry = try geometry(context.shape(x))
      var y =
        switch implementation {
        case 1: try patchProducts(x, geometry, &context)
        case 2: try maskedProduct(x, geometry, &context)
        default: try sparseProduct(x, geometry, &context)
        }
      if useBias {
        let target = geometry.isChannelsFirst ? [filters] + geometry.outputs : geometry.outputs + [filters]
        let bias = try context.op(.reshape(target.map { .fixed($0) }), context.weight("bias"))
        y = try context.op(.binary(.add), y, bias)
      }
      return try activation.apply(y, &context)
    }
  }

  /// A product per position of its patch with its kernel; the result in the layer's own format.
  private func patchProducts(
    _ x: Value, _ geometry: LocalGeometry, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let x = try dataFormat.toChannelsLast(x, &context)
    let rank = kernelSize.count
    var offsets = [[Int]()]
    for size in kernelSize { offsets = offsets.flatMap { start in (0..<size).map { start + [$0] } } }
    var parts: [Value] = []
    for offset in offsets {
      let limits = (0..<rank).map { axis -> Int? in
        offset[axis] + (geometry.outputs[axis] - 1) * strides[axis] + 1
      }
      let slice = Op.slice(
        starts: [0] + offset + [0], limits: [nil] + limits + [nil], strides: [1] + strides + [1])
      let part = try context.op(slice, x)
      parts.append(geometry.isChannelsFirst ? try context.expanded(part, axis: rank + 2) : part)
    }
    let axis = geometry.isChannelsFirst ? rank + 2 : rank + 1
    let patches = try context.ops(.concatenate(axis: axis), parts)[0]
    let positions = geometry.outputs.reduce(1, *)
    let batch = context.dimensions(of: x)[0]
    let flat = try context.op(
      .reshape([batch, .fixed(positions), .fixed(kernelSize.reduce(geometry.channels, *))]), patches)
    let byPosition = try context.op(.transpose([1, 0, 2]), flat)
    let products = try context.op(
      .matmul(transposeA: false, transposeB: false), byPosition, context.weight("kernel"))
    let byBatch = try context.op(.transpose([1, 0, 2]), products)
    let target = [context.dimensions(of: byBatch)[0]] + (geometry.outputs + [filters]).map { .fixed($0) }
    return try dataFormat.fromChannelsLast(context.op(.reshape(target), byBatch), &context)
  }

  /// A product with the whole matrix, unconnected elements set to zero.
  private func maskedProduct(
    _ x: Value, _ geometry: LocalGeometry, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (rows, columns) = (geometry.inputCount, geometry.outputCount)
    var connected = [Float](repeating: 0, count: rows * columns)
    for (output, input) in geometry.connections() { connected[input * columns + output] = 1 }
    let mask = try constant(shape: [rows, columns], connected, &context)
    let kernel = try context.op(.reshape([.fixed(rows), .fixed(columns)]), context.weight("kernel"))
    return try product(x, context.op(.binary(.multiply), kernel, mask), transposed: false, geometry, &context)
  }

  /// A product with the matrix of the stored connected elements.
  private func sparseProduct(
    _ x: Value, _ geometry: LocalGeometry, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (rows, columns) = (geometry.outputCount, geometry.inputCount)
    let pairs = geometry.connections()
    // Row 0 of the table is the zero of all unconnected elements.
    var places = [Float](repeating: 0, count: rows * columns)
    guard pairs.count < 1 << 24 else {
      throw ModelError(.unsupported("a locally connected layer of more than \(1 << 24) connections"))
    }
    for (index, pair) in pairs.enumerated() { places[pair.output * columns + pair.input] = Float(index + 1) }
    let stored = try context.op(.pad(before: [1], after: [0], value: 0), context.weight("kernel"))
    let table = try context.op(.reshape([.fixed(pairs.count + 1), .fixed(1)]), stored)
    let indices = try context.cast(constant(shape: [rows, columns], places, &context), to: .int32)
    let elements = try context.op(.gatherRows, table, indices)
    let matrix = try context.op(.reshape([.fixed(rows), .fixed(columns)]), elements)
    return try product(x, matrix, transposed: true, geometry, &context)
  }

  private func product(
    _ x: Value, _ matrix: Value, transposed: Bool, _ geometry: LocalGeometry, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let flat = try context.op(.reshape([context.dimensions(of: x)[0], .fixed(geometry.inputCount)]), x)
    let y = try context.op(.matmul(transposeA: false, transposeB: transposed), flat, matrix)
    let sizes = geometry.isChannelsFirst ? [filters] + geometry.outputs : geometry.outputs + [filters]
    return try context.op(.reshape([context.dimensions(of: y)[0]] + sizes.map { .fixed($0) }), y)
  }

  private func constant(
    shape: [Int], _ values: [Float], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    do {
      return context.constant(try TensorData(shape: shape, floats: values))
    } catch {
      throw ModelError(.unsupported(error.description))
    }
  }
}
