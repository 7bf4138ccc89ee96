import KerasCore

extension Graph {
  /// Adds the gradients of the sum of `loss` and gives one per value of `variables`, `nil` where it does not depend on it.
  ///
  /// Conventions at kinks are TensorFlow's: a maximum of two goes to the first where both are equal, a reduction's is split
  /// among ties, a pooling's goes to the first maximum of a window; relu and absolute have 0 at 0, clipping 1 at its bounds.
  /// Where one operand's dimension is unknown and the other's above 1, they are taken to be equal.
  /// Throws `GraphError` where an operation on the way has no gradient that can be expressed, or `loss` is no float.
  public mutating func gradients(of loss: Value, with variables: [Value]) throws(GraphError) -> [Value?] {
    guard type(loss).dtype.isFloatingPoint else {
      throw GraphError(.dtype(op: "gradient", expected: "a floating-point loss", found: type(loss).dtype))
    }
    let dependent = nodesDepending(on: variables, upTo: loss.node)
    let savedScope = scope
    defer { scope = savedScope }

    var cotangents: [Value: Value] = [loss: try filled(1, like: loss)]
    for index in stride(from: loss.node, through: 0, by: -1) where dependent[index] {
      let node = nodes[index]
      let ofResults = node.types.indices.map { cotangents[Value(node: index, output: $0)] }
      guard ofResults.contains(where: { $0 != nil }) else { continue }
      let wanted = node.operands.map { dependent[$0.node] && type($0).dtype.isFloatingPoint }
      guard wanted.contains(true) else { continue }
      scope = node.scope
      let ofOperands: [Value?]
      do {
        ofOperands = try operandGradients(index, ofResults, wanted)
      } catch {
        throw error.inScope(node.scope)
      }
      for (operand, gradient) in zip(node.operands, ofOperands) {
        guard let gradient, dependent[operand.node] else { continue }
        if let other = cotangents[operand] {
          cotangents[operand] = try apply(.binary(.add), other, gradient)
        } else {
          cotangents[operand] = gradient
        }
      }
    }
    return variables.map { cotangents[$0] }
  }

  /// Which nodes up to a last one are computed from any of the values.
  private func nodesDepending(on values: [Value], upTo last: Int) -> [Bool] {
    var dependent = [Bool](repeating: false, count: last + 1)
    for value in values where value.node <= last { dependent[value.node] = true }
    for index in dependent.indices where !dependent[index] {
      dependent[index] = nodes[index].operands.contains { dependent[$0.node] }
    }
    return dependent
  }

  /// The gradients of a node's operands from those of its results; `nil` where there is none or it was not wanted.
  private mutating func operandGradients(
    _ index: Int, _ ofResults: [Value?], _ wanted: [Bool]
  ) throws(GraphError) -> [Value?] {
    let node = nodes[index]
    let result = Value(node: index)
    if case .recurrence(let recurrence) = node.op {
      return try recurrenceGradients(recurrence, index, ofResults)
    }
    switch node.op {
    case .recurrenceGradient, .customGradient: throw GraphError(.notDifferentiable(op: node.op.name))
    default: break
    }
    guard let g = ofResults[0] else { return node.operands.map { _ in nil } }
    let operands = node.operands

    switch node.op {
    case .input, .parameter, .constant, .stopGradient: return operands.map { _ in nil }
    case .custom(let function):
      guard function.isDifferentiable else { throw GraphError(.notDifferentiable(op: node.op.name)) }
      return try add(.customGradient(function), operands + [result, g]).map { $0 }
    case .compare, .argMax, .iota, .dimension, .random, .lookup, .hash, .cross, .encodeText:
      return operands.map { _ in nil }
    case .unary(let function): return [try unaryGradient(function, operands[0], result, g)]
    case .binary(let function):
      return try binaryGradients(function, operands[0], operands[1], result, g, wanted)
    case .select: return try selectGradients(operands, g, wanted)
    case .cast: return [wanted[0] ? try apply(.cast(type(operands[0]).dtype), g) : nil]
    case .matmul(let transposeA, let transposeB):
      return try matmulGradients(operands[0], operands[1], transposeA, transposeB, g, wanted)
    case .convolution(let convolution):
      return [
        wanted[0]
          ? try apply(.convolutionInputGradient(convolution, outputSpatial: nil), g, operands[1], operands[0]) : nil,
        wanted[1] ? try kernelGradient(convolution, like: operands[1], operands[0], g) : nil,
      ]
    case .convolutionInputGradient(let convolution, _):
      let gradients: [Value?] = [
        wanted[0] ? try apply(.convolution(convolution), g, operands[1]) : nil,
        wanted[1] ? try kernelGradient(convolution, like: operands[1], g, operands[0]) : nil,
      ]
      return gradients + operands.dropFirst(2).map { _ in nil }
    case .convolutionKernelGradient(let convolution, _):
      return [
        wanted[0]
          ? try apply(.convolutionInputGradient(convolution, outputSpatial: nil), operands[1], g, operands[0]) : nil,
        wanted[1] ? try apply(.convolution(convolution), operands[0], g) : nil,
      ]
    case .pool(let pooling): return [try apply(.poolGradient(pooling), operands[0], result, g)]
    case .poolGradient(let pooling):
      // The average's adjoint is linear and its adjoint the pooling; the maximum's also depends on x.
      guard case .average = pooling.kind else { throw GraphError(.notDifferentiable(op: node.op.name)) }
      return [nil, nil, try apply(.pool(pooling), g)]
    case .reduce(let reduction, let axes, let keepDimensions):
      return [try reductionGradient(reduction, axes, keepDimensions, operands[0], result, g)]
    case .softmax(let axis): return [try apply(.softmaxGradient(axis: axis), result, g)]
    case .softmaxGradient(let axis):
      // z = y·(h − Σ h·y) is linear in h and its own adjoint there; g·(h − Σ h·y) − h·Σ g·y is the gradient in y.
      func along(_ a: Value, _ b: Value) throws(GraphError) -> Value {
        try apply(.reduce(.sum, axes: [axis], keepDimensions: true), try multiply(a, b))
      }
      let (y, h) = (operands[0], operands[1])
      var ofProbabilities: Value?
      if wanted[0] {
        let centred = try apply(.binary(.subtract), h, try along(h, y))
        ofProbabilities = try apply(
          .binary(.subtract), try multiply(g, centred), try multiply(h, try along(g, y)))
      }
      return [ofProbabilities, wanted[1] ? try apply(.softmaxGradient(axis: axis), y, g) : nil]
    case .logSoftmax(let axis):
      let total = try apply(.reduce(.sum, axes: [axis], keepDimensions: true), g)
      let probabilities = try apply(.unary(.exponential), result)
      return [try apply(.binary(.subtract), g, try multiply(probabilities, total))]
    case .cumulativeSum(let axis, let reverse): return [try apply(.cumulativeSum(axis: axis, reverse: !reverse), g)]
    case .reshape: return [try reshaped(g, like: operands[0])] + operands.dropFirst().map { _ in nil }
    case .broadcast: return [try summed(g, to: operands[0])] + operands.dropFirst().map { _ in nil }
    case .transpose(let permutation): return [try apply(.transpose(inversePermutation(permutation)), g)]
    case .concatenate(let axis): return try concatenationGradients(axis, operands, g, wanted)
    case .slice(let starts, let limits, let strides):
      return [try apply(.sliceGradient(starts: starts, limits: limits, strides: strides), g, operands[0])]
    case .sliceGradient(let starts, let limits, let strides):
      return [try apply(.slice(starts: starts, limits: limits, strides: strides), g), nil]
    case .pad(let before, let after, _):
      let ones = [Int](repeating: 1, count: before.count)
      return [try apply(.slice(starts: before, limits: after.map { $0 == 0 ? nil : -$0 }, strides: ones), g)]
    case .reverse(let axes): return [try apply(.reverse(axes: axes), g)]
    case .gatherRows: return [try apply(.scatterAddRows, g, operands[1], operands[0]), nil]
    case .scatterAddRows: return [try apply(.gatherRows, g, operands[1]), nil, nil]
    case .recurrence, .recurrenceGradient, .customGradient: throw GraphError(.notDifferentiable(op: node.op.name))
    }
  }

  private mutating func kernelGradient(
    _ convolution: Convolution, like kernel: Value, _ x: Value, _ g: Value
  ) throws(GraphError) -> Value {
    guard let spatial = Shape(Array(shape(kernel).dimensions.dropLast(2))).concrete else {
      throw GraphError(.notDifferentiable(op: "convolution with a kernel of unknown shape"))
    }
    return try apply(.convolutionKernelGradient(convolution, kernelSpatial: spatial), x, g)
  }

  private mutating func recurrenceGradients(
    _ recurrence: Recurrence, _ index: Int, _ ofResults: [Value?]
  ) throws(GraphError) -> [Value?] {
    let operands = nodes[index].operands
    let results = ofResults.indices.map { Value(node: index, output: $0) }
    var all = operands + results
    for (result, gradient) in zip(results, ofResults) {
      if let gradient { all.append(gradient) } else { all.append(try filled(0, like: result)) }
    }
    var gradients = try add(.recurrenceGradient(recurrence), all).map { Optional($0) }
    if recurrence.hasStateFactors { gradients.append(nil) }
    if recurrence.hasMask { gradients.append(nil) }
    return gradients
  }
}

/// The permutation that undoes another.
func inversePermutation(_ permutation: [Int]) -> [Int] {
  var inverse = permutation
  for (result, operand) in permutation.enumerated() { inverse[operand] = result }
  return inverse
}
