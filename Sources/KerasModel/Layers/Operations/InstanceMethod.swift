import KerasCore
import OrderedCollections

/// `x.method(…)` on a layer's output (tf.keras 2.4 to 2.15).
struct InstanceMethod: FunctionNode {
  static let className = "InstanceMethod"

  private let method: String

  init(_ config: inout ConfigReader) throws(ModelError) {
    method = try config.string("attr_name")
  }

  var config: OrderedDictionary<String, JSON> { ["attr_name": .string(method)] }

  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    guard let object = positional.first else { throw ModelError(.inputCount(expected: "1 input", found: 0)) }
    return try PythonOperators.method(object, method, Array(positional.dropFirst()), keywords, &context)
  }
}
