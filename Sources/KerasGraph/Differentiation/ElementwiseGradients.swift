import KerasCore

extension Graph {
  /// The gradient of f(x) = y in x; `nil` where it is zero everywhere.
  mutating func unaryGradient(_ function: Unary, _ x: Value, _ y: Value, _ g: Value) throws(GraphError) -> Value? {
    switch function {
    case .sign, .floor, .ceiling, .roundHalfToEven, .logicalNot, .rounded: return nil
    case .negate: return try apply(.unary(.negate), g)
    case .absolute: return try multiply(g, try apply(.unary(.sign), x))
    case .exponential: return try multiply(g, y)
    case .expm1: return try multiply(g, try apply(.unary(.exponential), x))
    case .logarithm: return try apply(.binary(.divide), g, x)
    case .log1p: return try apply(.binary(.divide), g, try plus(x, 1))
    case .squareRoot: return try apply(.binary(.divide), try multiply(g, 0.5), y)
    case .reciprocalSquareRoot:
      let cube = try multiply(try apply(.unary(.square), y), y)
      return try multiply(try multiply(g, -0.5), cube)
    case .reciprocal: return try apply(.unary(.negate), try multiply(g, try apply(.unary(.square), y)))
    case .square: return try multiply(try multiply(g, 2), x)
    case .sine: return try multiply(g, try apply(.unary(.cosine), x))
    case .cosine: return try apply(.unary(.negate), try multiply(g, try apply(.unary(.sine), x)))
    case .tanh: return try multiply(g, try minus(1, try apply(.unary(.square), y)))
    case .sigmoid: return try multiply(g, try multiply(y, try minus(1, y)))
    case .erf:
      let bell = try apply(.unary(.exponential), try apply(.unary(.negate), try apply(.unary(.square), x)))
      return try multiply(g, try multiply(bell, 2 / Double.pi.squareRoot()))
    case .relu: return try keep(g, where: try compare(y, .greater, 0))
    case .softplus: return try multiply(g, try apply(.unary(.sigmoid), x))
    case .elu(let alpha):
      let below = try multiply(g, try plus(y, Double(alpha)))
      return try apply(.select, try compare(x, .greater, 0), g, below)
    case .leakyRelu(let slope):
      return try apply(.select, try compare(x, .greater, 0), g, try multiply(g, Double(slope)))
    case .clip(let minimum, let maximum):
      return try keep(g, where: try isWithin(x, Double(minimum), Double(maximum)))
    case .hardSigmoid(let scale, let offset):
      let line = try plus(try multiply(x, Double(scale)), Double(offset))
      return try keep(try multiply(g, Double(scale)), where: try isWithin(line, 0, 1))
    case .gelu(let approximate):
      return try multiply(g, approximate ? try approximateGeluDerivative(x) : try geluDerivative(x))
    case .silu:
      let gate = try apply(.unary(.sigmoid), x)
      let slope = try plus(try multiply(x, try minus(1, gate)), 1)
      return try multiply(g, try multiply(gate, slope))
    }
  }

  private mutating func isWithin(_ x: Value, _ minimum: Double, _ maximum: Double) throws(GraphError) -> Value {
    try apply(
      .binary(.logicalAnd), try compare(x, .greaterOrEqual, minimum), try compare(x, .lessOrEqual, maximum))
  }

  /// Φ(x) + x·φ(x).
  private mutating func geluDerivative(_ x: Value) throws(GraphError) -> Value {
    let error = try apply(.unary(.erf), try multiply(x, 0.5.squareRoot()))
    let cumulative = try multiply(try plus(error, 1), 0.5)
    let bell = try apply(.unary(.exponential), try multiply(try apply(.unary(.square), x), -0.5))
    let density = try multiply(try multiply(x, bell), 1 / (2 * Double.pi).squareRoot())
    return try apply(.binary(.add), cumulative, density)
  }

  /// Of 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
  private mutating func approximateGeluDerivative(_ x: Value) throws(GraphError) -> Value {
    let scale = (2 / Double.pi).squareRoot()
    let square = try apply(.unary(.square), x)
    let inner = try multiply(try multiply(x, try plus(try multiply(square, 0.044715), 1)), scale)
    let tanh = try apply(.unary(.tanh), inner)
    let innerSlope = try multiply(try plus(try multiply(square, 3 * 0.044715), 1), scale)
    let outerSlope = try minus(1, try apply(.unary(.square), tanh))
    let curved = try multiply(try multiply(try multiply(x, outerSlope), innerSlope), 0.5)
    return try apply(.binary(.add), try multiply(try plus(tanh, 1), 0.5), curved)
  }

  /// The gradients of f(a, b) = y, each in its operand's shape.
  mutating func binaryGradients(
    _ function: Binary, _ a: Value, _ b: Value, _ y: Value, _ g: Value, _ wanted: [Bool]
  ) throws(GraphError) -> [Value?] {
    var gradients: [Value?] = [nil, nil]
    if wanted[0], let ofA = try binaryGradientA(function, a, b, g) { gradients[0] = try summed(ofA, to: a) }
    if wanted[1], let ofB = try binaryGradientB(function, a, b, y, g) { gradients[1] = try summed(ofB, to: b) }
    return gradients
  }

  private mutating func binaryGradientA(
    _ function: Binary, _ a: Value, _ b: Value, _ g: Value
  ) throws(GraphError) -> Value? {
    switch function {
    case .add, .subtract, .modulo: return g
    case .multiply: return try multiply(g, b)
    case .divide: return try apply(.binary(.divide), g, b)
    case .divideNoNaN: return try apply(.binary(.divideNoNaN), g, b)
    case .maximum: return try keep(g, where: try apply(.compare(.greaterOrEqual), a, b))
    case .minimum: return try keep(g, where: try apply(.compare(.lessOrEqual), a, b))
    case .power:
      let slope = try multiply(b, try apply(.binary(.power), a, try plus(b, -1)))
      return try multiply(g, slope)
    case .floorDivide, .logicalAnd, .logicalOr: return nil
    }
  }

  private mutating func binaryGradientB(
    _ function: Binary, _ a: Value, _ b: Value, _ y: Value, _ g: Value
  ) throws(GraphError) -> Value? {
    switch function {
    case .add: return g
    case .subtract: return try apply(.unary(.negate), g)
    case .multiply: return try multiply(g, a)
    case .divide: return try apply(.unary(.negate), try apply(.binary(.divide), try multiply(g, y), b))
    case .divideNoNaN:
      return try apply(.unary(.negate), try apply(.binary(.divideNoNaN), try multiply(g, y), b))
    case .maximum: return try keep(g, where: try apply(.compare(.less), a, b))
    case .minimum: return try keep(g, where: try apply(.compare(.greater), a, b))
    case .power:
      // As TensorFlow: the logarithm of a base that has none counts as 0.
      let isPositive = try compare(a, .greater, 0)
      let base = try apply(.select, isPositive, a, try scalar(1, like: a))
      return try multiply(g, try multiply(y, try apply(.unary(.logarithm), base)))
    case .modulo: return try apply(.unary(.negate), try multiply(g, try apply(.binary(.floorDivide), a, b)))
    case .floorDivide, .logicalAnd, .logicalOr: return nil
    }
  }

  /// Operands: condition, a, b.
  mutating func selectGradients(_ operands: [Value], _ g: Value, _ wanted: [Bool]) throws(GraphError) -> [Value?] {
    let zero = try scalar(0, like: g)
    let ofA = wanted[1] ? try summed(try apply(.select, operands[0], g, zero), to: operands[1]) : nil
    let ofB = wanted[2] ? try summed(try apply(.select, operands[0], zero, g), to: operands[2]) : nil
    return [nil, ofA, ofB]
  }
}
