import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitReduction(
    _ reduction: Reduction, _ axes: [Int], _ keepDimensions: Bool, _ operand: Value, _ result: Value
  ) throws {
    guard !axes.isEmpty else { return try emitAlias(of: operand, result) }
    let (x, layout) = try anyTensor(operand)
    let positions = axes.map { layout.position(of: $0) }.sorted()
    func reduced(_ type: String, _ x: Tensor) -> Tensor { reduce(type, x, positions, keepDimensions) }
    // MIL reduces numbers, which a bool is 0 or 1 of.
    let reduced =
      switch reduction {
      case .sum: reduced("reduce_sum", x)
      case .mean: reduced("reduce_mean", x)
      case .maximum: reduced("reduce_max", x)
      case .minimum: reduced("reduce_min", x)
      case .product: reduced("reduce_prod", x)
      case .any: block.cast(reduced("reduce_max", block.cast(x, to: .int32)), to: .bool)
      case .all: block.cast(reduced("reduce_min", block.cast(x, to: .int32)), to: .bool)
      }
    define(result, reduced, keepDimensions ? layout : layout.dropping(axes))
  }

  func reduce(_ type: String, _ x: Tensor, _ axes: [Int], _ keepDimensions: Bool) -> Tensor {
    var sizes: [Int?] = []
    for (axis, size) in x.shape.dimensions.enumerated() {
      if !axes.contains(axis) { sizes.append(size) } else if keepDimensions { sizes.append(1) }
    }
    return block.add(
      type, ["x": .tensor(x), "axes": .ints(axes), "keep_dims": .bool(keepDimensions)],
      TensorType(x.dtype, Shape(sizes)))
  }

  func emitArgMax(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let numbers = x.dtype == .bool ? block.cast(x, to: .int32) : x
    let left = layout.dropping([axis])
    let index = block.add(
      "reduce_argmax", ["x": .tensor(numbers), "axis": .int(layout.position(of: axis)), "keep_dims": .bool(false)],
      type(result, left))
    define(result, index, left)
  }

  func emitSoftmax(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    define(
      result, block.add("softmax", ["x": .tensor(x), "axis": .int(layout.position(of: axis))], x.type), layout)
  }

  func emitLogSoftmax(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let position = [layout.position(of: axis)]
    let shifted = block.binary("sub", x, reduce("reduce_max", x, position, true))
    let sum = reduce("reduce_sum", block.unary("exp", shifted), position, true)
    define(result, block.binary("sub", shifted, logarithm(sum)), layout)
  }

  func emitCumulativeSum(_ axis: Int, _ reverse: Bool, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let sum = block.add(
      "cumsum",
      [
        "x": .tensor(x), "axis": .int(layout.position(of: axis)), "exclusive": .bool(false), "reverse": .bool(reverse),
      ], x.type)
    define(result, sum, layout)
  }

  func emitMatmul(_ transposeA: Bool, _ transposeB: Bool, _ operands: [Value], _ result: Value) throws {
    let a = operands[0]
    let b = operands[1]
    if !transposeA, rank(a) <= 3, rank(b) == 2, constant(a) == nil, constant(b) != nil,
      type(result).dtype == .float32
    {
      let weight = try tensor(b, Layout(transposeB ? [0, 1] : [1, 0]))
      let bias = try followingBias(result)
      let x = try tensor(a)
      let sum = bias?.sum ?? result
      if let bias {
        define(
          sum,
          block.add("linear", ["x": .tensor(x), "weight": .tensor(weight), "bias": .tensor(bias.vector)], type(sum)))
      } else {
        define(sum, block.add("linear", ["x": .tensor(x), "weight": .tensor(weight)], type(sum)))
      }
      return
    }
    define(
      result,
      block.add(
        "matmul",
        [
          "x": .tensor(try tensor(a)), "y": .tensor(try tensor(b)), "transpose_x": .bool(transposeA),
          "transpose_y": .bool(transposeB),
        ], type(result)))
  }

  /// The addition of a constant vector along the last axis, if it is all that reads the value: its result, which counts
  /// as emitted, and the vector.
  func followingBias(_ value: Value) throws -> (sum: Value, vector: Tensor)? {
    guard let bias = graph.followingBias(value, rank: rank(value), readers: readers, constant: constant) else {
      return nil
    }
    finished.insert(bias.node)
    return (
      Value(node: bias.node), try stored(bias.vector, weightName(bias.operand), .asIs(1), isParameter: isStored(bias))
    )
  }

  private func isStored(_ bias: FollowingBias) -> Bool {
    if case .parameter = graph.nodes[bias.operand.node].op { rank(bias.operand) == 1 } else { false }
  }
}
