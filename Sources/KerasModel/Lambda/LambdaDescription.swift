import KerasCore
import PythonCode

/// What can be said of a Lambda layer without executing it.
struct LambdaDescription {
  let object: JSON

  init(_ object: JSON) { self.object = object }

  /// The function's name, the size and Python version of its byte code, and its arguments' defaults, where the file shows
  /// them.
  var details: [String] {
    let config = object["config"] ?? .null
    let function = config["function"] ?? .null
    var parts: [String] = []
    if let name = function.stringValue {
      parts.append("it calls the function '\(name)'")
    } else {
      let code = function[0]?.stringValue ?? function["config"]?["code"]?.stringValue
      if let code {
        let bytes = Self.bytes(of: code)
        parts.append("its byte code has \(bytes.count) bytes")
        if let code = try? CodeObject(marshalled: bytes) {
          parts.append("written by Python \(Self.python(code.possibleReleases()) ?? code.layout.rawValue)")
          parts.append("its function is '\(code.name)' of \(code.fileName), line \(code.firstLine)")
        }
      }
      let name = function["config"]?["name"]?.stringValue ?? function["config"]?.stringValue
      if let name { parts.append("its function is named '\(name)'") }
      let defaults = function[1] ?? function["config"]?["defaults"] ?? .null
      if !defaults.isNull { parts.append("its arguments have the defaults \(defaults.text())") }
    }
    if let arguments = config["arguments"]?.objectValue, !arguments.isEmpty {
      parts.append("it is given the arguments \(JSON.object(arguments).text())")
    }
    return parts
  }

  /// Releases whose code is the same, the earliest first: `3.4 or 3.5`.
  static func python(_ releases: [PythonRelease]) -> String? {
    releases.isEmpty ? nil : releases.sorted().map(\.rawValue).joined(separator: " or ")
  }

  /// The bytes of marshalled code as Keras saved it: one character each before 2.1.3, then base64.
  static func bytes(of text: String) -> [UInt8] {
    let isPlain = text.unicodeScalars.contains { $0.value < 0x0a || $0.value > 0x7f }
    if !isPlain, let bytes = bytes(ofBase64: text) { return bytes }
    return text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
  }

  /// The bytes of a base64 text, which Python breaks into lines.
  static func bytes(ofBase64 text: String) -> [UInt8]? {
    var result: [UInt8] = []
    var bits = 0
    var count = 0
    for byte in text.utf8 {
      let value: Int
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = Int(byte) - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = Int(byte) - 71
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = Int(byte) + 4
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "): continue
      default: return nil
      }
      bits = bits << 6 | value
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(bits >> count & 0xff))
        bits &= (1 << count) - 1
      }
    }
    return result
  }
}
