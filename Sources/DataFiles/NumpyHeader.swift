import KerasCore

/// The header of a `.npy` file: element type, memory order and shape (NumPy's format versions 1 to 3).
struct NumpyHeader: Sendable {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  var elementType: NumpyElementType
  var isFortranOrder: Bool
  var shape: [Int]
  /// Where the elements begin.
  var dataStart: Int

  init(elementType: NumpyElementType, isFortranOrder: Bool, shape: [Int], dataStart: Int) {
    self.elementType = elementType
    self.isFortranOrder = isFortranOrder
    self.shape = shape
    self.dataStart = dataStart
  }

  init(_ bytes: [UInt8]) throws(DataFileError.Cause) {
    guard bytes.count >= 10, bytes.starts(with: Self.magic) else { throw .notNumpy }
    let isShort = bytes[6] == 1
    guard (1...3).contains(bytes[6]) else { throw .damaged("format version \(bytes[6])") }
    let start = isShort ? 10 : 12
    guard bytes.count >= start else { throw .damaged("the header ends early") }
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - start else { throw .damaged("the header ends early") }
    var parser = PythonLiteral(text: Array(bytes[start..<(start + length)]))
    guard let fields = parser.dictionary() else { throw .damaged("the header is not understood") }
    guard case .text(let descriptor) = fields["descr"] else { throw .unsupportedType("record") }
    guard case .bool(let isFortranOrder) = fields["fortran_order"], case .tuple(let shape) = fields["shape"],
      checkedProduct(shape) != nil
    else { throw .damaged("the header lacks fortran_order or shape") }
    guard let type = NumpyElementType(descriptor) else { throw .unsupportedType("'\(descriptor)'") }
    self.elementType = type
    self.isFortranOrder = isFortranOrder
    self.shape = shape
    dataStart = start + length
  }

  /// A header of version 1, or 3 if it does not fit, padded so that the elements begin at a multiple of 64.
  static func bytes(descriptor: String, shape: [Int]) -> [UInt8] {
    let dimensions = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(dimensions)), }".utf8)
    let isShort = text.count + 64 < 0x10000
    let prefix = isShort ? 10 : 12
    text += [UInt8](repeating: 0x20, count: 63 - (prefix + text.count) % 64) + [0x0a]
    let length = UInt32(text.count)
    let lengthBytes = (0..<(isShort ? 2 : 4)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return magic + [isShort ? 1 : 3, 0] + lengthBytes + text
  }
}

/// The little of Python's literals that a `.npy` header consists of.
private struct PythonLiteral {
  enum Value {
    case text(String)
    case bool(Bool)
    case tuple([Int])
    case other
  }

  let text: [UInt8]
  var position = 0

  init(text: [UInt8]) { self.text = text }

  mutating func dictionary() -> [String: Value]? {
    guard take("{") else { return nil }
    var members: [String: Value] = [:]
    while !take("}") {
      guard let key = string(), take(":"), let value = value() else { return nil }
      members[key] = value
      if !take(","), !peek("}") { return nil }
    }
    return members
  }

  private mutating func value() -> Value? {
    if peek("'") || peek("\"") { return string().map { .text($0) } }
    if peek("(") { return tuple().map { .tuple($0) } }
    if peek("[") {
      // A record type: a list of fields, which may nest; only its end matters.
      var depth = 0
      repeat {
        guard position < text.count else { return nil }
        if text[position] == UInt8(ascii: "[") { depth += 1 }
        if text[position] == UInt8(ascii: "]") { depth -= 1 }
        position += 1
      } while depth > 0
      return .other
    }
    for (word, value) in [("True", true), ("False", false)] where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return .bool(value)
    }
    return nil
  }

  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var elements: [Int] = []
    while !take(")") {
      guard let element = integer() else { return nil }
      elements.append(element)
      if !take(","), !peek(")") { return nil }
    }
    return elements
  }

  private mutating func integer() -> Int? {
    skipSpace()
    let digits = text[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    position = digits.endIndex
    // Python 2 wrote long integers with a suffix.
    _ = take("L")
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private mutating func string() -> String? {
    skipSpace()
    guard position < text.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[position]) else { return nil }
    let quote = text[position]
    let content = text[(position + 1)...].prefix { $0 != quote }
    guard content.endIndex < text.count else { return nil }
    position = content.endIndex + 1
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x0a, 0x09].contains(text[position]) { position += 1 }
  }

  private mutating func peek(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    return position < text.count && UInt32(text[position]) == character.value
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek(character) else { return false }
    position += 1
    return true
  }
}
