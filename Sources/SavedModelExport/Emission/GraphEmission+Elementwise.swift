import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// Functions that TensorFlow has by another name.
  private static let direct: [Unary: String] = [
    .negate: "Neg", .absolute: "Abs", .sign: "Sign", .exponential: "Exp", .expm1: "Expm1", .logarithm: "Log",
    .log1p: "Log1p", .squareRoot: "Sqrt", .reciprocalSquareRoot: "Rsqrt", .reciprocal: "Reciprocal", .square: "Square",
    .sine: "Sin", .cosine: "Cos", .tanh: "Tanh", .sigmoid: "Sigmoid", .erf: "Erf", .floor: "Floor", .ceiling: "Ceil",
    .roundHalfToEven: "Rint", .relu: "Relu", .softplus: "Softplus", .logicalNot: "LogicalNot",
  ]

  func unary(_ function: Unary, _ x: Tensor) throws -> Tensor {
    if x.type == .int32, [.floor, .ceiling, .roundHalfToEven].contains(function) { return x }
    if let name = Self.direct[function] { return node(name, [x]) }
    switch function {
    case .elu(let alpha):
      let elu = node("Elu", [x])
      if alpha == 1 { return elu }
      let isPositive = node("Greater", [x, number(0)])
      return selected(isPositive, x, node("Mul", [elu, number(Double(alpha))]))
    case .leakyRelu(let slope): return node("LeakyRelu", [x], ["alpha": .float(slope)])
    case .clip(let minimum, let maximum): return clipped(x, minimum, maximum)
    case .hardSigmoid(let scale, let offset):
      let line = node("AddV2", [node("Mul", [x, number(Double(scale))]), number(Double(offset))])
      return clipped(line, 0, 1)
    case .silu: return node("Mul", [x, node("Sigmoid", [x])])
    case .gelu(let approximate): return gelu(x, approximate)
    case .rounded(.float16): return cast(cast(x, to: .half), to: .float)
    case .rounded(.bfloat16): return cast(cast(x, to: .bfloat16), to: .float)
    case .rounded(.float8): return cast(cast(x, to: .float8), to: .float)
    default: throw ExportError(.malformed("\(function) has no row in the table of TensorFlow's operations"))
    }
  }

  private func clipped(_ x: Tensor, _ minimum: Float, _ maximum: Float) -> Tensor {
    var result = x
    // Bounds beyond the integers bound nothing.
    if x.type == .float && minimum > -.infinity || minimum > Float(Int32.min) {
      let bound = x.type == .float ? Double(minimum) : Double(minimum).rounded(.up)
      result = node("Maximum", [result, number(bound, x.type)])
    }
    if x.type == .float && maximum < .infinity || maximum < Float(Int32.max) {
      let bound = x.type == .float ? Double(maximum) : Double(maximum).rounded(.down)
      result = node("Minimum", [result, number(bound, x.type)])
    }
    return result
  }

  private func gelu(_ x: Tensor, _ approximate: Bool) -> Tensor {
    let inner: Tensor
    if approximate {
      // √(2/π)·(x + 0.044715·x³)
      let cube = node("Mul", [node("Mul", [x, x]), x])
      let sum = node("AddV2", [x, node("Mul", [cube, number(0.044715)])])
      inner = node("Tanh", [node("Mul", [sum, number((2 / Double.pi).squareRoot())])])
    } else {
      inner = node("Erf", [node("Mul", [x, number(0.5.squareRoot())])])
    }
    return node("Mul", [node("Mul", [x, number(0.5)]), node("AddV2", [inner, number(1)])])
  }

  func binary(_ function: Binary, _ a: Tensor, _ b: Tensor) -> Tensor {
    let name =
      switch function {
      case .add: "AddV2"
      case .subtract: "Sub"
      case .multiply: "Mul"
      case .divide: a.type == .float ? "RealDiv" : "Div"
      case .maximum: a.type == .bool ? "LogicalOr" : "Maximum"
      case .minimum: a.type == .bool ? "LogicalAnd" : "Minimum"
      case .power: "Pow"
      case .modulo: "FloorMod"
      case .floorDivide: "FloorDiv"
      case .logicalAnd: "LogicalAnd"
      case .logicalOr: "LogicalOr"
      case .divideNoNaN: "DivNoNan"
      }
    return node(name, [a, b])
  }

  func compared(_ comparison: Comparison, _ operands: [Value]) throws -> Tensor {
    var inputs = try operands.map { try tensor($0) }
    let isOrder = comparison != .equal && comparison != .notEqual
    if isOrder, inputs[0].type == .string {
      throw refused("an order of texts", "TensorFlow compares texts for equality only")
    }
    // Order is for numbers, which a bool is 0 or 1 of.
    if isOrder, inputs[0].type == .bool { inputs = inputs.map { cast($0, to: .int32) } }
    let name =
      switch comparison {
      case .equal: "Equal"
      case .notEqual: "NotEqual"
      case .less: "Less"
      case .lessOrEqual: "LessEqual"
      case .greater: "Greater"
      case .greaterOrEqual: "GreaterEqual"
      }
    return node(name, inputs)
  }

  func selected(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    node("SelectV2", [condition, a, b], ["T": .type(a.type)], as: a.type)
  }

  func emitSelect(_ operands: [Value], _ result: Value) throws {
    define(result, selected(try tensor(operands[0]), try tensor(operands[1]), try tensor(operands[2])))
  }

  func converted(_ operand: Value, to type: ElementType) throws -> Tensor {
    let x = try tensor(operand)
    switch (x.type, type) {
    case (.string, .string): return x
    case (.string, _): return node("StringToNumber", [x], ["out_type": .type(type)], as: type)
    case (_, .string): return node("AsString", [x], as: .string)
    default: return cast(x, to: type)
    }
  }
}
