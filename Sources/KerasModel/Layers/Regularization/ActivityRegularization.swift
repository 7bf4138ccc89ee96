import KerasCore
import OrderedCollections

/// The input itself, with a penalty on it.
public struct ActivityRegularization: Layer {
  public static let className = "ActivityRegularization"

  let l1: Double
  let l2: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    l1 = try config.double("l1", default: 0)
    l2 = try config.double("l2", default: 0)
    config.ignore("activity_regularizer")
  }

  public var activityRegularizer: Regularizer? { .l1l2(l1: l1, l2: l2) }

  public var config: OrderedDictionary<String, JSON> { ["l1": .number(l1), "l2": .number(l2)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    [try call.single()]
  }
}
