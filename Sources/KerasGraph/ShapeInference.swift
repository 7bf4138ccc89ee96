import KerasCore

/// The types of an operation's results, given its operands' types; dimensions that cannot be known yet are `nil`.
///
/// Throws `GraphError` if the operands do not fit the operation, as far as their known dimensions tell.
public func inferTypes(_ op: Op, _ operands: [TensorType]) throws(GraphError) -> [TensorType] {
  let check = OperandCheck(op: op.name, operands: operands)
  switch op {
  case .input, .parameter, .constant:
    throw GraphError(.unsupported(op: op.name, reason: "its type is given, not inferred"))
  case .unary(let function): return [try check.unary(function)]
  case .binary(let function): return [try check.binary(function)]
  case .compare: return [try check.compare()]
  case .select: return [try check.select()]
  case .cast(let dtype): return [try check.cast(dtype)]
  case .custom(let function): return [try check.custom(function)]
  case .customGradient: return Array(operands.dropLast(2))
  case .stopGradient: return [try check.only()]
  case .matmul(let transposeA, let transposeB): return [try check.matmul(transposeA, transposeB)]
  case .convolution(let convolution): return [try check.convolution(convolution)]
  case .convolutionInputGradient(let convolution, let spatial):
    return [try check.convolutionInputGradient(convolution, outputSpatial: spatial)]
  case .convolutionKernelGradient(let convolution, let spatial):
    return [try check.convolutionKernelGradient(convolution, kernelSpatial: spatial)]
  case .pool(let pooling): return [try check.pool(pooling)]
  case .poolGradient(let pooling): return [try check.poolGradient(pooling)]
  case .reduce(let reduction, let axes, let keepDimensions):
    return [try check.reduce(reduction, axes: axes, keepDimensions: keepDimensions)]
  case .argMax(let axis): return [try check.argMax(axis)]
  case .softmax(let axis), .logSoftmax(let axis): return [try check.normalizing(axis: axis)]
  case .softmaxGradient(let axis): return [try check.softmaxGradient(axis: axis)]
  case .cumulativeSum(let axis, _): return [try check.cumulativeSum(axis)]
  case .reshape(let target): return [try check.reshape(target)]
  case .broadcast(let target): return [try check.broadcast(target)]
  case .transpose(let permutation): return [try check.transpose(permutation)]
  case .concatenate(let axis): return [try check.concatenate(axis)]
  case .slice(let starts, let limits, let strides): return [try check.slice(starts, limits, strides)]
  case .sliceGradient(let starts, let limits, let strides): return [try check.sliceGradient(starts, limits, strides)]
  case .pad(let before, let after, _): return [try check.pad(before, after)]
  case .reverse(let axes): return [try check.reverse(axes)]
  case .gatherRows: return [try check.gatherRows()]
  case .scatterAddRows: return [try check.scatterAddRows()]
  case .iota(let axis):
    try check.axis(axis, of: try check.only())
    return [TensorType(.int32, operands[0].shape)]
  case .dimension(let axis, let dtype):
    try check.axis(axis, of: try check.only())
    return [TensorType(dtype, .scalar)]
  case .random: return [TensorType(.float32, try check.only().shape)]
  case .lookup, .hash: return [try check.categories()]
  case .cross(let cross): return [try check.cross(cross)]
  case .encodeText(let text): return [try check.texts(size: text.size)]
  case .recurrence(let recurrence): return try check.recurrence(recurrence)
  case .recurrenceGradient(let recurrence): return try check.recurrenceGradient(recurrence)
  }
}

/// The operands of one operation and the complaints one can make about them.
struct OperandCheck {
  let op: String
  let operands: [TensorType]

  func custom(_ function: CustomFunction) throws(GraphError) -> TensorType {
    for operand in operands { try floating(operand) }
    do {
      return TensorType(.float32, try function.shape(operands.map(\.shape)))
    } catch {
      throw unsupported("\(error)")
    }
  }

  func count(_ expected: Int) throws(GraphError) {
    guard operands.count == expected else { throw countError("\(expected)") }
  }

  func countError(_ expected: String) -> GraphError {
    GraphError(.operandCount(op: op, expected: expected, found: operands.count))
  }

  func only() throws(GraphError) -> TensorType {
    try count(1)
    return operands[0]
  }

  func floating(_ type: TensorType) throws(GraphError) {
    guard type.dtype.isFloatingPoint else {
      throw GraphError(.dtype(op: op, expected: "a floating-point operand", found: type.dtype))
    }
  }

  func numeric(_ type: TensorType) throws(GraphError) {
    guard type.dtype.isFloatingPoint || type.dtype.isInteger else {
      throw GraphError(.dtype(op: op, expected: "a numeric operand", found: type.dtype))
    }
  }

  func boolean(_ type: TensorType) throws(GraphError) {
    guard type.dtype == .bool else { throw GraphError(.dtype(op: op, expected: "a bool operand", found: type.dtype)) }
  }

  func sameType(_ a: TensorType, _ b: TensorType) throws(GraphError) {
    guard a.dtype == b.dtype else {
      throw GraphError(.dtype(op: op, expected: "operands of one type (\(a.dtype.rawValue))", found: b.dtype))
    }
  }

  func axis(_ axis: Int, of type: TensorType) throws(GraphError) {
    guard axis >= 0, axis < type.shape.rank else {
      throw GraphError(.rank(op: op, expected: "an operand that has an axis \(axis)", found: type.shape))
    }
  }

  func mismatch(_ reason: String, _ shapes: Shape...) -> GraphError {
    GraphError(.shapes(op: op, reason: reason, shapes))
  }

  func unsupported(_ reason: String) -> GraphError { GraphError(.unsupported(op: op, reason: reason)) }

  /// The dimension both stand for: the known one of the two.
  func merged(_ a: Int?, _ b: Int?, _ reason: String, _ shapes: Shape...) throws(GraphError) -> Int? {
    if let a, let b, a != b { throw GraphError(.shapes(op: op, reason: reason, shapes)) }
    return a ?? b
  }

  /// Dimension by dimension, the known ones of two shapes that must be equal.
  func merged(_ a: Shape, _ b: Shape, _ reason: String) throws(GraphError) -> Shape {
    guard a.rank == b.rank else { throw mismatch(reason, a, b) }
    var result = a
    for axis in 0..<a.rank { result[axis] = try merged(a[axis], b[axis], reason, a, b) }
    return result
  }

  func sum(_ terms: Int?...) throws(GraphError) -> Int? {
    var total = 0
    for term in terms {
      guard let term else { return nil }
      let (value, overflow) = total.addingReportingOverflow(term)
      if overflow { throw unsupported("a dimension is too large") }
      total = value
    }
    return total
  }

  func product(_ factors: Int?...) throws(GraphError) -> Int? {
    guard let known = Shape(factors).concrete else { return nil }
    guard let value = checkedProduct(known) else { throw unsupported("a dimension is too large") }
    return value
  }
}
