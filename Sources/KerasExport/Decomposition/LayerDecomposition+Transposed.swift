import KerasCore
import KerasGraph

/// Transposed convolutions of any padding.
extension LayerDecomposition {
  /// A convolution of the turned kernel over the input with zeros between its numbers and around them: TensorFlow's own
  /// function asks for the result's size, the batch included.
  mutating func addTransposed(
    _ convolution: Convolution, _ index: Int, _ graph: Graph, _ weights: [String: TensorData],
    _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    let node = graph.nodes[index]
    let (input, output) = (graph.shape(node.operands[0]), node.types[0].shape)
    let (rank, kernel) = (input.rank, graph.shape(node.operands[1]))
    guard convolution.groups == 1, let sizes = Shape(Array(input.dimensions.dropFirst())).concrete,
      let target = Shape(Array(output.dimensions.dropFirst().dropLast())).concrete, let filters = kernel.concrete,
      let x = found[node.operands[0].node]
    else { throw Failure(reason: "keras.ops has no operation for its \(node.op.name) of shape \(output)") }
    let window = Array(filters.dropLast(2))
    let before: [Int]
    do {
      before = try convolution.padding.resolved(
        inputSpatial: target, kernel: window, strides: convolution.strides, dilations: convolution.dilations
      ).before
    } catch {
      throw Failure(reason: "\(error)")
    }
    var spread = x
    var lengths = Array(sizes.dropLast())
    if convolution.strides.contains(where: { $0 > 1 }) {
      let columns = [-1] + lengths.flatMap { [$0, 1] } + [sizes[sizes.count - 1]]
      let apart =
        [(before: 0, after: 0)] + convolution.strides.flatMap { [(before: 0, after: 0), (0, $0 - 1)] } + [(0, 0)]
      lengths = zip(lengths, convolution.strides).map { $0 * $1 }
      let whole = [-1] + lengths + [sizes[sizes.count - 1]]
      spread = add("Reshape", "numpy", ["newshape": JSON(columns)], [.tensor(spread)], name: "columns")
      spread = padded(spread, apart, name: "apart")
      spread = add("Reshape", "numpy", ["newshape": JSON(whole)], [.tensor(spread)], name: "spread")
    }
    // What the convolution needs before and behind; less than nothing is cut off.
    let reach = zip(window, convolution.dilations).map { ($0 - 1) * $1 + 1 }
    let front = zip(reach, before).map { $0 - 1 - $1 }
    let behind = target.indices.map { target[$0] + reach[$0] - 1 - lengths[$0] - front[$0] }
    if (front + behind).contains(where: { $0 < 0 }) {
      let slices = (0..<rank).map { axis -> JSON in
        let place = axis - 1
        let isSpatial = lengths.indices.contains(place)
        let stop = isSpatial && behind[place] < 0 ? JSON(lengths[place] + behind[place]) : .null
        let start = isSpatial ? max(0, -front[place]) : 0
        return ["class_name": "__slice__", "config": ["start": JSON(start), "stop": stop, "step": 1]]
      }
      spread = add("GetItem", "numpy", [:], [.tensor(spread), .array(slices)], name: "cut")
    }
    if (front + behind).contains(where: { $0 > 0 }) {
      let around = zip(front, behind).map { (before: max(0, $0), after: max(0, $1)) }
      spread = padded(spread, [(0, 0)] + around + [(0, 0)], name: "around")
    }
    let ones = JSON.array(window.map { _ in 1 })
    return add(
      "Conv", "keras.src.ops.nn",
      [
        "strides": ones, "padding": "valid", "data_format": "channels_last",
        "dilation_rate": .array(convolution.dilations.map { JSON($0) }),
      ], [.tensor(spread), try turned(node.operands[1], rank: rank, graph, weights, found)], [:],
      name: resultName(index, "transposed"))
  }

  private mutating func padded(
    _ x: TensorReference, _ widths: [(before: Int, after: Int)], name: String
  ) -> TensorReference {
    let pad = Keras3Operation(padding: widths, with: 0)
    return add(pad.className, pad.module, pad.config, [.tensor(x)], ["constant_values": 0.0], name: unique(name))
  }

  /// The kernel from its last row to its first, with inputs and outputs in each other's place.
  private mutating func turned(
    _ value: Value, rank: Int, _ graph: Graph, _ weights: [String: TensorData], _ found: [Int: TensorReference]
  ) throws(Failure) -> JSON {
    let spatial = 0..<rank - 2
    let axes = Array(spatial) + [rank - 1, rank - 2]
    if let kernel = found[value.node], value.output == 0 {
      let order = JSON.array(spatial.map { JSON($0) })
      let reversed = add("Flip", "numpy", ["axis": order], [.tensor(kernel)], name: "reversed")
      return .tensor(add("Transpose", "numpy", ["axes": JSON(axes)], [.tensor(reversed)], name: "turned"))
    }
    do {
      return try constant(known(value, graph, weights).reversed(spatial).transposed(axes))
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure(reason: "\(error)")
    }
  }
}
