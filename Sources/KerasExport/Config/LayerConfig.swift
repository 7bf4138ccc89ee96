import KerasCore
import KerasModel
import OrderedCollections

/// One call of a layer in a functional model.
struct CallNode: Sendable {
  var args: JSON
  var kwargs: JSON

  init(args: JSON, kwargs: JSON = [:]) {
    self.args = args
    self.kwargs = kwargs
  }

  var references: [TensorReference] { args.tensorReferences + kwargs.tensorReferences }

  func replacingTensors(_ replacement: (TensorReference) -> JSON) -> CallNode {
    CallNode(args: args.replacingTensors(replacement), kwargs: kwargs.replacingTensors(replacement))
  }
}

/// A layer of a model being written: its class and fields, the model it is if it is one, and its calls.
struct LayerConfig: Sendable {
  /// `keras.layers`, or an operation's own module.
  var module = "keras.layers"
  var className: String
  var name: String
  var fields: OrderedDictionary<String, JSON>
  /// For a nested model.
  var model: ModelConfig?
  var nodes: [CallNode] = []

  init(_ className: String, name: String, fields: OrderedDictionary<String, JSON> = [:]) {
    self.className = className
    self.name = name
    self.fields = fields
  }

  /// Reads a canonical layer object; throws `ExportError.malformed` if it lacks its class or config.
  init(_ json: JSON, path: String) throws(ExportError) {
    guard let className = json["class_name"]?.stringValue, let config = json["config"]?.objectValue else {
      throw ExportError(.malformed("the layer object \(path) has no class_name or config"))
    }
    let name = config["name"]?.stringValue ?? json["name"]?.stringValue ?? className.lowercased()
    self.init(className, name: name, fields: config)
    if let module = json["module"]?.stringValue, module.hasPrefix("keras.src.ops.") { self.module = module }
    if ModelConfig.classes.contains(className) {
      fields = [:]
      model = try ModelConfig(json, path: path.isEmpty ? name : "\(path)/\(name)")
    }
    for node in json["inbound_nodes"]?.arrayValue ?? [] {
      nodes.append(CallNode(args: node["args"] ?? [], kwargs: node["kwargs"] ?? [:]))
    }
  }

  func string(_ field: String) -> String? { fields[field]?.stringValue }

  func ints(_ field: String, count: Int) -> [Int]? {
    guard let value = fields[field] else { return nil }
    if let number = value.intValue { return Array(repeating: number, count: count) }
    let numbers = value.arrayValue?.compactMap(\.intValue)
    return numbers?.count == count ? numbers : nil
  }

  /// Keras 3's object, without `inbound_nodes`.
  var json: JSON {
    if let model { return model.json }
    var config = fields
    config["name"] = .string(name)
    if LayerRegistry.isRegistered(className) {
      // As Keras writes what was registered with `register_keras_serializable`.
      let bare = className.split(separator: ">").last.map(String.init) ?? className
      return [
        "module": nil, "class_name": .string(bare), "config": .object(config), "registered_name": .string(className),
      ]
    }
    return [
      "module": .string(module), "class_name": .string(className), "config": .object(config),
      "registered_name": module == "keras.layers" ? nil : .string(className),
    ]
  }

  /// A layer inside a wrapper's config (`layer`, `backward_layer`), without its calls.
  func inner(_ field: String, path: String) throws(ExportError) -> LayerConfig? {
    guard let json = fields[field], !json.isNull else { return nil }
    return try LayerConfig(json, path: path)
  }
}
