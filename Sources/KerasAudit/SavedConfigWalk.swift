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
}
