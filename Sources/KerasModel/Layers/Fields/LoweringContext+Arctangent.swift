import KerasCore
import KerasGraph

extension LoweringContext {
  /// The angle of the points (x, y) in (−π, π], elementwise; that of (0, 0) is 0.
  ///
  /// To single precision: the polynomial of Cephes' `atanf` up to π/8, and identities for all other angles.
  mutating func arctangent(_ y: Value, _ x: Value) throws(ModelError) -> Value {
    let zero = constant(0)
    let (high, wide) = (try op(.unary(.absolute), y), try op(.unary(.absolute), x))
    let ratio = try op(.binary(.divideNoNaN), op(.binary(.minimum), high, wide), op(.binary(.maximum), high, wide))
    // arctan r = π/4 + arctan((r − 1) / (r + 1)).
    let isSteep = try op(.compare(.greater), ratio, constant(0.414_213_57))
    let turned = try op(.binary(.divide), shifted(ratio, by: -1), shifted(ratio, by: 1))
    let reduced = try op(.select, isSteep, turned, ratio)
    let squared = try op(.unary(.square), reduced)
    var sum = constant(0.080_537_45)
    for coefficient: Float in [-0.138_776_86, 0.199_777_11, -0.333_329_5] {
      sum = try shifted(op(.binary(.multiply), sum, squared), by: coefficient)
    }
    let cubed = try op(.binary(.multiply), squared, reduced)
    var angle = try op(.binary(.add), op(.binary(.multiply), sum, cubed), reduced)
    angle = try op(.select, isSteep, shifted(angle, by: .pi / 4), angle)
    let complement = try op(.binary(.subtract), constant(.pi / 2), angle)
    angle = try op(.select, op(.compare(.greater), high, wide), complement, angle)
    let supplement = try op(.binary(.subtract), constant(.pi), angle)
    angle = try op(.select, op(.compare(.less), x, zero), supplement, angle)
    return try op(.select, op(.compare(.less), y, zero), op(.unary(.negate), angle), angle)
  }
}
