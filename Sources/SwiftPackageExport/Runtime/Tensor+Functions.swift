import Foundation

/// A function of one number.
enum Function: Sendable, Equatable {
  case negate, absolute, sign, exponential, expm1, logarithm, log1p, squareRoot, reciprocalSquareRoot, reciprocal
  case square, sine, cosine, tanh, sigmoid, erf, floor, ceiling, roundHalfToEven
  case relu, softplus, silu
  /// x for x > 0, `alpha`·(eˣ − 1) below.
  case elu(alpha: Float)
  case leakyRelu(slope: Float)
  case clip(minimum: Float, maximum: Float)
  /// clip(scale·x + offset, 0, 1).
  case hardSigmoid(scale: Float, offset: Float)
  case gelu(approximate: Bool)
  /// The nearest number of a narrower format.
  case rounded(NarrowFormat)
}

enum NarrowFormat: Sendable { case float16, bfloat16, float8 }

extension Tensor<Float> {
  func mapped(_ function: Function) -> Tensor {
    switch function {
    case .negate: return mapped { -$0 }
    case .absolute: return mapped { $0.magnitude }
    case .sign: return mapped { $0.isNaN ? $0 : $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
    case .exponential: return mapped { exp($0) }
    case .expm1: return mapped { Foundation.expm1($0) }
    case .logarithm: return mapped { log($0) }
    case .log1p: return mapped { Foundation.log1p($0) }
    case .squareRoot: return mapped { $0.squareRoot() }
    case .reciprocalSquareRoot: return mapped { 1 / $0.squareRoot() }
    case .reciprocal: return mapped { 1 / $0 }
    case .square: return mapped { $0 * $0 }
    case .sine: return mapped { sin($0) }
    case .cosine: return mapped { cos($0) }
    case .tanh: return mapped { Foundation.tanh($0) }
    case .sigmoid: return mapped { 1 / (1 + exp(-$0)) }
    case .erf: return mapped { Foundation.erf($0) }
    case .floor: return mapped { $0.rounded(.down) }
    case .ceiling: return mapped { $0.rounded(.up) }
    case .roundHalfToEven: return mapped { $0.rounded(.toNearestOrEven) }
    case .relu: return mapped { $0 < 0 ? 0 : $0 }
    case .softplus: return mapped { ($0 < 0 ? 0 : $0) + Foundation.log1p(exp(-$0.magnitude)) }
    case .silu: return mapped { $0 / (1 + exp(-$0)) }
    case .elu(let alpha): return mapped { $0 > 0 ? $0 : alpha * Foundation.expm1($0) }
    case .leakyRelu(let slope): return mapped { $0 > 0 ? $0 : slope * $0 }
    case .clip(let minimum, let maximum): return mapped { $0 < minimum ? minimum : $0 > maximum ? maximum : $0 }
    case .hardSigmoid(let scale, let offset):
      return mapped { x in
        let line = scale * x + offset
        return line < 0 ? 0 : line > 1 ? 1 : line
      }
    case .gelu(approximate: false):
      let root = Float(2).squareRoot()
      return mapped { 0.5 * $0 * (1 + Foundation.erf($0 / root)) }
    case .gelu(approximate: true):
      let root = (2 / Float.pi).squareRoot()
      return mapped { 0.5 * $0 * (1 + Foundation.tanh(root * ($0 + 0.044715 * $0 * $0 * $0))) }
    case .rounded(let format): return mapped { format.nearest($0) }
    }
  }
}

extension Tensor<Int32> {
  /// Functions that whole numbers have; of others the numbers themselves.
  func mapped(_ function: Function) -> Tensor {
    switch function {
    case .negate: return mapped { 0 &- $0 }
    case .absolute: return mapped { $0 < 0 ? 0 &- $0 : $0 }
    case .sign: return mapped { $0.signum() }
    case .square: return mapped { $0 &* $0 }
    case .relu: return mapped { max($0, 0) }
    case .clip(let minimum, let maximum):
      let (low, high) = (Int32(clamped: minimum), Int32(clamped: maximum))
      return mapped { $0 < low ? low : $0 > high ? high : $0 }
    default: return self
    }
  }
}

extension Tensor<Bool> {
  func inverted() -> Tensor { mapped { !$0 } }
}

extension Int32 {
  /// The whole part, the nearest that there is; 0 for NaN.
  init(clamped value: Float) {
    self = value.isNaN ? 0 : value >= 0x1p31 ? .max : value <= -0x1p31 ? .min : Int32(value)
  }
}

extension NarrowFormat {
  func nearest(_ x: Float) -> Float {
    switch self {
    case .float16: rounded(x, fraction: 10, exponent: -14, largest: 65504)
    case .bfloat16: rounded(x, fraction: 7, exponent: -126, largest: 0x1.fep127)
    case .float8: rounded(x, fraction: 3, exponent: -6, largest: 448)
    }
  }

  private func rounded(_ x: Float, fraction: Int, exponent: Int, largest: Double) -> Float {
    guard x.isFinite, x != 0 else { return x }
    let wide = Double(x)
    let unit = Double(sign: .plus, exponent: max(Int(wide.exponent), exponent) - fraction, significand: 1)
    let result = (wide / unit).rounded(.toNearestOrEven) * unit
    if result.magnitude > largest { return self == .float8 ? .nan : x < 0 ? -.infinity : .infinity }
    return Float(result)
  }
}
