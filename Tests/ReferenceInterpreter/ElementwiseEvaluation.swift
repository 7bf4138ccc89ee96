import Foundation
import KerasCore
import KerasGraph

extension Unary {
  func evaluate(_ x: Double) -> Double {
    switch self {
    case .negate: -x
    case .absolute: abs(x)
    case .sign: x.isNaN ? x : x > 0 ? 1 : x < 0 ? -1 : 0
    case .exponential: exp(x)
    case .expm1: Foundation.expm1(x)
    case .logarithm: log(x)
    case .log1p: Foundation.log1p(x)
    case .squareRoot: x.squareRoot()
    case .reciprocalSquareRoot: 1 / x.squareRoot()
    case .reciprocal: 1 / x
    case .square: x * x
    case .sine: sin(x)
    case .cosine: cos(x)
    case .tanh: Foundation.tanh(x)
    case .sigmoid: sigmoid(x)
    case .erf: Foundation.erf(x)
    case .floor: x.rounded(.down)
    case .ceiling: x.rounded(.up)
    case .roundHalfToEven: x.rounded(.toNearestOrEven)
    case .relu: x < 0 ? 0 : x
    case .softplus: max(x, 0) + Foundation.log1p(exp(-abs(x)))
    case .logicalNot: x == 0 ? 1 : 0
    case .elu(let alpha): x > 0 ? x : Double(alpha) * Foundation.expm1(x)
    case .leakyRelu(let slope): x > 0 ? x : Double(slope) * x
    case .clip(let minimum, let maximum): clip(x, Double(minimum), Double(maximum))
    case .hardSigmoid(let scale, let offset): clip(Double(scale) * x + Double(offset), 0, 1)
    case .gelu(approximate: false): 0.5 * x * (1 + Foundation.erf(x / 2.0.squareRoot()))
    case .gelu(approximate: true):
      0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .silu: x * sigmoid(x)
    case .rounded(.bfloat16): rounded(x, fraction: 7, exponent: -126, largest: 0x1.fep127)
    case .rounded(.float16): rounded(x, fraction: 10, exponent: -14, largest: 65504)
    case .rounded(.float8): rounded(x, fraction: 3, exponent: -6, largest: 448)
    }
  }

  private func rounded(_ x: Double, fraction: Int, exponent: Int, largest: Double) -> Double {
    guard x.isFinite, x != 0 else { return x }
    let digits = pow(2, Double(fraction - max(Int(x.exponent), exponent)))
    let result = (x * digits).rounded(.toNearestOrEven) / digits
    return abs(result) > largest ? (fraction == 3 ? .nan : x.sign == .minus ? -.infinity : .infinity) : result
  }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private func clip(_ x: Double, _ minimum: Double, _ maximum: Double) -> Double {
    x < minimum ? minimum : x > maximum ? maximum : x
  }
}

extension Binary {
  func evaluate(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
    case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
    case .power: pow(a, b)
    case .modulo: pythonModulo(a, b)
    case .floorDivide: (a / b).rounded(.down)
    case .logicalAnd: a != 0 && b != 0 ? 1 : 0
    case .logicalOr: a != 0 || b != 0 ? 1 : 0
    case .divideNoNaN: b == 0 ? 0 : a / b
    }
  }

  /// Has the sign of the divisor.
  private func pythonModulo(_ a: Double, _ b: Double) -> Double {
    let remainder = fmod(a, b)
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
  }
}

extension Comparison {
  func holds(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }
}

extension Interpreter {
  static func zip(_ a: Tensor, _ b: Tensor, _ shape: [Int], _ function: (Double, Double) -> Double) -> Tensor {
    let (a, b) = (a.broadcast(to: shape), b.broadcast(to: shape))
    return Tensor(shape, a.values.indices.map { function(a.values[$0], b.values[$0]) })
  }

  static func cast(_ x: Double, to dtype: DType) -> Double {
    if dtype == .bool { return x != 0 ? 1 : 0 }
    return dtype.isInteger ? x.rounded(.towardZero) : x
  }
}
