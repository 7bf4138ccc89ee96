import Foundation
import OrderedCollections

/// Python's texts: what functions build messages and names from, and choose by.
enum PythonText {
  /// A text of what is known only when the model runs: it can be printed and joined, not compared.
  static let unknown = CallValue.name("<a text of what is known only when the model runs>")
  private static let longest = 10_000

  /// `str` or `repr` of a constant; `nil` for what is known only when the model runs.
  static func text(of value: CallValue, isRepresentation: Bool = false) -> String? {
    switch value {
    case .none: return "None"
    case .bool(let flag): return flag ? "True" : "False"
    case .int(let number): return "\(number)"
    case .float(let number):
      if number.isNaN { return "nan" }
      return number.isInfinite ? (number < 0 ? "-inf" : "inf") : "\(number)"
    case .string(let text):
      guard isRepresentation else { return text }
      // How Python writes quotes inside quotes is not told here.
      return text.contains(where: { $0 == "'" || $0 == "\\" || $0.isNewline }) ? nil : "'\(text)'"
    default: return nil
    }
  }

  /// A value by a format's specification: `>8.3f`; `nil` for one without a meaning here.
  static func formatted(_ value: CallValue, _ specification: String) -> String? {
    let pattern = /(?:(.)?([<>^]))?([+ ])?(0)?([0-9]{1,3})?(?:\.([0-9]{1,2}))?([sdfeEgG%])?/
    guard let match = try? pattern.wholeMatch(in: specification), let plain = text(of: value) else { return nil }
    let (_, fill, align, sign, zero, width, precision, type) = match.output
    guard zero == nil || align == nil else { return nil }
    var body = plain
    let isNumber = value.double != nil
    switch type.map(String.init) {
    case "d":
      guard case .int = value, precision == nil else { return nil }
    case let type? where type != "s":
      guard let number = value.double else { return nil }
      let scaled = type == "%" ? number * 100 : number
      body = String(format: "%.\(precision ?? "6")\(type == "%" ? "f" : type)", scaled) + (type == "%" ? "%" : "")
    default:
      if let precision {
        guard case .string = value, let count = Int(precision) else { return nil }
        body = String(plain.prefix(count))
      }
    }
    if let sign, isNumber, !body.hasPrefix("-") { body = sign + body }
    let missing = (width.flatMap { Int($0) } ?? 0) - body.count
    guard missing > 0 else { return body }
    if zero != nil {
      let head = body.hasPrefix("-") || body.hasPrefix("+") ? 1 : 0
      return body.prefix(head) + String(repeating: "0", count: missing) + body.dropFirst(head)
    }
    func filling(_ count: Int) -> String { String(repeating: fill.map(String.init) ?? " ", count: count) }
    switch align ?? (isNumber ? ">" : "<") {
    case ">": return filling(missing) + body
    case "^": return filling(missing / 2) + body + filling(missing - missing / 2)
    default: return body + filling(missing)
    }
  }

  /// `pattern % values`.
  static func filled(_ pattern: String, _ values: [CallValue]) -> CallValue {
    var rest = values[...]
    var isUnknown = false
    let parts = filled(pattern, /%(?:%|(-)?(0?[0-9]{0,3}(?:\.[0-9]{1,2})?)([sdifgr]))/, marks: "%") { output in
      guard let type = output.3 else { return "%" }
      guard let value = rest.popFirst() else { return nil }
      var (shown, specification) = (value, String(output.2 ?? ""))
      if type == "s" || type == "r" {
        guard let text = text(of: value, isRepresentation: type == "r") else {
          isUnknown = true
          return ""
        }
        if !specification.isEmpty { specification = (output.1 == nil ? ">" : "<") + specification }
        shown = .string(text)
      } else {
        specification += type == "i" ? "d" : type
      }
      return formatted(shown, specification)
    }
    guard let parts, !isUnknown, rest.isEmpty else { return unknown }
    return .string(parts)
  }

  /// `pattern.format(…)` with fields by place or by name.
  private static func format(
    _ pattern: String, _ arguments: [CallValue], _ keywords: OrderedDictionary<String, CallValue>
  ) -> CallValue {
    var next = 0
    let text = filled(pattern, /(\{\{|\}\})|\{([A-Za-z0-9_]*)(?::([^{}]*))?\}/, marks: "{}") { output in
      if let brace = output.1 { return String(brace.prefix(1)) }
      let field = String(output.2 ?? "")
      let index = field.isEmpty ? next : Int(field)
      if field.isEmpty { next += 1 }
      let value = index.map { arguments.indices.contains($0) ? arguments[$0] : nil } ?? keywords[field]
      return value.flatMap { formatted($0, String(output.3 ?? "")) }
    }
    return text.map { .string($0) } ?? unknown
  }

  /// A pattern with its fields filled in; `nil` if one cannot be, or a mark stands outside of them.
  private static func filled<Output>(
    _ pattern: String, _ field: Regex<Output>, marks: String, _ fill: (Output) -> String?
  ) -> String? {
    var result = ""
    var place = pattern.startIndex
    for match in pattern.matches(of: field) {
      let literal = pattern[place..<match.range.lowerBound]
      guard !literal.contains(where: { marks.contains($0) }), let text = fill(match.output) else { return nil }
      result += literal + text
      guard result.count <= longest else { return nil }
      place = match.range.upperBound
    }
    let literal = pattern[place...]
    return literal.contains(where: { marks.contains($0) }) ? nil : result + literal
  }

  /// A method of a constant text; `nil` for one without a meaning here.
  static func method(
    _ text: String, _ name: String, _ arguments: [CallValue], _ keywords: OrderedDictionary<String, CallValue>
  ) -> CallValue? {
    if name == "format" { return format(text, arguments, keywords) }
    guard keywords.isEmpty else { return nil }
    if name == "join", arguments.count == 1 { return joined(arguments[0], by: text) }
    let texts = arguments.compactMap { if case .string(let text) = $0 { text } else { nil } }
    guard texts.count == arguments.count else { return nil }
    switch (name, texts.count) {
    case ("lower", 0): return .string(text.lowercased())
    case ("upper", 0): return .string(text.uppercased())
    case ("strip", 0): return .string(text.trimmingCharacters(in: .whitespacesAndNewlines))
    case ("startswith", 1): return .bool(texts[0].isEmpty || text.hasPrefix(texts[0]))
    case ("endswith", 1): return .bool(texts[0].isEmpty || text.hasSuffix(texts[0]))
    case ("replace", 2) where !texts[0].isEmpty && text.count * (texts[1].count + 1) <= longest:
      return .string(text.replacingOccurrences(of: texts[0], with: texts[1]))
    case ("split", 0): return .sequence(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
    case ("split", 1) where !texts[0].isEmpty:
      return .sequence(text.components(separatedBy: texts[0]).map { .string($0) })
    default: return nil
    }
  }

  private static func joined(_ list: CallValue, by text: String) -> CallValue? {
    let parts = list.elements ?? []
    let texts = parts.compactMap { if case .string(let text) = $0 { text } else { nil } }
    guard list.elements != nil, texts.count == parts.count,
      texts.reduce(0, { $0 + $1.count + text.count }) <= longest
    else { return nil }
    return .string(texts.joined(separator: text))
  }
}
