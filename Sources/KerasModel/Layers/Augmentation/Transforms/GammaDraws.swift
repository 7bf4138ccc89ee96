import KerasCore
import KerasGraph

/// Gamma and beta distributions from uniform and normal numbers.
extension LoweringContext {
  /// Logarithms of numbers of the gamma distribution of the given shape, one for each element of `pattern`.
  ///
  /// Marsaglia and Tsang (2000) for alpha + 1, then a uniform number to the power 1/alpha, which holds for every alpha > 0;
  /// the logarithm keeps tiny numbers apart. Each try is taken with a chance above 0.95, so six fail once in 10⁸.
  mutating func logGamma(like pattern: Value, _ alpha: Value) throws(ModelError) -> Value {
    let d = try shifted(alpha, by: 2.0 / 3)
    let c = try f(.reciprocal, f(.squareRoot, scaled(d, by: 9)))
    var result = try f(.logarithm, d)
    for _ in 0..<6 {
      let x = try normal(like: pattern)
      let root = try shifted(f(.multiply, c, x), by: 1)
      let isPositive = try f(.greater, root, 0)
      let safe = try select(isPositive, root, 1)
      let logCube = try scaled(f(.logarithm, safe), by: 3)
      let cube = try f(.multiply, f(.square, safe), safe)
      let excess = try f(.add, shifted(f(.negate, cube), by: 1), logCube)
      let bound = try f(.add, scaled(f(.square, x), by: 0.5), f(.multiply, d, excess))
      let isTaken = try f(.logicalAnd, isPositive, f(.less, logUniform(like: pattern), bound))
      result = try op(.select, isTaken, f(.add, f(.logarithm, d), logCube), result)
    }
    return try f(.add, result, f(.divide, logUniform(like: pattern), alpha))
  }

  /// Numbers of the symmetric beta distribution.
  mutating func beta(like pattern: Value, _ alpha: Value) throws(ModelError) -> Value {
    // a / (a + b) by their logarithms.
    try f(.sigmoid, f(.subtract, logGamma(like: pattern, alpha), logGamma(like: pattern, alpha)))
  }

  /// The logarithm of a number of (0, 1].
  private mutating func logUniform(like pattern: Value) throws(ModelError) -> Value {
    try f(.logarithm, f(.subtract, constant(1), uniform(like: pattern)))
  }
}
