import KerasCore
import KerasGraph
import OrderedCollections

/// The identity between two learned thresholds, and lines of learned slopes outside (Keras 0.3 to 1.2).
///
/// The right threshold lies `|t_right|` above the left one.
public struct SReLU: Layer {
  public static let className = "SReLU"

  let parameters: ElementwiseParameters
  /// Theano's relu takes the minimum with the width after the left slope, TensorFlow's before (K.relu of 1.2.2): with a
  /// negative slope the left line ends at the right threshold.
  let capsLeft: Bool
  private let initializers: [JSON]
  private static let roles = ["t_left", "a_left", "t_right", "a_right"]

  public init(_ config: inout ConfigReader) throws(ModelError) {
    parameters = try ElementwiseParameters(&config)
    // Keras 1 did not save them: the loader takes them from the stored shapes.
    config.ignore("keraskit>shared_axes_from_weights")
    capsLeft = try config.bool("keraskit>caps_left", default: false)
    var initializers: [JSON] = []
    for role in Self.roles { initializers.append(config.json(role + "_initializer")) }
    self.initializers = initializers
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [:]
    for (role, initializer) in zip(Self.roles, initializers) { fields[role + "_initializer"] = initializer }
    fields["shared_axes"] = parameters.sharedAxes
    if capsLeft { fields["keraskit>caps_left"] = true }
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let shape = try parameters.shape(single(inputs))
    return zip(Self.roles, initializers).map { WeightSpec($0, shape, initializer: $1) }
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let left = try context.weight("t_left")
      let width = try context.op(.unary(.absolute), context.weight("t_right"))
      let right = try context.op(.binary(.add), left, width)
      let above = try context.op(.binary(.subtract), x, left)
      let rising = try context.op(.unary(.relu), above)
      let middle = capsLeft ? rising : try context.op(.binary(.minimum), rising, width)
      let below = try context.op(.unary(.relu), context.op(.unary(.negate), above))
      let lower = try context.op(.binary(.multiply), below, context.weight("a_left"))
      let beyond = try context.op(.unary(.relu), context.op(.binary(.subtract), x, right))
      let upper = try context.op(.binary(.multiply), beyond, context.weight("a_right"))
      var inner = try context.op(.binary(.subtract), middle, lower)
      if capsLeft { inner = try context.op(.binary(.minimum), inner, width) }
      let center = try context.op(.binary(.add), left, inner)
      return try context.op(.binary(.add), center, upper)
    }
  }
}
