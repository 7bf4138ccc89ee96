import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  // MARK: The order of axes

  /// The order of axes that needs the least transposing of operands that are as large as the result.
  func commonLayout(_ operands: [Value], rank: Int) -> Layout {
    tensors.commonLayout(operands.filter { constant($0) == nil }, rank: rank, in: graph)
  }

  /// An operand that is broadcast to a result of that rank and order of axes.
  func broadcastable(_ value: Value, _ layout: Layout) throws -> String {
    let own = rank(value)
    if own == layout.rank { return try tensor(value, layout) }
    if layout.isAsIs || graph.shape(value).dimensions.allSatisfy({ $0 == 1 }) { return try tensor(value) }
    let lead = layout.rank - own
    if let data = constant(value) {
      let whole = try data.reshaped([Int](repeating: 1, count: lead) + data.shape)
      return try stored(whole, "\(scope)/constant", layout, isParameter: false)
    }
    let unsqueezed = node("Unsqueeze", [try tensor(value), ints(Array(0..<lead))])
    return node("Transpose", [unsqueezed], [.ints("perm", layout.axes)])
  }

  /// Applies an operation to operands that are broadcast together.
  private func elementwise(
    _ operands: [Value], _ result: Value, _ body: ([String]) throws -> String
  ) throws {
    let layout = commonLayout(operands, rank: rank(result))
    define(result, try body(try operands.map { try broadcastable($0, layout) }), layout)
  }

  // MARK: Operations of one operand

  func emitUnary(_ function: Unary, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    define(result, try unary(function, x, ElementType(value: type(operand).dtype)), layout)
  }

  private func unary(_ function: Unary, _ x: String, _ type: ElementType) throws -> String {
    if let name = Self.direct[function] { return node(name, [x]) }
    switch function {
    case .square: return node("Mul", [x, x])
    case .reciprocalSquareRoot: return node("Reciprocal", [node("Sqrt", [x])])
    case .relu:
      // Relu of whole numbers came with opset 14, and runtimes do not all have it.
      return type == .float ? node("Relu", [x]) : node("Max", [x, number(0, type)])
    case .expm1:
      // tanh(x/2)·(eˣ + 1), which keeps the digits of small x that eˣ − 1 loses.
      let half = node("Tanh", [node("Mul", [x, number(0.5)])])
      return node("Mul", [half, node("Add", [node("Exp", [x]), number(1)])])
    case .log1p:
      // log(u)·x / (u − 1) with u = 1 + x; x itself where u rounds to 1, log(u) where it rounds to x.
      let u = node("Add", [x, number(1)])
      let log = node("Log", [u])
      let near = node("Div", [node("Mul", [log, x]), node("Sub", [u, number(1)])])
      let finite = node("Where", [node("Equal", [u, number(1)]), x, near])
      return node("Where", [node("Equal", [u, x]), log, finite])
    case .elu(let alpha): return node("Elu", [x], [.float("alpha", alpha)])
    case .leakyRelu(let slope): return node("LeakyRelu", [x], [.float("alpha", slope)])
    case .clip(let minimum, let maximum):
      if type == .float { return node("Clip", [x, number(Double(minimum)), number(Double(maximum))]) }
      // Bounds beyond the integers bound nothing.
      var clipped = x
      if minimum > Float(Int32.min) { clipped = node("Max", [clipped, number(Double(minimum).rounded(.up), type)]) }
      if maximum < Float(Int32.max) { clipped = node("Min", [clipped, number(Double(maximum).rounded(.down), type)]) }
      return clipped
    case .hardSigmoid(let scale, let offset):
      return node("HardSigmoid", [x], [.float("alpha", scale), .float("beta", offset)])
    case .silu: return node("Mul", [x, node("Sigmoid", [x])])
    case .gelu(let approximate): return gelu(x, approximate)
    case .rounded(.float16): return cast(cast(x, to: .float16), to: .float)
    case .rounded(.bfloat16): return cast(cast(x, to: .bfloat16), to: .float)
    case .rounded(.float8):
      try require(.float8, for: "rounding to 8-bit floats")
      let narrow = node("Cast", [x], [.int("to", ElementType.float8.rawValue), .int("saturate", 0)])
      return cast(narrow, to: .float)
    case .negate, .absolute, .sign, .exponential, .logarithm, .squareRoot, .reciprocal, .sine, .cosine, .tanh, .sigmoid,
      .erf, .floor, .ceiling, .roundHalfToEven, .softplus, .logicalNot:
      throw ExportError(.malformed("\(function) has no row in the table of ONNX' operations"))
    }
  }

  /// Functions that ONNX has by another name.
  private static let direct: [Unary: String] = [
    .negate: "Neg", .absolute: "Abs", .sign: "Sign", .exponential: "Exp", .logarithm: "Log", .squareRoot: "Sqrt",
    .reciprocal: "Reciprocal", .sine: "Sin", .cosine: "Cos", .tanh: "Tanh", .sigmoid: "Sigmoid", .erf: "Erf",
    .floor: "Floor", .ceiling: "Ceil", .roundHalfToEven: "Round", .softplus: "Softplus", .logicalNot: "Not",
  ]

  private func gelu(_ x: String, _ approximate: Bool) -> String {
    if parts.opset.has(.gelu) {
      return node("Gelu", [x], [.string("approximate", approximate ? "tanh" : "none")])
    }
    let inner: String
    if approximate {
      // √(2/π)·(x + 0.044715·x³)
      let cube = node("Mul", [node("Mul", [x, x]), x])
      let sum = node("Add", [x, node("Mul", [cube, number(0.044715)])])
      inner = node("Tanh", [node("Mul", [sum, number((2 / Double.pi).squareRoot())])])
    } else {
      inner = node("Erf", [node("Mul", [x, number(0.5.squareRoot())])])
    }
    return node("Mul", [node("Mul", [x, number(0.5)]), node("Add", [inner, number(1)])])
  }

  func emitCast(_ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let (from, to) = (ElementType(value: type(operand).dtype), ElementType(value: type(result).dtype))
    define(result, from == to ? x : cast(x, to: to), layout)
  }

  // MARK: Operations of several operands

  func emitBinary(_ function: Binary, _ operands: [Value], _ result: Value) throws {
    let type = ElementType(value: type(result).dtype)
    try elementwise(operands, result) { try binary(function, $0, type) }
  }

  private func binary(_ function: Binary, _ x: [String], _ type: ElementType) throws -> String {
    switch function {
    case .add: return node("Add", x)
    case .subtract: return node("Sub", x)
    case .multiply: return node("Mul", x)
    case .divide: return node("Div", x)
    case .maximum: return node("Max", x)
    case .minimum: return node("Min", x)
    case .power: return node("Pow", x)
    case .logicalAnd: return node("And", x)
    case .logicalOr: return node("Or", x)
    case .divideNoNaN:
      // Where the divisor is 0 it is replaced by 1, so that no infinity arises.
      let isZero = node("Equal", [x[1], number(0, type)])
      let quotient = node("Div", [x[0], node("Where", [isZero, number(1, type), x[1]])])
      return node("Where", [isZero, number(0, type), quotient])
    case .modulo: return modulo(x, type)
    case .floorDivide:
      if type == .float { return node("Floor", [node("Div", x)]) }
      return node("Div", [node("Sub", [x[0], modulo(x, type)]), x[1]])
    }
  }

  /// Python's `%`: with the sign of the divisor, as ONNX has it for whole numbers only.
  private func modulo(_ x: [String], _ type: ElementType) -> String {
    if type != .float { return node("Mod", x) }
    let remainder = node("Mod", x, [.int("fmod", 1)])
    // Signs differ where the product is negative; where it is 0 there is nothing to add.
    let differs = node("Less", [node("Mul", [node("Sign", [remainder]), node("Sign", [x[1]])]), number(0)])
    return node("Where", [differs, node("Add", [remainder, x[1]]), remainder])
  }

  func emitComparison(_ comparison: Comparison, _ operands: [Value], _ result: Value) throws {
    let isText = type(operands[0]).dtype == .string
    if isText {
      guard comparison == .equal || comparison == .notEqual else {
        throw refused("an order of texts", "ONNX compares texts for equality only")
      }
      try require(.equalOfStrings, for: "a comparison of texts")
    }
    // Order is for numbers, which a bool is 0 or 1 of.
    let asNumbers = type(operands[0]).dtype == .bool && comparison != .equal && comparison != .notEqual
    try elementwise(operands, result) { tensors in
      let x = asNumbers ? tensors.map { cast($0, to: .int32) } : tensors
      return switch comparison {
      case .equal: node("Equal", x)
      case .notEqual: node("Not", [node("Equal", x)])
      case .less: node("Less", x)
      case .lessOrEqual: node("LessOrEqual", x)
      case .greater: node("Greater", x)
      case .greaterOrEqual: node("GreaterOrEqual", x)
      }
    }
  }

  func emitSelect(_ operands: [Value], _ result: Value) throws {
    let isBool = type(result).dtype == .bool
    try elementwise(operands, result) { x in
      if !isBool { return node("Where", x) }
      // Runtimes lack Where of bools: (c ∧ a) ∨ (¬c ∧ b).
      return node("Or", [node("And", [x[0], x[1]]), node("And", [node("Not", [x[0]]), x[2]])])
    }
  }
}
