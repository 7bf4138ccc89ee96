import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitReduction(
    _ reduction: Reduction, _ axes: [Int], _ keepDimensions: Bool, _ operand: Value, _ result: Value
  ) throws {
    let x = try tensor(operand)
    guard !axes.isEmpty else { return define(result, x) }
    let name =
      switch reduction {
      case .sum: "Sum"
      case .mean: "Mean"
      case .maximum: "Max"
      case .minimum: "Min"
      case .product: "Prod"
      case .any: "Any"
      case .all: "All"
      }
    define(result, node(name, [x, ints(axes)], keepDimensions ? ["keep_dims": .bool(true)] : [:]))
  }

  func emitArgMax(_ axis: Int, _ operand: Value, _ result: Value) throws {
    var x = try tensor(operand)
    if x.type == .bool { x = cast(x, to: .int32) }
    define(result, node("ArgMax", [x, int(axis)], ["output_type": .type(.int32)], as: .int32))
  }

  /// TensorFlow's is along the last axis.
  func emitSoftmax(_ name: String, _ axis: Int, _ operand: Value, _ result: Value) throws {
    let x = try tensor(operand)
    let last = rank(operand) - 1
    guard axis != last else { return define(result, node(name, [x])) }
    var swap = Array(0...last)
    swap.swapAt(axis, last)
    let turned = node("Transpose", [x, ints(swap)])
    define(result, node("Transpose", [node(name, [turned]), ints(swap)]))
  }

  func emitMatmul(_ transposeA: Bool, _ transposeB: Bool, _ operands: [Value], _ result: Value) throws {
    let (a, b) = (try tensor(operands[0]), try tensor(operands[1]))
    if rank(operands[0]) == 2, rank(operands[1]) == 2 {
      let attributes: [String: SMAttribute] = ["transpose_a": .bool(transposeA), "transpose_b": .bool(transposeB)]
      define(result, node("MatMul", [a, b], attributes))
    } else {
      define(result, node("BatchMatMulV2", [a, b], ["adj_x": .bool(transposeA), "adj_y": .bool(transposeB)]))
    }
  }
}
