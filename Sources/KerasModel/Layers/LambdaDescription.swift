import KerasCore

/// What can be said of a Lambda layer without executing it.
struct LambdaDescription {
  let object: JSON

  init(_ object: JSON) { self.object = object }

  /// Says why the layer is refused, with the function's name and the size of its byte code where the file shows them.
  var text: String {
    let function = object["config"]?["function"] ?? .null
    var parts = ["a Lambda layer holds Python code, which is never executed"]
    if let name = function.stringValue {
      parts.append("it calls the function '\(name)'")
    } else {
      let code = function[0]?.stringValue ?? function["config"]?["code"]?.stringValue
      if let code { parts.append("its byte code has \(Self.size(ofBase64: code)) bytes") }
      let name = function["config"]?["name"]?.stringValue ?? function["config"]?.stringValue
      if let name { parts.append("its function is named '\(name)'") }
    }
    return parts.joined(separator: "; ")
  }

  private static func size(ofBase64 text: String) -> Int {
    let digits = text.utf8.count { !($0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "=")) }
    return digits / 4 * 3 + digits % 4 * 3 / 4
  }
}
