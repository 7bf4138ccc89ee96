import KerasCore
import OrderedCollections

extension JSON {
  /// Calls `body` for every object of the document with its pointer, outer ones first.
  func visitObjects(
    at pointer: JSONPointer = JSONPointer(), _ body: (OrderedDictionary<String, JSON>, JSONPointer) -> Void
  ) {
    switch self {
    case .object(let members):
      body(members, pointer)
      for (key, value) in members { value.visitObjects(at: pointer.appending(key), body) }
    case .array(let elements):
      for (index, element) in elements.enumerated() { element.visitObjects(at: pointer.appending(index), body) }
    default: break
    }
  }
}

extension AuditSubject {
  /// Every object of the saved config, with its pointer and the path of the layer it belongs to.
  func visitSaved(_ body: (OrderedDictionary<String, JSON>, JSONPointer, String?) -> Void) {
    source.config?.visitObjects { members, pointer in body(members, pointer, owner(of: pointer)?.path) }
  }

  /// The innermost layer whose saved object contains `pointer`.
  ///
  /// An InputLayer that the upgrade made from the first layer's `batch_input_shape` shares that layer's place.
  func owner(of pointer: JSONPointer) -> AuditedLayer? {
    layers.filter { pointer.components.starts(with: $0.pointer.components) && $0.className != "InputLayer" }
      .max { $0.pointer.components.count < $1.pointer.components.count }
  }
}
