/// The fields of one protocol message, found without a description of it.
///
/// For the few values that lie deep in a SavedModel's function graphs, which are not decoded as a whole.
struct ProtocolFields {
  private let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// Visits each field in stored order, with its number and its content or value, up to what is no field.
  func forEach(_ visit: (_ number: Int, _ content: ArraySlice<UInt8>?, _ value: UInt64) -> Void) {
    var cursor = ByteCursor(bytes)
    while !cursor.isAtEnd {
      guard let tag = cursor.varint() else { return }
      switch tag & 7 {
      case 0:
        guard let value = cursor.wideVarint() else { return }
        visit(tag >> 3, nil, value)
      case 1:
        guard let value = cursor.fixed(8) else { return }
        visit(tag >> 3, nil, value)
      case 2:
        guard let length = cursor.varint(), let content = cursor.take(length) else { return }
        visit(tag >> 3, content, 0)
      case 5:
        guard let value = cursor.fixed(4) else { return }
        visit(tag >> 3, nil, value)
      default: return
      }
    }
  }

  /// The contents of all fields of a number: messages, texts or packed numbers.
  func contents(_ wanted: Int) -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    forEach { number, content, _ in if number == wanted, let content { found.append(content) } }
    return found
  }

  func message(_ wanted: Int) -> ProtocolFields? { contents(wanted).last.map { ProtocolFields($0) } }
  func messages(_ wanted: Int) -> [ProtocolFields] { contents(wanted).map { ProtocolFields($0) } }
  func text(_ wanted: Int) -> String? { contents(wanted).last.map { String(decoding: $0, as: UTF8.self) } }

  /// Repeated numbers, packed or not.
  func numbers(_ wanted: Int) -> [Int64] {
    var found: [Int64] = []
    forEach { number, content, value in
      guard number == wanted else { return }
      guard let content else {
        found.append(Int64(bitPattern: value))
        return
      }
      var packed = ByteCursor(content)
      while let value = packed.wideVarint() { found.append(Int64(bitPattern: value)) }
    }
    return found
  }
}
