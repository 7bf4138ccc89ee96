import KerasCore
import KerasGraph
import OrderedCollections

/// What UpSampling1D, UpSampling2D and UpSampling3D share; two spatial axes can also be interpolated bilinearly.
struct UpSamplingFields: Sendable {
  let size: [Int]
  let dataFormat: DataFormat
  let interpolation: String

  init(_ config: inout ConfigReader, rank: Int) throws(ModelError) {
    size = try config.positiveInts("size", count: rank, default: 2)
    dataFormat = try config.dataFormat()
    interpolation = try config.choice(
      "interpolation", rank == 2 ? ["nearest", "bilinear", "keraskit>bilinear_asymmetric"] : ["nearest"],
      default: "nearest")
  }

  var config: OrderedDictionary<String, JSON> {
    if size.count == 1 { return ["size": JSON(size[0])] }
    var fields: OrderedDictionary<String, JSON> = [
      "size": JSON(size), "data_format": .string(dataFormat.rawValue),
    ]
    if size.count == 2 { fields["interpolation"] = .string(interpolation) }
    return fields
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(size.count + 2)
      var y = try dataFormat.toChannelsLast(x, &context)
      for axis in size.indices where size[axis] > 1 {
        y =
          interpolation == "nearest"
          ? try context.repeated(y, axis: axis + 1, times: size[axis])
          : try interpolated(y, axis: axis + 1, times: size[axis], &context)
      }
      return try dataFormat.fromChannelsLast(y, &context)
    }
  }

  /// Bilinear interpolation along one of two spatial axes, as a product with a matrix of weights.
  private func interpolated(
    _ x: Value, axis: Int, times: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let count = try context.shape(x).known(axis: axis)
    guard count > 0, let elements = checkedProduct([count, times, count]), elements < 1 << 28 else {
      throw ModelError(.inputShape(expected: "a smaller image to interpolate", found: context.shape(x)))
    }
    var weights = [Float](repeating: 0, count: elements)
    for row in 0..<count * times {
      let position =
        interpolation == "bilinear"
        ? max((Double(row) + 0.5) / Double(times) - 0.5, 0) : Double(row) / Double(times)
      let lower = min(Int(position), count - 1)
      let fraction = Float(position - Double(lower))
      weights[row * count + lower] += 1 - fraction
      weights[row * count + min(lower + 1, count - 1)] += fraction
    }
    let data: TensorData
    do { data = try TensorData(shape: [count * times, count], floats: weights) } catch {
      throw ModelError(.unsupported(error.description))
    }
    let matrix = context.constant(data)
    let target = context.dimensions(of: x)
    if axis == 2 { return try context.op(.matmul(transposeA: false, transposeB: false), matrix, x) }
    let flat = try context.op(.reshape([target[0], target[1], .inferred]), x)
    let product = try context.op(.matmul(transposeA: false, transposeB: false), matrix, flat)
    let back: [TargetDimension] = [
      .ofOperand(0, axis: 0), .fixed(count * times), context.dimensions(of: x, operand: 1)[2],
      context.dimensions(of: x, operand: 1)[3],
    ]
    return try context.op(.reshape(back), product, x)
  }
}

extension LoweringContext {
  /// Every element along an axis `times` times in a row.
  mutating func repeated(_ x: Value, axis: Int, times: Int) throws(ModelError) -> Value {
    if times == 1 { return x }
    let expanded = try expanded(x, axis: axis + 1)
    var target = dimensions(of: expanded)
    target[axis + 1] = .fixed(times)
    let wide = try op(.broadcast(target), expanded)
    var merged = dimensions(of: x, operand: 1)
    if let count = shape(x)[axis] {
      guard let total = checkedProduct([count, times]) else {
        throw ModelError(.inputShape(expected: "a smaller axis to repeat", found: shape(x)))
      }
      merged[axis] = .fixed(total)
    } else {
      merged[axis] = .inferred
    }
    return try op(.reshape(merged), wide, x)
  }
}
