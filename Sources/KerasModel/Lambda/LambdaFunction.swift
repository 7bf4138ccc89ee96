import KerasCore
import OrderedCollections
import PythonCode

/// A Python function as a Keras config holds it: marshalled code with its defaults and closure, read as data.
///
/// Keras 1 writes `[code, defaults, closure]` with a character for each byte, 2.1.3 and later in base64, Keras 3 an object
/// `__lambda__` (`func_dump` of `utils/generic_utils.py`, `serialize_keras_object` of `saving/serialization_lib.py`).
public struct LambdaFunction: Sendable {
  public let code: CodeObject
  /// The releases of Python whose code it can be; not empty.
  public let releases: [PythonRelease]
  /// Of the last positional arguments.
  let defaults: [PythonArgument<CallValue>]
  /// Of the free variables, in order.
  let closure: [PythonArgument<CallValue>]
  private let closureConstants: [PythonObject]

  /// The function in a field; `nil` if the field names a function instead.
  ///
  /// Throws `.lambda` with what is wrong with the code.
  init?(_ field: JSON) throws(ModelError) {
    let parts: (code: String, defaults: JSON, closure: JSON)
    if let text = field[0]?.stringValue {
      parts = (text, field[1] ?? .null, field[2] ?? .null)
    } else if field["class_name"] == "__lambda__", let text = field["config"]?["code"]?.stringValue {
      parts = (text, field["config"]?["defaults"] ?? .null, field["config"]?["closure"] ?? .null)
    } else {
      return nil
    }
    do throws(PythonCodeError) {
      code = try CodeObject(marshalled: LambdaDescription.bytes(of: parts.code))
    } catch {
      throw ModelError(.lambda(error.description))
    }
    releases = code.possibleReleases()
    if releases.isEmpty {
      throw ModelError(.lambda("its byte code is that of no release of Python from 2.7 to 3.13"))
    }
    defaults = try Self.values(parts.defaults, "default")
    closure = try Self.values(parts.closure, "variable of an outer function")
    closureConstants = (parts.closure.arrayValue ?? []).map { Self.constant($0) }
  }

  private static func values(_ json: JSON, _ what: String) throws(ModelError) -> [PythonArgument<CallValue>] {
    var values: [PythonArgument<CallValue>] = []
    for element in json.arrayValue ?? [] {
      guard let value = PythonArgument(element) else {
        throw ModelError(.lambda("a \(what) of its function is \(element.text()), which has no meaning here"))
      }
      values.append(value)
    }
    return values
  }

  /// For the text that shows the function.
  private static func constant(_ json: JSON) -> PythonObject {
    if let flag = json.boolValue { return .bool(flag) }
    if let int = json.intValue { return .int(int) }
    if let double = json.doubleValue { return .float(double) }
    if let text = json.stringValue { return .string(text) }
    if let list = json.arrayValue { return .list(list.map { constant($0) }) }
    return .none
  }

  /// The release whose instructions these are taken for.
  public var release: PythonRelease { releases[0] }

  /// The function as one expression of Python; `nil` if it is not one.
  public var expression: String? { try? code.expression(as: release, closure: closureConstants) }

  /// What the function gives for inputs: the value of its `return`.
  ///
  /// Throws `.lambda` with the instruction and the line of the first thing without a meaning here.
  func call(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, PythonArgument<CallValue>>,
    meanings: [String: String] = [:], _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    var interpreter = PythonInterpreter(GraphSemantics(context: context, meanings: meanings), release: release)
    do throws(PythonCodeError) {
      let result = try interpreter.call(code, positional, keywords: keywords, defaults: defaults, closure: closure)
      context = interpreter.semantics.context
      return result
    } catch {
      throw ModelError(.lambda("\(error)"))
    }
  }

  /// Global names without a meaning here: functions and values that the file does not hold.
  var unknownNames: [String] {
    ((try? code.globalNames(as: release)) ?? []).filter { !FunctionNames.knows(global: $0) }
  }

  /// The first function or value in the code that has no meaning here, with its line; `nil` if all have one.
  ///
  /// Where the code comes to it, it is refused.
  var firstUnknown: (name: String, line: Int?)? {
    let found = ((try? code.dottedNames(as: release)) ?? []).first { found in
      let parts = found.name.split(separator: ".").map(String.init)
      guard let root = parts.first, FunctionNames.knows(global: root) else { return true }
      guard parts.count > 1, !PythonLoops.knows(found.name), !FunctionNames.isModule(found.name) else { return false }
      // A constant may have attributes of its own.
      return !(2...parts.count).contains { count in
        let path = parts[..<count].joined(separator: ".")
        return FunctionNames.knows(path) || FunctionNames.constant(path) != nil
          || count == parts.count && FunctionNames.knows(global: path)
      }
    }
    if let found { return found }
    // What Python keeps to itself has none, whatever it is an attribute of.
    let inner = code.functions.flatMap(\.names).first { $0.hasPrefix("__") && $0.hasSuffix("__") && $0 != "__name__" }
    return inner.map { ($0, nil) }
  }

  /// Names that stand for settings of the program that saved the model, which its file does not hold.
  var settings: [String] {
    let settings: Set<String> = ["image_data_format", "image_dim_ordering", "floatx", "epsilon", "backend"]
    return code.functions.flatMap(\.names).filter { settings.contains($0) }
  }

  /// Whether the code or a function in it says that name.
  func names(_ name: String) -> Bool { code.functions.contains { $0.names.contains(name) } }

  /// Whether the function has an argument of that name.
  func takes(_ name: String) -> Bool { code.argumentNames.contains(name) }
}

extension PythonArgument<CallValue> {
  /// A constant, or a dictionary of constants with texts as keys; `nil` for anything else.
  init?(_ json: JSON, depth: Int = 0) {
    if let value = CallValue(argument: json) {
      self = .value(value)
      return
    }
    guard let object = json.objectValue, object["class_name"] == nil, depth < 16 else { return nil }
    var pairs: OrderedDictionary<String, PythonArgument> = [:]
    for (key, element) in object {
      guard let value = PythonArgument(element, depth: depth + 1) else { return nil }
      pairs[key] = value
    }
    self = .dictionary(pairs)
  }
}

extension CallValue {
  /// A constant among a Lambda's defaults, closure and arguments; numpy arrays come as their lists.
  init?(argument json: JSON) {
    if json["type"] == "ndarray", let value = json["value"] {
      self.init(constant: value)
    } else {
      self.init(constant: json)
    }
  }
}
