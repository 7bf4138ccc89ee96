import KerasCore
import KerasGraph
import OrderedCollections

/// Batch renormalization: a batch's normal form is corrected towards what moving statistics would give (Ioffe, 2017).
///
/// y = (x̂ · r + d) · γ + β with r = σ / σ_moving and d = (μ − μ_moving) / σ_moving, both clipped and without gradient.
struct BatchRenormalization: Sendable {
  /// Of its own averages, `renorm_mean` and `renorm_stddev`.
  let momentum: Double
  private let clipping: JSON

  /// `nil` unless `renorm` is true.
  init?(_ config: inout ConfigReader) throws(ModelError) {
    let isOn = try config.bool("renorm", default: false)
    clipping = config.json("renorm_clipping")
    momentum = try config.double("renorm_momentum", default: 0.99)
    guard isOn else { return nil }
    for key in ["rmin", "rmax", "dmax"] {
      guard let limit = clipping[key], !limit.isNull, limit.doubleValue == nil else { continue }
      throw config.wrong("renorm_clipping", "numbers", clipping)
    }
  }

  func write(to fields: inout OrderedDictionary<String, JSON>) {
    fields["renorm"] = true
    fields["renorm_clipping"] = clipping
    fields["renorm_momentum"] = .number(momentum)
  }

  /// r and d, vectors like the batch's mean and variance.
  func correction(
    mean: Value, variance: Value, epsilon: Double, _ context: inout LoweringContext
  ) throws(ModelError) -> (r: Value, d: Value) {
    let deviation = try context.op(.unary(.squareRoot), context.shifted(variance, by: Float(epsilon)))
    let moving = try context.op(
      .binary(.maximum), context.weight("renorm_stddev"), context.constant(Float(epsilon.squareRoot())))
    var r = try context.op(.binary(.divide), deviation, moving)
    var d = try context.op(
      .binary(.divide), context.op(.binary(.subtract), mean, context.weight("renorm_mean")), moving)
    if let limit = clipping["rmin"]?.doubleValue {
      r = try context.op(.binary(.maximum), r, context.constant(Float(limit)))
    }
    if let limit = clipping["rmax"]?.doubleValue {
      r = try context.op(.binary(.minimum), r, context.constant(Float(limit)))
    }
    if let limit = clipping["dmax"]?.doubleValue {
      d = try context.op(.unary(.clip(minimum: Float(-limit), maximum: Float(limit))), d)
    }
    return (try context.op(.stopGradient, r), try context.op(.stopGradient, d))
  }
}
