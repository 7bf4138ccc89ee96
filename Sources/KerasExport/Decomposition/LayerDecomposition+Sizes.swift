import KerasCore
import KerasGraph

/// Operations of which `keras.ops` knows no form for sizes that are open.
extension LayerDecomposition {
  /// 0, 1, 2 … along an axis: ones added up, less one.
  mutating func addPlaces(
    _ axis: Int, _ index: Int, _ graph: Graph, _ weights: [String: TensorData], _ found: [Int: TensorReference],
    _ call: Int
  ) throws(Failure) -> TensorReference {
    guard let x = found[graph.nodes[index].operands[0].node] else {
      throw Failure(reason: "keras.ops computes nothing from constants alone, as its iota does")
    }
    let ones = add("OnesLike", "numpy", ["dtype": "int32"], [.tensor(x)], name: "ones")
    let sums = add("Cumsum", "numpy", ["axis": JSON(axis)], [.tensor(ones)], name: "counted")
    return add(
      "Subtract", "keras.src.ops.numpy", [:], [.tensor(sums), 1], [:], name: resultName(index, graph, "places", call))
  }

  /// Zeros of the shape to reach are taken off: `keras.ops` broadcasts to no shape with an open size, and its `add` may
  /// take them for a bias (`Keras3Operation`).
  mutating func addBroadcast(
    _ target: [TargetDimension], _ index: Int, _ graph: Graph, _ weights: [String: TensorData],
    _ found: [Int: TensorReference], _ call: Int
  ) throws(Failure) -> TensorReference {
    let node = graph.nodes[index]
    let (shape, dtype) = (node.types[0].shape, node.types[0].dtype)
    let own = graph.shape(node.operands[0])
    let operation = dtype == .bool ? "LogicalOr" : "Subtract"
    func zeros(_ shape: [Int]) throws(Failure) -> JSON {
      do {
        let count = checkedProduct(shape) ?? 0
        return try constant(TensorData(shape: shape, int32s: Array(repeating: 0, count: count)).converted(to: dtype))
      } catch let error as Failure {
        throw error
      } catch {
        throw Failure(reason: "\(error)")
      }
    }
    var json = try argument(node.operands[0], graph, weights, found)
    // Open sizes that are another operand's: that operand's own first entries along the axis, as zeros.
    for (axis, dimension) in target.enumerated() where shape[axis] == nil {
      guard case .ofOperand(let number, let axisOfOperand) = dimension, number > 0 else { continue }
      guard node.operands.indices.contains(number) else { throw Failure(reason: "a broadcast names no operand") }
      let rank = graph.shape(node.operands[number]).rank
      var value = try argument(node.operands[number], graph, weights, found)
      let slices = (0..<rank).map { place -> JSON in
        [
          "class_name": "__slice__",
          "config": ["start": 0, "stop": place == axisOfOperand ? .null : 1, "step": 1],
        ]
      }
      value = .tensor(add("GetItem", "numpy", [:], [value, .array(slices)], name: "size"))
      value = .tensor(
        add("ZerosLike", "numpy", ["dtype": .string(dtype.rawValue)], [value], name: "size_zeros"))
      let sizes = (0..<shape.rank).map { $0 == axis ? JSON(-1) : 1 }
      value = .tensor(add("Reshape", "numpy", ["newshape": .array(sizes)], [value], name: "size_reshaped"))
      json = .tensor(add(operation, "numpy", [:], [json, value], name: "broadcast"))
    }
    // Then all that is known.
    let padded = Array(repeating: Int?.some(1), count: shape.rank - own.rank) + own.dimensions
    let known = shape.dimensions.enumerated().map { axis, size in
      size.map { $0 == padded[axis] ? 1 : $0 } ?? 1
    }
    return add(
      operation, "keras.src.ops.numpy", [:], [json, try zeros(known)], [:],
      name: resultName(index, graph, "broadcast", call))
  }
}
