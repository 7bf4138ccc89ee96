import KerasCore
import KerasExport
import KerasGraph

extension GraphEmitter {
  func reduce(_ reduction: Reduction, _ x: Tensor, axes: [Int], keepDimensions: Bool) -> Tensor {
    if axes.isEmpty { return x }
    let code: BuiltinOperator =
      switch reduction {
      case .sum: .sum
      case .mean: .mean
      case .maximum: .reduceMax
      case .minimum: .reduceMin
      case .product: .reduceProd
      case .any: .reduceAny
      case .all: .reduceAll
      }
    return builder.reduce(code, x, axes: axes, keepsDimensions: keepDimensions)
  }

  func argMax(_ x: Tensor, axis: Int) -> Tensor {
    var sizes = builder.shape(x).dimensions
    sizes.remove(at: axis)
    let numbers = builder.dtype(x) == .bool ? builder.cast(x, to: .int32) : x
    return builder.add(.argMax, [numbers, builder.int32(axis)], TensorType(.int32, Shape(sizes)), .argMax())
  }

  /// SOFTMAX and LOG_SOFTMAX work along the last axis.
  func normalized(_ code: BuiltinOperator, _ x: Tensor, axis: Int) -> Tensor {
    let shape = builder.shape(x)
    var order = Array(0..<shape.rank)
    order.swapAt(axis, shape.rank - 1)
    let moved = builder.transpose(x, order)
    let options: OperatorOptions? = code == .softmax ? .softmax() : nil
    guard shape.rank > 4 else { return builder.transpose(builder.unary(code, moved, options), order) }
    let lines = builder.reshape(moved, to: Shape([nil, shape[axis]]), [.rest, .fixed(shape[axis] ?? 1)])
    let result = builder.unary(code, lines, options)
    let axes = order.indices.map { AxisSize.of(moved, axis: $0) }
    return builder.transpose(builder.reshape(result, to: builder.shape(moved), axes), order)
  }

  // MARK: Products

  func matmul(_ node: Node, at index: Int, transposeA: Bool, transposeB: Bool) throws(ExportError) -> Tensor {
    let tail = tail(of: index)
    var a = try tensor(node.operands[0])
    let result = node.types[0]
    if let weights = constant(node.operands[1]), weights.shape.count == 2, builder.shape(a).rank >= 2 {
      if transposeA {
        var order = Array(0..<builder.shape(a).rank)
        order.swapAt(order.count - 1, order.count - 2)
        a = builder.transpose(a, order)
      }
      let units = transposeB ? weights.shape[0] : weights.shape[1]
      let layout: WeightLayout =
        transposeB ? .asIs : .arranged(permutation: [1, 0], shape: [units, weights.shape[0]])
      let kept = builder.shape(a).rank > 2
      let operands = [a, try weight(node.operands[1], layout), try bias(tail, count: units)]
      return builder.add(
        .fullyConnected, operands, result,
        .fullyConnected(tail?.activation ?? .none, keepsDimensions: kept), keepsDimensions: kept)
    }
    let b = try tensor(node.operands[1])
    guard max(builder.shape(a).rank, builder.shape(b).rank) <= 5 else {
      throw refusal(node, "a product over \(builder.shape(a).rank) axes", "TensorFlow Lite's has at most 5")
    }
    var product = builder.add(
      .batchMatmul, [a, b], result, .batchMatmul(transposeA: transposeA, transposeB: transposeB))
    if let bias = tail?.bias {
      product = builder.binary(.add, product, try tensor(bias), activation: tail?.activation ?? .none)
    } else if tail?.activation == .relu {
      product = builder.unary(.relu, product)
    } else if tail?.activation == .relu6 {
      product = builder.unary(.relu6, product)
    } else if tail?.activation == .reluN1To1 {
      product = builder.binary(.minimum, builder.binary(.maximum, product, -1), 1)
    }
    return product
  }

  /// One number per channel: what follows the operator, or zeros, which every release accepts.
  func bias(_ tail: Fusions.Tail?, count: Int) throws(ExportError) -> Tensor {
    guard let bias = tail?.bias, let data = constant(bias) else {
      return builder.floats([Float](repeating: 0, count: count), shape: [count])
    }
    return try weight(bias, .arranged(permutation: Array(data.shape.indices), shape: [count]))
  }
}
