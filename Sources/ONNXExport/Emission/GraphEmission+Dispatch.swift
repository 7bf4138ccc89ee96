import KerasExport
import KerasGraph

extension GraphEmission {
  /// Emits one node of the graph; what ONNX cannot say throws `ExportError`.
  func emit(_ node: Node, _ index: Int) throws {
    let result = Value(node: index)
    let operands = node.operands
    switch node.op {
    // Made when something reads them.
    case .parameter, .constant: return
    case .input(let name): throw ExportError(.malformed("the input '\(name)' has no tensor"))
    case .stopGradient: try emitAlias(of: operands[0], result)
    case .unary(let function): try emitUnary(function, operands[0], result)
    case .binary(let function): try emitBinary(function, operands, result)
    case .compare(let comparison): try emitComparison(comparison, operands, result)
    case .select: try emitSelect(operands, result)
    case .cast: try emitCast(operands[0], result)
    case .matmul(let transposeA, let transposeB): try emitMatmul(transposeA, transposeB, operands, result)
    case .convolution(let convolution): try emitConvolution(convolution, operands, result)
    case .convolutionInputGradient(let convolution, _):
      try emitTransposedConvolution(convolution, operands, result)
    case .pool(let pooling): try emitPool(pooling, operands[0], result)
    case .reduce(let reduction, let axes, let keepDimensions):
      try emitReduction(reduction, axes, keepDimensions, operands[0], result)
    case .argMax(let axis): try emitArgMax(axis, operands[0], result)
    case .softmax(let axis): try emitAlongAxis("Softmax", axis, operands[0], result)
    case .logSoftmax(let axis): try emitAlongAxis("LogSoftmax", axis, operands[0], result)
    case .cumulativeSum(let axis, let reverse): try emitCumulativeSum(axis, reverse, operands[0], result)
    case .reshape(let target):
      if try !emitRepetition(index) { try emitReshape(target, operands, result) }
    case .transpose(let permutation): try emitTranspose(permutation, operands[0], result)
    case .broadcast(let target): try emitBroadcast(target, operands, result)
    case .concatenate(let axis): try emitConcatenation(axis, operands, result)
    case .slice(let starts, let limits, let strides): try emitSlice(starts, limits, strides, operands[0], result)
    case .pad(let before, let after, let value): try emitPad(before, after, value, operands[0], result)
    case .reverse(let axes): try emitReverse(axes, operands[0], result)
    case .gatherRows: try emitGather(operands, result)
    case .iota(let axis): try emitIota(axis, operands[0], result)
    case .dimension(let axis, let dtype): try emitDimension(axis, dtype, operands[0], result)
    case .random(let distribution, _): try emitRandom(distribution, operands[0], result)
    case .lookup(let lookup): try emitLookup(lookup, operands[0], result)
    case .cross(let cross): try emitCross(cross, operands, result)
    case .hash:
      throw refused("a hash of categories", "ONNX has no such hash (TensorFlow's FarmHash or SipHash)")
    case .encodeText:
      throw refused("splitting texts into tokens", "ONNX' text operations do not standardise and split as Keras does")
    case .recurrence(let recurrence): try emitRecurrence(recurrence, operands, index)
    case .custom(let function):
      throw refused("the function \(function.name)", "other programs do not have it")
    case .scatterAddRows: try emitScatter(operands, result)
    case .convolutionKernelGradient, .poolGradient, .softmaxGradient, .sliceGradient, .recurrenceGradient,
      .customGradient:
      throw refused(node.op.name, "the format holds inference only")
    }
  }

  func refused(_ what: String, _ reason: String) -> ExportError {
    ExportError(.notExpressible(what: what, reason: reason), layer: scope)
  }

  /// Throws if the opset does not have a form of an operation that there is no other for.
  func require(_ form: Opset.Form, for what: String) throws {
    guard parts.opset.has(form) else {
      throw refused(
        what, "opset \(parts.opset.version) has no operation for it; \(parts.opset.firstVersion(of: form)) has")
    }
  }

  /// The result is the operand, in whatever order of axes there is.
  func emitAlias(of operand: Value, _ result: Value) throws {
    let (tensor, layout) = try anyTensor(operand)
    define(result, tensor, layout)
  }
}
