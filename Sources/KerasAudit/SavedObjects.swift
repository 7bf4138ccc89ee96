import KerasCore
import OrderedCollections

/// An object of a saved text, wherever it stands: in the architecture, the training config, or a JSON text inside a string.
struct SavedObject {
  let members: OrderedDictionary<String, JSON>
  let location: SourceLocation
  /// Of the object, or of the string it stands in, within the architecture; `nil` in the training config.
  let pointer: JSONPointer?

  /// `class_name`, or what Keras 0 has in its place.
  var className: String? {
    if let name = members["class_name"]?.stringValue { return name }
    return members["class_name"] == nil && members["module"] == nil ? members["name"]?.stringValue : nil
  }

  /// The object's fields; of Keras 0 they stand beside the class.
  var fields: OrderedDictionary<String, JSON> { members["config"]?.objectValue ?? members }
}

extension AuditSubject {
  /// Texts inside strings are followed this deep.
  private static let maximumTexts = 4
  private static let maximumStringSize = 16 << 20

  /// Every object of the architecture and the training config, and of JSON texts in their strings.
  func visitTexts(_ body: (SavedObject) -> Void) {
    if let config = source.config {
      visit(config, JSONPointer(), texts: 0) { members, pointer in
        body(SavedObject(members: members, location: location(pointer), pointer: pointer))
      }
    }
    // An archive's training config is a part of its config.
    guard let training = source.trainingConfig, !source.trainingConfigContainer.hasPrefix(source.configContainer + "#")
    else { return }
    visit(training, JSONPointer(), texts: 0) { members, pointer in
      body(SavedObject(members: members, location: trainingLocation(pointer), pointer: nil))
    }
  }

  private func visit(
    _ json: JSON, _ pointer: JSONPointer, texts: Int, _ body: (OrderedDictionary<String, JSON>, JSONPointer) -> Void
  ) {
    switch json {
    case .object(let members):
      body(members, pointer)
      for (key, value) in members { visit(value, pointer.appending(key), texts: texts, body) }
    case .array(let elements):
      for (index, element) in elements.enumerated() { visit(element, pointer.appending(index), texts: texts, body) }
    case .string(let text):
      guard texts < Self.maximumTexts, let inner = Self.innerText(text) else { return }
      // A pointer leads to the string, not into it.
      visit(inner, JSONPointer(), texts: texts + 1) { members, _ in body(members, pointer) }
    default: break
    }
  }

  /// A JSON object or list in a string.
  private static func innerText(_ text: String) -> JSON? {
    let utf8 = text.utf8
    guard utf8.count > 16, utf8.count <= maximumStringSize,
      let first = utf8.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    else { return nil }
    return try? JSON(parsing: text)
  }

  /// The path of the layer that an object belongs to.
  func layer(of object: SavedObject) -> String? { object.pointer.flatMap { owner(of: $0)?.path } }
}
