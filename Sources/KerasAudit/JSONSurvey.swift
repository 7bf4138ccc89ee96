/// What a JSON text is like as a text: how deep, how long, and whether keys come twice.
///
/// Read front to back without recursion, so that no depth can hurt; whether the text is valid is for the parser to say.
public struct JSONSurvey: Sendable {
  public private(set) var depth = 0
  /// Bytes.
  public private(set) var size = 0
  /// Keys that an object has twice or more, each once.
  public private(set) var repeatedKeys: [String] = []

  public init(_ bytes: [UInt8]) {
    size = bytes.count
    var objects: [Set<String>?] = []
    var found: Set<String> = []
    var position = 0
    // A text in an object is a key where a colon follows it.
    var last: Range<Int>?
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "{"):
        objects.append([])
        depth = max(depth, objects.count)
      case UInt8(ascii: "["):
        objects.append(nil)
        depth = max(depth, objects.count)
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = objects.popLast()
      case UInt8(ascii: "\""):
        let start = position + 1
        position = Self.endOfText(bytes, from: start)
        last = start..<min(position, bytes.count)
      case UInt8(ascii: ":"):
        if let key = last, let level = objects.indices.last, objects[level] != nil {
          let name = String(decoding: bytes[key], as: UTF8.self)
          if objects[level]?.insert(name).inserted == false, found.insert(name).inserted { repeatedKeys.append(name) }
        }
        last = nil
      default: break
      }
      position += 1
    }
  }

  private static func endOfText(_ bytes: [UInt8], from start: Int) -> Int {
    var position = start
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    return position
  }
}
