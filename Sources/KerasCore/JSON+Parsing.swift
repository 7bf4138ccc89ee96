import OrderedCollections

/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: String, Sendable {
    case unexpectedEnd = "the text ends in the middle of a value"
    case unexpectedCharacter = "unexpected character"
    case invalidString = "invalid string"
    case invalidNumber = "invalid number"
    case tooDeep = "nested too deeply"
    case trailingText = "text follows the value"
    case invalidUTF8 = "not valid UTF-8"
  }

  public let cause: Cause
  /// Byte offset in the text.
  public let offset: Int

  public init(cause: Cause, offset: Int) {
    self.cause = cause
    self.offset = offset
  }

  public var description: String { "malformed JSON at byte \(offset): \(cause.rawValue)" }
}

extension JSON {
  /// Reads Python-flavoured JSON: also `NaN`, `Infinity`, `-Infinity`; the last of duplicate keys wins, as in Python.
  public init(parsing text: String, maximumDepth: Int = 512) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), maximumDepth: maximumDepth)
  }

  public init(parsing bytes: [UInt8], maximumDepth: Int = 512) throws(JSONError) {
    var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
    self = try parser.parseDocument()
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  let maximumDepth: Int
  var position = 0

  init(bytes: [UInt8], maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  func error(_ cause: JSONError.Cause) -> JSONError { JSONError(cause: cause, offset: position) }

  mutating func parseDocument() throws(JSONError) -> JSON {
    let value = try parseValue(depth: 0)
    skipWhitespace()
    // Fixed-length HDF5 strings may end in padding zeros.
    while position < bytes.count, bytes[position] == 0 { position += 1 }
    guard position == bytes.count else { throw error(.trailingText) }
    return value
  }

  mutating func skipWhitespace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  mutating func parseValue(depth: Int) throws(JSONError) -> JSON {
    guard depth <= maximumDepth else { throw error(.tooDeep) }
    skipWhitespace()
    guard position < bytes.count else { throw error(.unexpectedEnd) }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try parseObject(depth: depth)
    case UInt8(ascii: "["): return try parseArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case UInt8(ascii: "N"): return try parseWord("NaN", .number(.nan))
    case UInt8(ascii: "I"): return try parseWord("Infinity", .number(.infinity))
    default: return try parseNumber()
    }
  }

  mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let length = word.utf8CodeUnitCount
    guard position + length <= bytes.count else { throw error(.unexpectedEnd) }
    let matches = word.withUTF8Buffer { buffer in
      (0..<length).allSatisfy { buffer[$0] == bytes[position + $0] }
    }
    guard matches else { throw error(.unexpectedCharacter) }
    position += length
    return value
  }

  mutating func parseObject(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var members = OrderedDictionary<String, JSON>()
    skipWhitespace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipWhitespace()
      guard position < bytes.count else { throw error(.unexpectedEnd) }
      guard bytes[position] == UInt8(ascii: "\"") else { throw error(.unexpectedCharacter) }
      let key = try parseString()
      skipWhitespace()
      guard position < bytes.count else { throw error(.unexpectedEnd) }
      guard bytes[position] == UInt8(ascii: ":") else { throw error(.unexpectedCharacter) }
      position += 1
      members[key] = try parseValue(depth: depth + 1)
      if try endsList(with: UInt8(ascii: "}")) { return .object(members) }
    }
  }

  mutating func parseArray(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var elements: [JSON] = []
    skipWhitespace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      elements.append(try parseValue(depth: depth + 1))
      if try endsList(with: UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  mutating func endsList(with closing: UInt8) throws(JSONError) -> Bool {
    skipWhitespace()
    guard position < bytes.count else { throw error(.unexpectedEnd) }
    defer { position += 1 }
    if bytes[position] == closing { return true }
    guard bytes[position] == UInt8(ascii: ",") else { throw error(.unexpectedCharacter) }
    return false
  }

  mutating func parseString() throws(JSONError) -> String {
    position += 1
    var buffer: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let text = String(validating: buffer, as: UTF8.self) else { throw error(.invalidUTF8) }
        return text
      case UInt8(ascii: "\\"):
        position += 1
        try parseEscape(into: &buffer)
      case 0..<0x20: throw error(.invalidString)
      default:
        buffer.append(byte)
        position += 1
      }
    }
    throw error(.unexpectedEnd)
  }

  mutating func parseEscape(into buffer: inout [UInt8]) throws(JSONError) {
    guard position < bytes.count else { throw error(.unexpectedEnd) }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0c)
    case UInt8(ascii: "n"): buffer.append(0x0a)
    case UInt8(ascii: "r"): buffer.append(0x0d)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = try parseHex()
      if (0xd800..<0xdc00).contains(scalar), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      {
        let mark = position
        position += 2
        let low = try parseHex()
        if (0xdc00..<0xe000).contains(low) {
          scalar = 0x10000 + ((scalar - 0xd800) << 10) + (low - 0xdc00)
        } else {
          position = mark
        }
      }
      // A lone surrogate has no UTF-8 form: Python keeps it, we mark its place.
      buffer.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{fffd}").utf8)
    default: throw error(.invalidString)
    }
  }

  mutating func parseHex() throws(JSONError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw error(.unexpectedEnd) }
    let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard let value = UInt32(digits, radix: 16) else { throw error(.invalidString) }
    position += 4
    return value
  }

  mutating func parseNumber() throws(JSONError) -> JSON {
    let start = position
    if bytes[position] == UInt8(ascii: "-") {
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "I") {
        return try parseWord("Infinity", .number(-.infinity))
      }
    }
    var isFloat = false
    scan: while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): position += 1
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
        isFloat = true
        position += 1
      default: break scan
      }
    }
    guard position > start else { throw error(.unexpectedCharacter) }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // An integer too large for Int64 is kept as a number: no field of a Keras config needs its last digits.
    if !isFloat, let value = Int64(text) { return .integer(value) }
    guard
      text.utf8.last.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }) == true,
      let value = Double(text)
    else { throw JSONError(cause: .invalidNumber, offset: start) }
    return .number(value)
  }
}
