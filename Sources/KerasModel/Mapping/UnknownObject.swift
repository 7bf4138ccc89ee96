import KerasCore
import OrderedCollections

/// A custom class or function of a file, with everything the file says of it.
public struct UnknownObject: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    case layer, activation, lambda
  }
  public var kind: Kind
  /// The class or function; for a Lambda the layer's name, which is what a mapping binds.
  public var name: String
  /// Paths of the layers of that class, or that use the function.
  public var layers: [String]
  /// The first layer's own fields as saved.
  public var fields: OrderedDictionary<String, JSON>
  /// The arrays stored for the first layer, with their shapes.
  public var weights: [String]
  /// What can be said of a Lambda's function.
  public var details: [String] = []

  /// The option that would bind it, as an example to fill in.
  public var mapping: String {
    switch kind {
    case .layer, .activation: "--map '\(name)=…'"
    case .lambda: "--map '\(name)=x'"
    }
  }

  /// What an activation, a class or an expression has to look like.
  static let notation =
    "where … is a layer class with its fields (Dense(units=$units)), an activation (relu), or an expression over the "
    + "input (x / 127.5 - 1; a, b for several)"

  /// Everything in one line, as errors are.
  static func text(of objects: [UnknownObject]) -> String {
    let areLambdas = objects.allSatisfy { $0.kind == .lambda }
    let what =
      areLambdas
      ? "Lambda layers hold Python code, which is never executed"
      : "custom classes and functions without a meaning here"
    let list = objects.enumerated().map { "[\($0 + 1)] \($1.line)" }.joined(separator: " ")
    return "\(what): \(list); give each a meaning, \(notation): \(objects.map(\.mapping).joined(separator: " "))"
  }

  private var line: String {
    let shown = layers.prefix(6).map { "'\($0)'" }.joined(separator: ", ")
    let places = shown + (layers.count > 6 ? " and \(layers.count - 6) more" : "")
    var parts: [String] =
      switch kind {
      case .layer: ["class \(name): \(places)"]
      case .activation: ["function \(name), used as activation by \(places)"]
      case .lambda: ["Lambda \(places)"]
      }
    parts += details
    if !fields.isEmpty {
      parts.append("fields " + fields.map { "\($0)=\(Self.shortened($1.text()))" }.joined(separator: ", "))
    }
    if !weights.isEmpty { parts.append("stored weights " + weights.joined(separator: ", ")) }
    return parts.joined(separator: "; ")
  }

  private static func shortened(_ text: String) -> String { text.count > 60 ? text.prefix(57) + "…" : text }
}
