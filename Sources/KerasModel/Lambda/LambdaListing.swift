import KerasCore
import PythonCode

/// What a Lambda layer's byte code says, for a reader; nothing of it is executed.
public struct LambdaListing: Sendable {
  /// The layer's name.
  public let layer: String
  /// Name, size, release of Python, defaults and arguments, as far as the file shows them.
  public let details: [String]
  /// The function as one expression of Python; `nil` if it is not one.
  public let expression: String?
  /// Every function of the code with its instructions, the layer's own first.
  public let functions: [(name: String, instructions: [String])]
  /// Why the function cannot be followed; `nil` if nothing speaks against it before its inputs' shapes are known.
  public let problem: String?

  /// All Lambda layers of a config as saved, in the file's order, and Keras 1's Merge layers with a function as mode.
  public static func all(in config: JSON) -> [LambdaListing] {
    var found: [LambdaListing] = []
    visit(config, depth: 0, &found)
    return found
  }

  private static func visit(_ json: JSON, depth: Int, _ found: inout [LambdaListing]) {
    guard depth < 256 else { return }
    for element in json.arrayValue ?? [] { visit(element, depth: depth + 1, &found) }
    guard let object = json.objectValue else { return }
    let config = json["config"] ?? .null
    if json["class_name"] == "Lambda" {
      found.append(LambdaListing(json, function: config["function"] ?? .null))
    } else if json["class_name"] == "Merge", config["mode_type"] == "lambda" {
      found.append(LambdaListing(json, function: config["mode"] ?? .null))
    }
    for value in object.values { visit(value, depth: depth + 1, &found) }
  }

  private init(_ object: JSON, function field: JSON) {
    layer = object["config"]?["name"]?.stringValue ?? object["name"]?.stringValue ?? ""
    var fields = object["config"]?.objectValue ?? [:]
    fields["function"] = field
    let config = JSON.object(fields)
    details = LambdaDescription(["config": config]).details
    guard let function = try? LambdaFunction(field) else {
      (expression, functions, problem) = (nil, [], LambdaLayer.problem(config))
      return
    }
    expression = function.expression
    functions = function.code.functions.map { code in
      (code.name, (try? code.disassembly(as: function.release)) ?? [])
    }
    let unknown = function.unknownNames
    problem =
      LambdaLayer.problem(config)
      ?? (unknown.isEmpty ? nil : "its code names \(unknown.joined(separator: ", ")), which the file does not hold")
  }
}
