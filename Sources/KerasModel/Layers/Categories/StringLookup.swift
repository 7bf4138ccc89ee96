import KerasCore
import OrderedCollections

/// The number of each string in a vocabulary.
public struct StringLookup: Layer {
  public static let className = "StringLookup"

  private let fields: LookupFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try LookupFields(&config, kind: .string)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { fields.variables() }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
