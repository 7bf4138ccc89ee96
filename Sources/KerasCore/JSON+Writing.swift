extension JSON {
  /// The value as JSON text in key order; `indent` spaces per level, or one line if `nil`, spaced as Python's `json.dumps`.
  public func text(indent: Int? = nil) -> String {
    var output = ""
    write(to: &output, indent: indent, level: 0)
    return output
  }

  private func write(to output: inout String, indent: Int?, level: Int) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .integer(let value): output += String(value)
    case .number(let value): output += JSON.text(of: value)
    case .string(let value): JSON.write(value, to: &output)
    case .array(let elements):
      JSON.writeList(elements, "[", "]", to: &output, indent: indent, level: level) { element, output in
        element.write(to: &output, indent: indent, level: level + 1)
      }
    case .object(let members):
      JSON.writeList(members.elements, "{", "}", to: &output, indent: indent, level: level) { member, output in
        JSON.write(member.key, to: &output)
        output += ": "
        member.value.write(to: &output, indent: indent, level: level + 1)
      }
    }
  }

  private static func writeList<Items: Collection>(
    _ items: Items, _ opening: String, _ closing: String, to output: inout String, indent: Int?, level: Int,
    _ body: (Items.Element, inout String) -> Void
  ) {
    output += opening
    var isFirst = true
    for item in items {
      if !isFirst { output += indent == nil ? ", " : "," }
      isFirst = false
      if let indent { output += "\n" + String(repeating: " ", count: indent * (level + 1)) }
      body(item, &output)
    }
    if let indent, !isFirst { output += "\n" + String(repeating: " ", count: indent * level) }
    output += closing
  }

  /// A float that reads back as a float in Python, to the same value.
  private static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return value.description
  }

  private static func write(_ string: String, to output: inout String) {
    output += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7f {
          let digits = String(scalar.value, radix: 16)
          output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          output.unicodeScalars.append(scalar)
        }
      }
    }
    output += "\""
  }
}
