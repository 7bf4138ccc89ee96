import KerasCore
import OrderedCollections

/// `x.attribute` of a layer's output (tf.keras 2.4 to 2.15).
struct InstanceProperty: FunctionNode {
  static let className = "InstanceProperty"

  private let attribute: String

  init(_ config: inout ConfigReader) throws(ModelError) {
    attribute = try config.string("attr_name")
  }

  var config: OrderedDictionary<String, JSON> { ["attr_name": .string(attribute)] }

  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    guard let object = positional.first else { throw ModelError(.inputCount(expected: "1 input", found: 0)) }
    return try PythonOperators.attribute(object, attribute, &context)
  }
}
