import KerasCore
import OrderedCollections

/// The number of each integer in a vocabulary.
public struct IntegerLookup: Layer {
  public static let className = "IntegerLookup"

  private let fields: LookupFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try LookupFields(&config, kind: .integer)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { fields.variables() }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
