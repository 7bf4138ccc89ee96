import KerasExport
import KerasGraph

extension GraphEmission {
  /// Emits one node of the graph; what TensorFlow cannot say throws `ExportError`.
  func emit(_ node: Node, _ index: Int) throws {
    let result = Value(node: index)
    let operands = node.operands
    switch node.op {
    // Made when something reads them.
    case .parameter, .constant: return
    case .input(let name): throw ExportError(.malformed("the input '\(name)' has no tensor"))
    case .stopGradient: define(result, try tensor(operands[0]))
    case .unary(let function): define(result, try unary(function, try tensor(operands[0])))
    case .binary(let function): define(result, binary(function, try tensor(operands[0]), try tensor(operands[1])))
    case .compare(let comparison): define(result, try compared(comparison, operands))
    case .select: try emitSelect(operands, result)
    case .cast: define(result, try converted(operands[0], to: valueType(result)))
    case .matmul(let transposeA, let transposeB): try emitMatmul(transposeA, transposeB, operands, result)
    case .convolution(let convolution): try emitConvolution(convolution, operands, result)
    case .convolutionInputGradient(let convolution, let spatial):
      try emitTransposedConvolution(convolution, spatial, operands, result)
    case .pool(let pooling): try emitPool(pooling, operands[0], result)
    case .reduce(let reduction, let axes, let keepDimensions):
      try emitReduction(reduction, axes, keepDimensions, operands[0], result)
    case .argMax(let axis): try emitArgMax(axis, operands[0], result)
    case .softmax(let axis): try emitSoftmax("Softmax", axis, operands[0], result)
    case .logSoftmax(let axis): try emitSoftmax("LogSoftmax", axis, operands[0], result)
    case .cumulativeSum(let axis, let reverse):
      let inputs = [try tensor(operands[0]), int(axis)]
      define(result, self.node("Cumsum", inputs, reverse ? ["reverse": .bool(true)] : [:]))
    case .reshape(let target): try emitReshape(target, operands, result)
    case .transpose(let permutation):
      define(result, self.node("Transpose", [try tensor(operands[0]), ints(permutation)]))
    case .broadcast(let target): try emitBroadcast(target, operands, result)
    case .concatenate(let axis):
      let inputs = try operands.map { try tensor($0) }
      define(result, inputs.count == 1 ? inputs[0] : concatenated(inputs, axis: axis))
    case .slice(let starts, let limits, let strides):
      define(result, sliced(try tensor(operands[0]), starts, limits, strides))
    case .pad(let before, let after, let value):
      define(result, padded(try tensor(operands[0]), before, after, Double(value)))
    case .reverse(let axes): define(result, self.node("ReverseV2", [try tensor(operands[0]), ints(axes)]))
    case .gatherRows: define(result, gathered(try tensor(operands[0]), try tensor(operands[1]), axis: 0))
    case .scatterAddRows: try emitScatter(operands, result)
    case .iota(let axis): try emitIota(axis, operands[0], result)
    case .dimension(let axis, let dtype):
      define(result, cast(try size(operands[0], axis: axis), to: ElementType(value: dtype)))
    case .random(let distribution, _): try emitRandom(distribution, operands[0], result)
    case .lookup(let lookup): try emitLookup(lookup, operands[0], result)
    case .cross(let cross): try emitCross(cross, operands, result)
    case .hash(let hash): define(result, bin(of: try tensor(operands[0]), hash))
    case .encodeText(let encoding): try emitTextEncoding(encoding, operands[0], result)
    case .recurrence(let recurrence): try emitRecurrence(recurrence, operands, index)
    case .custom(let function): throw refused("the function \(function.name)", "other programs do not have it")
    case .convolutionKernelGradient, .poolGradient, .softmaxGradient, .sliceGradient, .recurrenceGradient,
      .customGradient:
      throw refused(node.op.name, "the format holds inference only")
    }
  }

  func valueType(_ value: Value) -> ElementType { ElementType(value: type(value).dtype) }
}
