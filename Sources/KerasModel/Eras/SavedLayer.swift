import KerasCore
import OrderedCollections

/// A layer (or model) as its file has it, with where its fields stand.
struct SavedLayer {
  var className: String
  /// The user's name; `nil` where the file has none.
  var name: String?
  var fields: OrderedDictionary<String, JSON>
  /// The layers of a Sequential of Keras 1 to 2.2.2, whose config is a list.
  var list: [JSON]?
  var inboundNodes: JSON?
  /// The module of an operation of Keras 3; `nil` for layers.
  var operationModule: String?
  var pointer: JSONPointer
  var fieldsPointer: JSONPointer

  /// Reads `{"class_name", "config"}`, or Keras 0's flat form; throws `malformedConfig` for anything else.
  init(_ json: JSON, at pointer: JSONPointer) throws(ModelError) {
    guard let object = json.objectValue else {
      throw ModelError(.malformedConfig("a layer's config should be an object, received \(json.kind) at \(pointer)"))
    }
    self.pointer = pointer
    if let className = LayerRegistry.className(of: json) {
      self.className = className
      fieldsPointer = pointer.appending("config")
      list = object["config"]?.arrayValue
      fields = object["config"]?.objectValue ?? [:]
      name = object["name"]?.stringValue ?? fields["name"]?.stringValue
      inboundNodes = object["inbound_nodes"]
      operationModule = object["module"]?.stringValue.flatMap { OperationNode.owns(module: $0) ? $0 : nil }
      // Keras 3's HDF5 leaves the module out: `x + 3` is an `Add` there too, which as a layer would lose the 3. A layer's
      // config always says whether it is trainable, an operation's never.
      if object["module"] == nil, fields["trainable"] == nil, inboundNodes?[0]?["args"] != nil,
        OperationNode.knows(className)
      {
        operationModule = "keras.src.ops.numpy"
      }
    } else if let className = object["name"]?.stringValue {
      self.className = className
      fieldsPointer = pointer
      fields = object
      fields["name"] = nil
      name = object["custom_name"]?.stringValue
    } else {
      throw ModelError(.malformedConfig("an object without 'class_name' stands where a layer should be, at \(pointer)"))
    }
  }

  /// The layers of a model, each with its pointer; `nil` if this is no model.
  var layers: [(json: JSON, pointer: JSONPointer)]? {
    if let list { return list.enumerated().map { ($1, fieldsPointer.appending($0)) } }
    guard let layers = fields["layers"]?.arrayValue else { return nil }
    let base = fieldsPointer.appending("layers")
    return layers.enumerated().map { ($1, base.appending($0)) }
  }

  var isSequential: Bool { className == "Sequential" }

  var isModel: Bool {
    isSequential
      || ["Model", "Functional", "Container", "Network"].contains(className) && fields["layers"]?.arrayValue != nil
      || className == "Graph" && fields["nodes"] != nil
  }

  /// Keras' own name for an unnamed layer: the class in snake case.
  static func snakeCase(_ className: String) -> String {
    // Saved by its public name, stored by its own.
    if className == "GroupQueryAttention" { return "grouped_query_attention" }
    var result = ""
    let characters = Array(className)
    for (index, character) in characters.enumerated() {
      let startsWord =
        character.isUppercase && index > 0
        && (characters[index - 1].isLowercase
          || index + 1 < characters.count && characters[index + 1].isLowercase && !characters[index - 1].isNumber)
      if startsWord { result += "_" }
      result += character.lowercased()
    }
    return result
  }
}

extension JSONPointer {
  /// Reads RFC 6901's text form, as `description` writes it.
  init(parsing text: String) {
    self.init(
      text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
        String($0).replacing("~1", with: "/").replacing("~0", with: "~")
      })
  }
}
