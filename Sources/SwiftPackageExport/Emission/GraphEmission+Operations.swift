import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// Writes the statement of one node.
  mutating func emit(_ node: Node, _ index: Int) throws(ExportError) {
    let operands = node.operands
    func dtype(_ position: Int) -> DType { type(operands[position]).dtype }
    switch node.op {
    case .input, .parameter, .constant: return
    case .stopGradient: try alias(index, operands[0])
    case .unary(.logicalNot): define(index, "\(try bools(operands[0])).inverted()")
    case .unary(let function):
      guard dtype(0).isFloatingPoint || Self.takesIntegers(function) else {
        throw refused("\(node.op.name) of whole numbers")
      }
      define(index, "\(try expression(operands[0])).mapped(\(Self.text(function)))")
    case .binary(.logicalAnd): define(index, "\(try bools(operands[0])).and(\(try bools(operands[1])))", throws: true)
    case .binary(.logicalOr): define(index, "\(try bools(operands[0])).or(\(try bools(operands[1])))", throws: true)
    case .binary(let function):
      guard dtype(0) != .bool else { throw refused("\(node.op.name) of truth values") }
      let (a, b) = (try expression(operands[0]), try expression(operands[1]))
      define(index, "\(a).combined(.\(function), \(b))", throws: true)
    case .compare(let comparison):
      let (a, b) = (try expression(operands[0]), try expression(operands[1]))
      define(index, "\(a).compared(.\(comparison), \(b))", throws: true)
    case .select:
      let (a, b) = (try expression(operands[1]), try expression(operands[2]))
      define(index, "\(try bools(operands[0])).select(\(a), \(b))", throws: true)
    case .cast(let target):
      guard target != .string, dtype(0) != .string else { throw refused("a cast of texts") }
      let method = target == .bool ? "bools" : target.isInteger ? "int32s" : "floats"
      define(index, "\(try expression(operands[0])).\(method)()")
    case .matmul(let transposeA, let transposeB):
      let flags = (transposeA ? ", transposeA: true" : "") + (transposeB ? ", transposeB: true" : "")
      let (a, b) = (try expression(operands[0]), try expression(operands[1]))
      define(index, "\(a).product(\(b)\(flags))", throws: true)
    case .convolution, .convolutionInputGradient, .pool: try emitWindows(node, index)
    case .reduce(let reduction, let axes, let keepsDimensions):
      try emitReduction(reduction, axes, keepsDimensions, operands[0], index)
    case .argMax(let axis):
      let x = dtype(0) == .bool ? "\(try expression(operands[0])).int32s()" : try expression(operands[0])
      define(index, "\(x).argMax(axis: \(axis))")
    case .softmax(let axis): define(index, "\(try expression(operands[0])).softmax(axis: \(axis))")
    case .logSoftmax(let axis): define(index, "\(try expression(operands[0])).logSoftmax(axis: \(axis))")
    case .cumulativeSum(let axis, let reverse):
      guard dtype(0) != .bool else { throw refused("a cumulative sum of truth values") }
      define(index, "\(try expression(operands[0])).cumulativeSum(axis: \(axis), reverse: \(reverse))")
    case .recurrence(let recurrence): try emitRecurrence(recurrence, operands, index)
    case .reshape, .transpose, .broadcast, .concatenate, .slice, .sliceGradient, .pad, .reverse, .gatherRows,
      .scatterAddRows, .iota, .dimension:
      try emitLayout(node, index)
    case .lookup: throw refused("a table of categories")
    case .hash, .cross: throw refused("a hash of categories")
    case .encodeText: throw refused("splitting texts into tokens")
    case .random: throw refused("a random draw in predictions")
    case .custom(let function), .customGradient(let function): throw refused("the function '\(function.name)'")
    case .convolutionKernelGradient, .poolGradient, .softmaxGradient, .recurrenceGradient:
      throw refused(node.op.name)
    }
  }

  private mutating func bools(_ value: Value) throws(ExportError) -> String {
    type(value).dtype == .bool ? try expression(value) : "\(try expression(value)).bools()"
  }

  private static func takesIntegers(_ function: Unary) -> Bool {
    switch function {
    case .negate, .absolute, .sign, .square, .relu, .clip: true
    // Whole numbers are what these would make of them.
    case .floor, .ceiling, .roundHalfToEven: true
    default: false
    }
  }

  /// A function as the package's code says it.
  static func text(_ function: Unary) -> String {
    func number(_ value: Float) -> String { SwiftNames.literal(value) }
    switch function {
    case .elu(let alpha): return ".elu(alpha: \(number(alpha)))"
    case .leakyRelu(let slope): return ".leakyRelu(slope: \(number(slope)))"
    case .clip(let minimum, let maximum):
      return ".clip(minimum: \(number(minimum)), maximum: \(number(maximum)))"
    case .hardSigmoid(let scale, let offset):
      return ".hardSigmoid(scale: \(number(scale)), offset: \(number(offset)))"
    case .gelu(let approximate): return ".gelu(approximate: \(approximate))"
    case .rounded(let format): return ".rounded(.\(format))"
    default: return ".\(function.name)"
    }
  }

  private mutating func emitReduction(
    _ reduction: Reduction, _ axes: [Int], _ keepsDimensions: Bool, _ operand: Value, _ index: Int
  ) throws(ExportError) {
    let arguments = "axes: \(axes), keepsDimensions: \(keepsDimensions)"
    switch reduction {
    case .any, .all: define(index, "\(try bools(operand)).\(reduction)(\(arguments))")
    default:
      guard type(operand).dtype != .bool else { throw refused("the \(reduction) of truth values") }
      define(index, "\(try expression(operand)).reduced(.\(reduction), \(arguments))")
    }
  }

  private mutating func emitRecurrence(
    _ recurrence: KerasGraph.Recurrence, _ operands: [Value], _ index: Int
  ) throws(ExportError) {
    var arguments = [
      "x: \(try expression(operands[0]))", "kernel: \(try expression(operands[1]))",
      "recurrentKernel: \(try expression(operands[2]))",
    ]
    if let bias = recurrence.biasIndex { arguments.append("bias: \(try expression(operands[bias]))") }
    if recurrence.hasInitialState {
      var states: [String] = []
      for position in recurrence.initialStateIndices { states.append(try expression(operands[position])) }
      arguments.append("states: [\(states.joined(separator: ", "))]")
    }
    if let factors = recurrence.stateFactorsIndex {
      arguments.append("stateFactors: \(try expression(operands[factors]))")
    }
    if let mask = recurrence.maskIndex { arguments.append("mask: \(try expression(operands[mask]))") }
    let cell =
      switch recurrence.cell {
      case .simple: ".simple"
      case .lstm: ".lstm"
      case .gru(let resetAfter): ".gru(resetAfter: \(resetAfter))"
      }
    let fields = [
      "cell: \(cell)", "units: \(recurrence.units)", "activation: \(Self.text(recurrence.activation))",
      "recurrentActivation: \(Self.text(recurrence.recurrentActivation))",
      "goesBackwards: \(recurrence.goBackwards)", "zeroesMasked: \(recurrence.zeroOutputForMask)",
    ]
    defineAll(
      index,
      """
      Recurrence(
        \(fields.joined(separator: ", "))
      )(
        Recurrence.Operands(
          \(arguments.joined(separator: ",\n    "))))
      """)
  }

  private static func text(_ activation: CellActivation) -> String {
    switch activation {
    case .linear: ".linear"
    case .softmax: ".softmax"
    case .unary(let function): ".function(\(text(function)))"
    }
  }
}
