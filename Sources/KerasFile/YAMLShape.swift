/// A look at a YAML text before it is parsed, for what a recursive parser must not meet.
///
/// The parser follows nesting on the stack, and compares keys with all that they contain: an alias in a key could stand
/// for billions of values. No Keras text has either.
enum YAMLShape {
  private static let maximumFlowDepth = 64
  /// The widest run of indentation and block marks at the start of a line, which bounds how deep blocks are nested.
  private static let maximumIndent = 256

  /// Why the text is not parsed; `nil` if it may be.
  static func refusal(_ bytes: [UInt8]) -> String? {
    var brackets: [UInt8] = []
    var isLineStart = true
    var position = 0
    /// The last byte that was no space, and whether an alias has just ended.
    var previous: UInt8 = 0x0a
    var isAfterAlias = false
    while position < bytes.count {
      if isLineStart {
        let run = bytes[position...].prefix {
          [0x20, UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":")].contains($0)
        }
        guard run.count <= maximumIndent else { return "its blocks are nested too deep" }
        isLineStart = false
      }
      let byte = bytes[position]
      let isTokenStart = position == 0 || [0x20, 0x0a, 0x0d, 0x5b, 0x7b, 0x2c].contains(bytes[position - 1])
      switch byte {
      case UInt8(ascii: "'") where isTokenStart, UInt8(ascii: "\"") where isTokenStart:
        position = endOfQuote(bytes, from: position)
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        brackets.append(byte)
        guard brackets.count <= maximumFlowDepth else { return "its lists are nested too deep" }
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        if isAfterAlias, byte == UInt8(ascii: "}"), previous == UInt8(ascii: "{") { return "an alias is a key" }
        _ = brackets.popLast()
      case UInt8(ascii: ":"):
        if isAfterAlias { return "an alias is a key" }
        if previous == UInt8(ascii: "]") || previous == UInt8(ascii: "}") { return "a list is a key" }
      case UInt8(ascii: "?") where isTokenStart:
        let next = position + 1 < bytes.count ? bytes[position + 1] : 0x20
        if [0x20, 0x0a, 0x0d].contains(next), startsCollection(bytes[(position + 1)...]) { return "a list is a key" }
      case UInt8(ascii: "*") where isTokenStart:
        if previous == UInt8(ascii: "{") || previous == UInt8(ascii: "?")
          || previous == UInt8(ascii: ",") && brackets.last == UInt8(ascii: "{")
        {
          return "an alias is a key"
        }
        while position + 1 < bytes.count, isName(bytes[position + 1]) { position += 1 }
        isAfterAlias = true
        position += 1
        continue
      case 0x0a: isLineStart = true
      default: break
      }
      if ![0x20, 0x0a, 0x0d].contains(byte) {
        previous = byte
        isAfterAlias = false
      }
      position += 1
    }
    return nil
  }

  /// Whether anything but a plain or quoted text follows.
  private static func startsCollection(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first(where: { ![0x20, 0x0a, 0x0d].contains($0) }) else { return false }
    return [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "&")].contains(
      first)
  }

  /// The closing quote, or the text's end.
  private static func endOfQuote(_ bytes: [UInt8], from start: Int) -> Int {
    let quote = bytes[start]
    var position = start + 1
    while position < bytes.count, bytes[position] != quote {
      position += bytes[position] == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"") ? 2 : 1
    }
    return min(position, bytes.count)
  }

  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
