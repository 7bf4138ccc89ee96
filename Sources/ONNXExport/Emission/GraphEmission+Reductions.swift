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
    func reduced(_ type: String, _ x: String) -> String {
      let keeps = Attribute.int("keepdims", keepDimensions ? 1 : 0)
      if parts.opset.has(.reductionAxesAsOperand(type)) { return node(type, [x, ints(positions)], [keeps]) }
      return node(type, [x], [.ints("axes", positions), keeps])
    }
    let name: String
    switch reduction {
    case .sum: name = reduced("ReduceSum", x)
    case .mean: name = reduced("ReduceMean", x)
    case .maximum: name = reduced("ReduceMax", x)
    case .minimum: name = reduced("ReduceMin", x)
    case .product: name = reduced("ReduceProd", x)
    // Reductions of bools came with opset 20.
    case .any: name = cast(reduced("ReduceMax", cast(x, to: .int32)), to: .bool)
    case .all: name = cast(reduced("ReduceMin", cast(x, to: .int32)), to: .bool)
    }
    define(result, name, keepDimensions ? layout : layout.dropping(axes))
  }

  func emitArgMax(_ axis: Int, _ operand: Value, _ result: Value) throws {
    var (x, layout) = try anyTensor(operand)
    if type(operand).dtype == .bool { x = cast(x, to: .int32) }
    let index = node("ArgMax", [x], [.int("axis", layout.position(of: axis)), .int("keepdims", 0)])
    layout = layout.dropping([axis])
    define(result, cast(index, to: .int32), layout)
  }

  /// An operation along one axis that keeps the shape.
  func emitAlongAxis(_ type: String, _ axis: Int, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    define(result, node(type, [x], [.int("axis", layout.position(of: axis))]), layout)
  }

  func emitCumulativeSum(_ axis: Int, _ reverse: Bool, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let position = int(layout.position(of: axis))
    define(result, node("CumSum", [x, position], reverse ? [.int("reverse", 1)] : []), layout)
  }

  func emitMatmul(_ transposeA: Bool, _ transposeB: Bool, _ operands: [Value], _ result: Value) throws {
    func factor(_ value: Value, _ isTransposed: Bool) throws -> String {
      var axes = Array(0..<rank(value))
      if isTransposed { axes.swapAt(axes.count - 1, axes.count - 2) }
      return try tensor(value, Layout(axes))
    }
    let (a, b) = (try factor(operands[0], transposeA), try factor(operands[1], transposeB))
    let isFloat = type(result).dtype.isFloatingPoint
    if rank(result) == 2, isFloat, constant(operands[1]) != nil, let bias = followingBias(result, width: 2) {
      define(bias.sum, node("Gemm", [a, b, bias.vector]))
    } else {
      define(result, node("MatMul", [a, b]))
    }
  }

  /// The addition of a constant vector along the last axis, if it is all that reads the value: its result, which counts
  /// as emitted, and the vector.
  func followingBias(_ value: Value, width rank: Int) -> (sum: Value, vector: String)? {
    guard let bias = graph.followingBias(value, rank: rank, readers: users, constant: constant) else { return nil }
    let own = scope
    scope = graph.nodes[bias.node].scope
    defer { scope = own }
    let name: String?
    if graph.shape(bias.operand).rank == 1 {
      name = try? weight(bias.operand, .asIs(1))
    } else {
      name = try? stored(bias.vector, "\(scope)/bias", .asIs(1), isParameter: false)
    }
    guard let name else { return nil }
    finished.insert(bias.node)
    return (Value(node: bias.node), name)
  }
}
