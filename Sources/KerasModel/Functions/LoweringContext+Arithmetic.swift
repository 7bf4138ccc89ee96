import KerasCore
import KerasGraph

/// The small steps that functions are made of.
extension LoweringContext {
  mutating func f(_ function: Unary, _ x: Value) throws(ModelError) -> Value { try op(.unary(function), x) }

  mutating func f(_ function: Binary, _ a: Value, _ b: Value) throws(ModelError) -> Value {
    try op(.binary(function), a, b)
  }

  mutating func f(_ function: Binary, _ a: Value, _ b: Float) throws(ModelError) -> Value {
    try op(.binary(function), a, constant(b))
  }

  mutating func f(_ comparison: Comparison, _ a: Value, _ b: Value) throws(ModelError) -> Value {
    try op(.compare(comparison), a, b)
  }

  mutating func f(_ comparison: Comparison, _ a: Value, _ b: Float) throws(ModelError) -> Value {
    try op(.compare(comparison), a, constant(b))
  }

  mutating func select(_ condition: Value, _ a: Value, _ b: Float) throws(ModelError) -> Value {
    try op(.select, condition, a, constant(b))
  }

  mutating func total(
    _ reduction: Reduction, _ x: Value, _ axes: [Int], keeps: Bool = false
  ) throws(ModelError) -> Value {
    try op(.reduce(reduction, axes: axes.sorted(), keepDimensions: keeps), x)
  }

  mutating func total(_ x: Value, _ axes: [Int], keeps: Bool = false) throws(ModelError) -> Value {
    try total(.sum, x, axes, keeps: keeps)
  }

  /// c₀·xⁿ + … + cₙ.
  mutating func polynomial(_ coefficients: [Float], _ x: Value) throws(ModelError) -> Value {
    var result = constant(coefficients.first ?? 0)
    for coefficient in coefficients.dropFirst() { result = try f(.add, f(.multiply, result, x), coefficient) }
    return result
  }
}
