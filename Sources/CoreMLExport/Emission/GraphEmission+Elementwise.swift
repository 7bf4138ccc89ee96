import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  // MARK: The order of axes

  /// An operand that is broadcast to a result of that rank and order of axes.
  private func broadcastable(_ value: Value, _ layout: Layout) throws -> Tensor {
    let own = rank(value)
    if own == layout.rank { return try tensor(value, layout) }
    if layout.isAsIs || shape(value).dimensions.allSatisfy({ $0 == 1 }) { return try tensor(value) }
    let lead = layout.rank - own
    if let data = constant(value) {
      let whole = try data.reshaped([Int](repeating: 1, count: lead) + data.shape)
      return try stored(whole, weightName(value), layout, isParameter: false)
    }
    let operand = try tensor(value)
    let ones = Shape([Int?](repeating: 1, count: lead) + operand.shape.dimensions)
    let whole = own == 0 ? block.reshape(operand, to: ones) : block.expand(operand, axes: Array(0..<lead))
    return block.transpose(whole, layout.axes)
  }

  /// Applies an operation to operands that are broadcast together.
  private func elementwise(_ operands: [Value], _ result: Value, _ body: ([Tensor]) throws -> Tensor) throws {
    let layout = tensors.commonLayout(operands.filter { constant($0) == nil }, rank: rank(result), in: graph)
    define(result, try body(try operands.map { try broadcastable($0, layout) }), layout)
  }

  // MARK: Operations of one operand

  func emitUnary(_ function: Unary, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    define(result, try unary(function, x), layout)
  }

  private func unary(_ function: Unary, _ x: Tensor) throws -> Tensor {
    if let name = Self.direct[function] { return block.unary(name, x) }
    func alpha(_ type: String, _ alpha: Float) -> Tensor {
      block.add(type, ["x": .tensor(x), "alpha": .float(alpha)], x.type)
    }
    switch function {
    case .negate: return block.binary("mul", x, -1)
    case .relu: return x.dtype == .float32 ? block.unary("relu", x) : block.binary("maximum", x, 0)
    case .logarithm: return logarithm(x)
    case .reciprocal: return block.binary("real_div", block.number(1, x.dtype), x)
    case .reciprocalSquareRoot: return block.binary("real_div", block.float(1), block.unary("sqrt", x))
    case .expm1:
      // tanh(x/2)·(eˣ + 1), which keeps the digits of small x that eˣ − 1 loses.
      let half = block.unary("tanh", block.binary("mul", x, 0.5))
      return block.binary("mul", half, block.binary("add", block.unary("exp", x), 1))
    case .log1p:
      // log(u)·x / (u − 1) with u = 1 + x; x itself where u rounds to 1, log(u) where it rounds to x.
      let u = block.binary("add", x, 1)
      let log = logarithm(u)
      let near = block.binary("real_div", block.binary("mul", log, x), block.binary("sub", u, 1))
      let finite = block.select(block.binary("equal", u, 1), x, near)
      return block.select(block.binary("equal", u, x), log, finite)
    case .elu(let slope): return alpha("elu", slope)
    case .leakyRelu(let slope): return alpha("leaky_relu", slope)
    case .clip(let minimum, let maximum): return clip(x, minimum, maximum)
    case .hardSigmoid(let scale, let offset):
      return block.add("sigmoid_hard", ["x": .tensor(x), "alpha": .float(scale), "beta": .float(offset)], x.type)
    case .gelu(let approximate):
      return block.add("gelu", ["x": .tensor(x), "mode": .text(approximate ? "TANH_APPROXIMATION" : "EXACT")], x.type)
    case .rounded(.float16): return block.cast(block.cast(x, to: .float16), to: .float32)
    case .rounded(.bfloat16): return bfloat16(x)
    case .rounded(.float8): return try float8(x)
    case .absolute, .sign, .exponential, .squareRoot, .square, .sine, .cosine, .tanh, .sigmoid, .erf, .floor, .ceiling,
      .roundHalfToEven, .softplus, .logicalNot, .silu:
      throw ExportError(.malformed("\(function) has no row in the table of MIL's operations"))
    }
  }

  /// Functions that MIL has by another name.
  private static let direct: [Unary: String] = [
    .absolute: "abs", .sign: "sign", .exponential: "exp", .squareRoot: "sqrt", .square: "square", .sine: "sin",
    .cosine: "cos", .tanh: "tanh", .sigmoid: "sigmoid", .erf: "erf", .floor: "floor", .ceiling: "ceil",
    .roundHalfToEven: "round", .softplus: "softplus", .logicalNot: "logical_not", .silu: "silu",
  ]

  /// MIL adds a small number to what it takes the logarithm of, unless it is told not to.
  func logarithm(_ x: Tensor) -> Tensor { block.add("log", ["x": .tensor(x), "epsilon": .float(0)], x.type) }

  private func clip(_ x: Tensor, _ minimum: Float, _ maximum: Float) -> Tensor {
    if x.dtype == .float32 {
      return block.add("clip", ["x": .tensor(x), "alpha": .float(minimum), "beta": .float(maximum)], x.type)
    }
    // Bounds beyond the integers bound nothing.
    var clipped = x
    if minimum > Float(Int32.min) { clipped = block.binary("maximum", clipped, Double(minimum).rounded(.up)) }
    if maximum < Float(Int32.max) { clipped = block.binary("minimum", clipped, Double(maximum).rounded(.down)) }
    return clipped
  }

  /// The nearest number of 8 significant bits by Veltkamp's splitting; what would overflow in it stays as it is.
  private func bfloat16(_ x: Tensor) -> Tensor {
    let spread = block.binary("mul", x, 65537)
    let rounded = block.binary("sub", spread, block.binary("sub", spread, x))
    let isSmall = block.binary("less", block.unary("abs", x), 0x1p110)
    return block.select(isSmall, rounded, x)
  }

  /// The nearest number of four significant bits, or multiple of 2⁻⁹: round(x / q)·q, with neighbours q apart.
  private func float8(_ x: Tensor) throws -> Tensor {
    guard x.rank < ProgramParts.rankLimit else {
      throw refused("rounding to 8-bit floats over \(x.rank) axes", "Core ML has no such type")
    }
    // q is 2⁻⁹ below 2⁻⁵, and twice as much from each further power on: a sum of steps up to the number.
    let exponents = -5...8
    let bounds = try parts.constant(
      try TensorData(
        shape: [exponents.count], floats: exponents.map { Float(sign: .plus, exponent: $0, significand: 1) }),
      "powers")
    let steps = try parts.constant(
      try TensorData(
        shape: [exponents.count], floats: exponents.map { Float(sign: .plus, exponent: $0 - 4, significand: 1) }),
      "steps")
    let size = block.unary("abs", x)
    let passed = block.binary("greater_equal", block.expand(size, axes: [x.rank]), bounds)
    let climbed = block.binary("mul", block.cast(passed, to: .float32), steps)
    let distance = block.binary("add", reduce("reduce_sum", climbed, [x.rank], false), 0x1p-9)
    let rounded = block.binary("mul", block.unary("round", block.binary("real_div", x, distance)), distance)
    // Beyond 448 and half a step there is no number.
    return block.select(block.binary("greater", size, 464), block.float(.nan), rounded)
  }

  func emitCast(_ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    guard x.dtype != .string, type(result).dtype != .string else {
      throw refused("a text made of a number or read as one", "Core ML's tensors hold no texts")
    }
    define(result, block.cast(x, to: type(result).dtype), layout)
  }

  // MARK: Operations of several operands

  func emitBinary(_ function: Binary, _ operands: [Value], _ result: Value) throws {
    try elementwise(operands, result) { try binary(function, $0[0], $0[1]) }
  }

  private func binary(_ function: Binary, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    switch function {
    case .add: return block.binary("add", a, b)
    case .subtract: return block.binary("sub", a, b)
    case .multiply: return block.binary("mul", a, b)
    case .divide:
      if a.dtype == .float32 { return block.binary("real_div", a, b) }
      let quotient = block.binary("real_div", block.cast(a, to: .float32), block.cast(b, to: .float32))
      return block.cast(quotient, to: a.dtype)
    case .maximum: return block.binary("maximum", a, b)
    case .minimum: return block.binary("minimum", a, b)
    case .power: return block.binary("pow", a, b)
    case .logicalAnd: return block.binary("logical_and", a, b)
    case .logicalOr: return block.binary("logical_or", a, b)
    case .modulo: return block.binary("mod", a, b)
    case .floorDivide: return block.binary("floor_div", a, b)
    case .divideNoNaN:
      // Where the divisor is 0 it is replaced by 1, so that no infinity arises.
      let isZero = block.binary("equal", b, 0)
      let divisor = block.select(isZero, block.number(1, b.dtype), b)
      return block.select(isZero, block.number(0, a.dtype), block.binary("real_div", a, divisor))
    }
  }

  func emitComparison(_ comparison: Comparison, _ operands: [Value], _ result: Value) throws {
    guard type(operands[0]).dtype != .string else {
      throw refused("a comparison of texts", "Core ML's tensors hold none")
    }
    let name =
      switch comparison {
      case .equal: "equal"
      case .notEqual: "not_equal"
      case .less: "less"
      case .lessOrEqual: "less_equal"
      case .greater: "greater"
      case .greaterOrEqual: "greater_equal"
      }
    // MIL compares numbers, which a bool is 0 or 1 of.
    try elementwise(operands, result) { x in
      let numbers = x.map { $0.dtype == .bool ? block.cast($0, to: .int32) : $0 }
      return block.binary(name, numbers[0], numbers[1])
    }
  }

  func emitSelect(_ operands: [Value], _ result: Value) throws {
    guard type(result).dtype != .string else { throw refused("a choice of texts", "Core ML's tensors hold none") }
    try elementwise(operands, result) { block.select($0[0], $0[1], $0[2]) }
  }
}
