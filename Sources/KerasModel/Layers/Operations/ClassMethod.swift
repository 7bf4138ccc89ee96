import KerasCore
import OrderedCollections

/// `tf.Class.method(…)` on layers' outputs (tf.keras 2.4 to 2.15).
struct ClassMethod: FunctionNode {
  static let className = "ClassMethod"

  private let owner: String
  private let method: String

  init(_ config: inout ConfigReader) throws(ModelError) {
    owner = try config.string("cls_symbol")
    method = try config.string("method_name")
  }

  var config: OrderedDictionary<String, JSON> { ["cls_symbol": .string(owner), "method_name": .string(method)] }

  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    // Those of dense tensors are functions too; ragged and sparse tensors do not exist here.
    let name = "tf.\(owner).\(method)"
    guard !owner.contains("Ragged"), !owner.contains("Sparse"), FunctionNames.knows(name) else {
      throw ModelError(.unsupported("the method \(method) of TensorFlow's class \(owner) is not known to this program"))
    }
    return try FunctionNames.call(name, positional, keywords, &context)
  }
}
