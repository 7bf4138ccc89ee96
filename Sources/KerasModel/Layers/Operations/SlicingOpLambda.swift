import KerasCore
import OrderedCollections

/// `x[…]` on a layer's output (tf.keras 2.4 to 2.15), with the selection as `slice_spec`.
struct SlicingOpLambda: FunctionNode {
  static let className = "SlicingOpLambda"

  private let function: String

  init(_ config: inout ConfigReader) throws(ModelError) {
    function = try config.string("function", default: "__operators__.getitem")
    guard function == "__operators__.getitem" || function == "__getitem__" || function == "strided_slice" else {
      throw ModelError(.unsupported("the slicing function \(function) is not known to this program"))
    }
  }

  var config: OrderedDictionary<String, JSON> { ["function": .string(function)] }

  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    guard let x = positional.first, let key = keywords["slice_spec"] ?? positional.dropFirst().first else {
      throw ModelError(.missingField("slice_spec"))
    }
    return try PythonOperators.item(x, Self.key(key), &context)
  }

  /// `...` and `tf.newaxis` are written as they print.
  private static func key(_ value: CallValue) -> CallValue {
    switch value {
    case .string("Ellipsis"), .string("..."): .ellipsis
    case .string("None"): .none
    case .sequence(let elements): .sequence(elements.map(key))
    default: value
    }
  }
}
