import KerasCore
import KerasGraph

/// What an expression's parts evaluate to: tensors of the graph, and constants that are folded on the way.
enum ExpressionValue {
  case tensor(Value)
  case number(Double, isInteger: Bool)
  case bool(Bool)
  case string(String)
  case none
  case ellipsis
  case sequence([ExpressionValue])
  /// A name, or names joined by points, that only a call or a known constant gives a meaning.
  case function([String])

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .tensor: "a tensor"
    case .number: "a number"
    case .bool: "a truth value"
    case .string(let text): "the string '\(text)'"
    case .none: "None"
    case .ellipsis: "..."
    case .sequence: "a list"
    case .function(let names): "the name '\(names.joined(separator: "."))'"
    }
  }

  /// A whole number of a size that can be an axis or a dimension.
  var int: Int? {
    guard case .number(let value, _) = self, value == value.rounded(), abs(value) <= Double(Int32.max) else {
      return nil
    }
    return Int(value)
  }

  /// A constant as configs write it; `nil` for tensors and functions.
  var json: JSON? {
    switch self {
    case .number(let value, let isInteger): isInteger ? int.map { JSON($0) } ?? .number(value) : .number(value)
    case .bool(let flag): .bool(flag)
    case .string(let text): .string(text)
    case .none: .null
    case .sequence(let elements):
      elements.allSatisfy { $0.json != nil } ? .array(elements.compactMap(\.json)) : nil
    case .tensor, .ellipsis, .function: nil
    }
  }
}
