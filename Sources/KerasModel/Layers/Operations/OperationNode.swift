import KerasCore
import KerasGraph
import OrderedCollections

/// A function of `keras.ops` in a Functional model of Keras 3: its constants are the config, its tensors the arguments.
struct OperationNode: FunctionNode {
  static let className = "Operation"

  /// Whether a class of this module is an operation: `keras.src.ops.numpy`.
  static func owns(module: String) -> Bool { module.hasPrefix("keras.src.ops.") || module.hasPrefix("keras.ops.") }

  let className: String
  let config: OrderedDictionary<String, JSON>

  init(_ config: inout ConfigReader) throws(ModelError) {
    className = config.className
    if let reason = OperationNames.refusal(of: className) {
      throw ModelError(.unsupported("the operation \(className) \(reason)"))
    }
    guard Self.knows(className) else {
      throw ModelError(.unknownLayers([(className: className, layer: config.name)]))
    }
    var fields: OrderedDictionary<String, JSON> = [:]
    for key in config.unread + ["dtype"] where config.has(key) { fields[key] = config.json(key) }
    self.config = fields
  }

  /// Whether a class is one that this program computes, or one that it refuses with a reason.
  static func knows(_ className: String) -> Bool {
    OperationNames.refusal(of: className) != nil || BackendFunction.all[OperationNames.function(of: className)] != nil
  }

  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    var all: OrderedDictionary<String, CallValue> = [:]
    for (key, json) in config {
      guard let value = CallValue(constant: json) else {
        throw ModelError(.unsupported("the field '\(key)' of the operation \(className) is \(json.text())"))
      }
      // A policy stands among the fields of every operation; only some have a type to choose.
      if key == "dtype", !OperationNames.choosesType(className) { continue }
      all[key] = value
    }
    if className == "GetItem" {
      guard positional.count + keywords.count == 2 else { throw ModelError(.missingField("key")) }
      return try PythonOperators.item(
        positional.first ?? keywords["x"] ?? .none, positional.dropFirst().first ?? keywords["key"] ?? .none, &context)
    }
    for (key, value) in keywords { all[key] = value }
    var positional = positional
    if className == "Einsum", let subscripts = all.removeValue(forKey: "subscripts") {
      positional.insert(subscripts, at: 0)
    } else if let names = OperationNames.callParameters[className] {
      for (name, value) in zip(names, positional) { all[name] = value }
      positional = Array(positional.dropFirst(names.count))
    }
    return try BackendFunction.call(
      OperationNames.function(of: className), positional, all, writtenAs: className, &context)
  }
}
