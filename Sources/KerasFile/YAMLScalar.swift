import KerasCore

/// What plain scalars mean to PyYAML (`resolver.py`, `constructor.py` of PyYAML 3 to 5), which follows YAML 1.1.
enum YAMLScalar {
  static func resolved(_ text: String) -> JSON {
    if ["", "~", "null", "Null", "NULL"].contains(text) { return .null }
    if let value = boolean(text) { return .bool(value) }
    if let value = integer(text) { return value }
    if let value = float(text) { return .number(value) }
    return .string(text)
  }

  static func boolean(_ text: String) -> Bool? {
    // Only these ways of writing: `yEs` is a text.
    guard
      text == text.lowercased() || text == text.uppercased() || text == text.prefix(1) + text.dropFirst().lowercased()
    else { return nil }
    return switch text.lowercased() {
    case "yes", "true", "on": true
    case "no", "false", "off": false
    default: nil
    }
  }

  /// Decimal, `0b1`, `0x1f`, octal `017`, or sexagesimal `1:30`; a float if it has over 64 bits.
  static func integer(_ text: String) -> JSON? {
    var digits = Substring(text)
    let isNegative = digits.first == "-"
    if isNegative || digits.first == "+" { digits = digits.dropFirst() }
    guard let first = digits.utf8.first, isDigit(first) else { return nil }
    let plain = digits.replacing("_", with: "")
    let sign = isNegative ? "-" : ""
    if digits.hasPrefix("0b") || digits.hasPrefix("0x") {
      return Int64(sign + plain.dropFirst(2), radix: digits.hasPrefix("0b") ? 2 : 16).map { .integer($0) }
    }
    if digits.contains(":") { return sexagesimal(digits).map { .integer(isNegative ? -$0 : $0) } }
    guard plain.utf8.allSatisfy(isDigit) else { return nil }
    if digits.utf8.count > 1, first == UInt8(ascii: "0") {
      return Int64(sign + plain, radix: 8).map { .integer($0) }
    }
    return Int64(sign + plain).map { .integer($0) } ?? Double(sign + plain).map { .number($0) }
  }

  /// With a point; an exponent needs its sign: `1e-05` is a text to PyYAML, which writes `1.0e-05`.
  static func float(_ text: String) -> Double? {
    var digits = Substring(text)
    let isNegative = digits.first == "-"
    if isNegative || digits.first == "+" { digits = digits.dropFirst() }
    switch digits {
    case ".inf", ".Inf", ".INF": return isNegative ? -.infinity : .infinity
    case ".nan", ".NaN", ".NAN": return digits == Substring(text) ? .nan : nil
    default: break
    }
    guard let point = digits.firstIndex(of: ".") else { return nil }
    let whole = digits[..<point].replacing("_", with: "")
    var fraction = digits[digits.index(after: point)...]
    var exponent = ""
    if let mark = fraction.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      let power = fraction[fraction.index(after: mark)...]
      guard let sign = power.first, sign == "-" || sign == "+", power.count > 1,
        power.dropFirst().utf8.allSatisfy(isDigit)
      else { return nil }
      exponent = "e" + power
      fraction = fraction[..<mark]
    }
    let tail = fraction.replacing("_", with: "")
    guard whole.utf8.allSatisfy(isDigit), tail.utf8.allSatisfy(isDigit), !(whole.isEmpty && tail.isEmpty) else {
      return nil
    }
    let value = Double("\(whole.isEmpty ? "0" : whole).\(tail.isEmpty ? "0" : tail)\(exponent)")
    return value.map { isNegative ? -$0 : $0 }
  }

  private static func sexagesimal(_ text: Substring) -> Int64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 1, text.first != "0" else { return nil }
    var value: Int64 = 0
    for (index, part) in parts.enumerated() {
      let digits = index == 0 ? part.replacing("_", with: "")[...] : part
      guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit), let number = Int64(digits),
        index == 0 || number < 60 && digits.utf8.count <= 2
      else { return nil }
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 60)
      let (sum, carry) = shifted.addingReportingOverflow(number)
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
