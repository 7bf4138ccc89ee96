import Foundation

/// A function of two numbers.
enum Combination: Sendable {
  case add, subtract, multiply, divide, maximum, minimum, power
  /// Has the sign of the divisor.
  case modulo
  case floorDivide
  /// x / y where y ≠ 0, else 0.
  case divideNoNaN
}

enum Comparison: Sendable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }

extension Tensor<Float> {
  func combined(_ combination: Combination, _ other: Tensor) throws(PredictionError) -> Tensor {
    switch combination {
    case .add: return try combined(other, "add") { $0 + $1 }
    case .subtract: return try combined(other, "subtract") { $0 - $1 }
    case .multiply: return try combined(other, "multiply") { $0 * $1 }
    case .divide: return try combined(other, "divide") { $0 / $1 }
    case .maximum: return try combined(other, "maximum") { $0 > $1 || $0.isNaN ? $0 : $1 }
    case .minimum: return try combined(other, "minimum") { $0 < $1 || $0.isNaN ? $0 : $1 }
    case .power: return try combined(other, "power") { pow($0, $1) }
    case .modulo:
      return try combined(other, "modulo") { a, b in
        let remainder = fmod(a, b)
        return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
      }
    case .floorDivide: return try combined(other, "floorDivide") { ($0 / $1).rounded(.down) }
    case .divideNoNaN: return try combined(other, "divideNoNaN") { $1 == 0 ? 0 : $0 / $1 }
    }
  }
}

extension Tensor<Int32> {
  /// Sums and products of whole numbers wrap around; a division by 0 gives 0.
  func combined(_ combination: Combination, _ other: Tensor) throws(PredictionError) -> Tensor {
    switch combination {
    case .add: return try combined(other, "add") { $0 &+ $1 }
    case .subtract: return try combined(other, "subtract") { $0 &- $1 }
    case .multiply: return try combined(other, "multiply") { $0 &* $1 }
    case .maximum: return try combined(other, "maximum") { max($0, $1) }
    case .minimum: return try combined(other, "minimum") { min($0, $1) }
    case .power: return try combined(other, "power") { wholePower($0, $1) }
    case .modulo: return try combined(other, "modulo") { $1 == 0 ? 0 : $0 &- floorQuotient($0, $1) &* $1 }
    case .floorDivide: return try combined(other, "floorDivide") { floorQuotient($0, $1) }
    case .divide, .divideNoNaN:
      return try combined(other, "divide") { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
    }
  }
}

private func floorQuotient(_ a: Int32, _ b: Int32) -> Int32 {
  guard b != 0 else { return 0 }
  let (quotient, overflow) = a.dividedReportingOverflow(by: b)
  if overflow { return quotient }
  return quotient &* b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient
}

/// By squares; of a negative exponent the whole part.
private func wholePower(_ base: Int32, _ exponent: Int32) -> Int32 {
  if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0 }
  var (result, square, rest) = (Int32(1), base, exponent)
  while rest > 0 {
    if rest % 2 == 1 { result &*= square }
    square &*= square
    rest /= 2
  }
  return result
}

extension Tensor where Element: Comparable {
  func compared(_ comparison: Comparison, _ other: Tensor) throws(PredictionError) -> Tensor<Bool> {
    switch comparison {
    case .equal: return try combined(other, "equal") { $0 == $1 }
    case .notEqual: return try combined(other, "notEqual") { $0 != $1 }
    case .less: return try combined(other, "less") { $0 < $1 }
    case .lessOrEqual: return try combined(other, "lessOrEqual") { $0 <= $1 }
    case .greater: return try combined(other, "greater") { $0 > $1 }
    case .greaterOrEqual: return try combined(other, "greaterOrEqual") { $0 >= $1 }
    }
  }
}

extension Tensor<Bool> {
  func and(_ other: Tensor) throws(PredictionError) -> Tensor { try combined(other, "and") { $0 && $1 } }
  func or(_ other: Tensor) throws(PredictionError) -> Tensor { try combined(other, "or") { $0 || $1 } }

  func compared(_ comparison: Comparison, _ other: Tensor) throws(PredictionError) -> Tensor {
    try int32s().compared(comparison, other.int32s())
  }

  /// `a` where this is true, else `b`, with broadcasting.
  func select<Other>(_ a: Tensor<Other>, _ b: Tensor<Other>) throws(PredictionError) -> Tensor<Other> {
    let shape = try broadcastShape(try broadcastShape(a.shape, b.shape, in: "select"), self.shape, in: "select")
    let (a, b) = (try a.broadcast(to: shape), try b.broadcast(to: shape))
    let condition = try broadcast(to: shape)
    return Tensor<Other>(shape, condition.values.indices.map { condition.values[$0] ? a.values[$0] : b.values[$0] })
  }
}

// MARK: Casts

extension Tensor<Float> {
  func floats() -> Tensor { self }
  /// Cut towards zero.
  func int32s() -> Tensor<Int32> { mapped { Int32(clamped: $0) } }
  func bools() -> Tensor<Bool> { mapped { $0 != 0 } }
}

extension Tensor<Int32> {
  func floats() -> Tensor<Float> { mapped { Float($0) } }
  func int32s() -> Tensor { self }
  func bools() -> Tensor<Bool> { mapped { $0 != 0 } }
}

extension Tensor<Bool> {
  func floats() -> Tensor<Float> { mapped { $0 ? 1 : 0 } }
  func int32s() -> Tensor<Int32> { mapped { $0 ? 1 : 0 } }
  func bools() -> Tensor { self }
}
