import KerasCore
import KerasFile
import KerasGraph

/// Why a model could not be understood or built: which file, which layer, which field, and what was expected.
public struct ModelError: Error, Sendable, CustomStringConvertible {
  public enum Cause: Sendable {
    case file(KerasFileError)
    case graph(GraphError)
    /// Classes this program does not know, all of them at once: class name and layer path.
    case unknownLayers([(className: String, layer: String)])
    /// Custom classes and functions without a meaning here, all of them at once.
    case unknownObjects([UnknownObject])
    /// A Lambda holds Python byte code, which is never executed.
    case lambda(String)
    case missingField(String)
    case invalidField(String, expected: String, found: JSON)
    case unknownValue(field: String, value: String, known: String)
    case missingWeight(String)
    case weightCount(expected: [String], found: [String])
    /// Variables without an array and arrays without a variable, each with its shape.
    case unmatchedWeights(variables: [String], arrays: [String])
    case weightShape(String, expected: [Int], found: [Int])
    case inputCount(expected: String, found: Int)
    case inputShape(expected: String, found: Shape)
    case malformedConfig(String)
    case unsupported(String)
  }

  public var cause: Cause
  public var file: String?
  public var layer: String?
  public var location: SourceLocation?

  public init(_ cause: Cause, file: String? = nil, layer: String? = nil, location: SourceLocation? = nil) {
    self.cause = cause
    self.file = file
    self.layer = layer
    self.location = location
  }

  /// The same error with the layer named, unless an inner one already is.
  public func inLayer(_ layer: String) -> ModelError {
    var error = self
    if error.layer == nil { error.layer = layer }
    return error
  }

  /// The same error with the file named, unless its cause names one.
  public func inFile(_ file: String) -> ModelError {
    if case .file = cause { return self }
    var error = self
    if error.file == nil { error.file = file }
    return error
  }

  public var description: String {
    var parts: [String] = []
    if let file { parts.append(file) }
    if let layer, !layer.isEmpty { parts.append("layer '\(layer)'") }
    parts.append(reason)
    var text = parts.joined(separator: ": ")
    if let pointer = location?.pointer { text += " (at \(pointer))" }
    return text
  }

  private var reason: String {
    switch cause {
    case .file(let error): error.description
    case .graph(let error): error.description
    case .unknownLayers(let list):
      "layers of unknown classes: " + list.map { "\($0.className) ('\($0.layer)')" }.joined(separator: ", ")
    case .unknownObjects(let objects): UnknownObject.text(of: objects)
    case .lambda(let reason): reason
    case .missingField(let field): "the field '\(field)' is missing"
    case .invalidField(let field, let expected, let found):
      "the field '\(field)' should be \(expected), received \(found.text())"
    case .unknownValue(let field, let value, let known):
      "the field '\(field)' has the unknown value '\(value)'; known: \(known)"
    case .missingWeight(let role): "the weight '\(role)' is missing"
    case .weightCount(let expected, let found):
      "needs \(expected.count) weights (\(expected.joined(separator: ", "))), the file has \(found.count)"
        + (found.isEmpty ? "" : " (\(found.joined(separator: ", ")))")
    case .unmatchedWeights(let variables, let arrays):
      "the stored weights are not this model's: "
        + [("variables without an array", variables), ("arrays without a variable", arrays)].filter { !$0.1.isEmpty }
        .map { "\($0.0) are \(Self.shortened($0.1))" }.joined(separator: "; ")
        + "; --allow-partial loads what fits"
    case .weightShape("bias", let expected, let found) where Self.isOtherGRU(expected, found):
      "the weight 'bias' should have shape \(Shape(expected)), the file has \(Shape(found)): the weights are of a GRU "
        + "with reset_after=\(expected.count == 2 ? "False" : "True"), which computes another function"
    case .weightShape(let role, let expected, let found):
      "the weight '\(role)' should have shape \(Shape(expected)), the file has \(Shape(found))"
    case .inputCount(let expected, let found): "takes \(expected), received \(found)"
    case .inputShape(let expected, let found): "needs \(expected), received \(found)"
    case .malformedConfig(let reason): reason
    case .unsupported(let reason): reason
    }
  }

  /// Whether two biases are of GRUs that differ in `reset_after`: one row, or two.
  private static func isOtherGRU(_ expected: [Int], _ found: [Int]) -> Bool {
    guard let width = expected.last, width == found.last, width % 3 == 0 else { return false }
    return expected.dropLast() + found.dropLast() == [2]
  }

  /// The first names of a list, and how many more there are.
  private static func shortened(_ names: [String]) -> String {
    let shown = names.prefix(12).joined(separator: ", ")
    return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
  }
}
