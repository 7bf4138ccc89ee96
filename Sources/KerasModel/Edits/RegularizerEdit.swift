import KerasCore
import OrderedCollections

/// Regularizers to be added to, or removed from, the layers that a pattern matches.
///
/// In text: `dense_*: kernel=l2(1e-4), activity=l1(1e-5)` adds, `dense_*: kernel` removes one, `dense_*` all of a layer's.
/// The fields are Keras 3's: kernel, bias, recurrent, embeddings, beta, gamma, depthwise, pointwise, activity.
public struct RegularizerEdit: Sendable, Hashable {
  public enum Change: Sendable, Hashable {
    case set(OrderedDictionary<String, Regularizer>)
    /// The fields to be cleared; all of a layer's if empty.
    case remove([String])
  }

  /// A layer's path, `encoder/dense_1`, with `*` and `?`.
  public var pattern: String
  public var change: Change

  public init(pattern: String, change: Change) {
    self.pattern = pattern
    self.change = change
  }

  /// Reads `PATTERN: FIELD=REGULARIZER, …`; throws `EditError.syntax`.
  public init(adding text: String) throws(EditError) {
    guard let colon = Self.lastColon(text) else {
      throw .syntax(text, reason: "expected 'layer: kernel=l2(1e-4), activity=l1(1e-5)'")
    }
    pattern = text[..<colon].trimmed
    var fields: OrderedDictionary<String, Regularizer> = [:]
    for part in Self.parts(text[text.index(after: colon)...]) {
      guard let equals = part.firstIndex(of: "=") else {
        throw .syntax(text, reason: "expected field=regularizer, received '\(part)'")
      }
      let field = try Self.field(part[..<equals], in: text)
      guard fields[field] == nil else { throw .syntax(text, reason: "\(field) is given twice") }
      fields[field] = try Regularizer(text: part[part.index(after: equals)...].trimmed)
    }
    guard !pattern.isEmpty, !fields.isEmpty else {
      throw .syntax(text, reason: "expected 'layer: kernel=l2(1e-4), activity=l1(1e-5)'")
    }
    change = .set(fields)
  }

  /// Reads `PATTERN` or `PATTERN: FIELD, …`; throws `EditError.syntax`.
  public init(removing text: String) throws(EditError) {
    guard let colon = Self.lastColon(text) else {
      pattern = text[...].trimmed
      change = .remove([])
      guard !pattern.isEmpty else { throw .syntax(text, reason: "expected a layer's name or pattern") }
      return
    }
    pattern = text[..<colon].trimmed
    var fields: [String] = []
    for part in Self.parts(text[text.index(after: colon)...]) { fields.append(try Self.field(part[...], in: text)) }
    guard !pattern.isEmpty, !fields.isEmpty else { throw .syntax(text, reason: "expected 'layer: kernel, activity'") }
    change = .remove(fields)
  }

  private static func lastColon(_ text: String) -> String.Index? { text.lastIndex(of: ":") }

  /// `kernel` of `kernel` or `kernel_regularizer`.
  private static func field(_ text: Substring, in whole: String) throws(EditError) -> String {
    var name = text.trimmed
    if name.hasSuffix("_regularizer") { name.removeLast("_regularizer".count) }
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0 == "_" }) else {
      throw .syntax(whole, reason: "'\(text.trimmed)' is no field such as kernel, bias or activity")
    }
    return name
  }

  /// The parts between commas that stand outside of parentheses.
  private static func parts(_ text: Substring) -> [String] {
    var parts: [String] = []
    var part = ""
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append(part[...].trimmed)
        part = ""
      } else {
        part.append(character)
      }
    }
    parts.append(part[...].trimmed)
    return parts.filter { !$0.isEmpty }
  }
}

extension Regularizer {
  /// Keras' factor where none is given.
  private static let defaultFactor = 0.01

  /// Reads Keras' own spelling: `l2(1e-4)`, `l1_l2(l1=1e-5, l2=1e-4)`, `orthogonal(0.01, mode=columns)`, or `l2` alone.
  ///
  /// Throws `EditError.syntax` with what is known.
  public init(text: String) throws(EditError) {
    let opening = text.firstIndex(of: "(")
    let name = text[..<(opening ?? text.endIndex)].trimmed.lowercased()
    var arguments: [(key: String?, value: String)] = []
    if let opening {
      guard text.hasSuffix(")") else { throw .syntax(text, reason: "the closing parenthesis is missing") }
      for part in text[text.index(after: opening)...].dropLast().split(separator: ",") {
        let halves = part.split(separator: "=", maxSplits: 1).map(\.trimmed)
        arguments.append(halves.count == 2 ? (halves[0], halves[1]) : (nil, part.trimmed))
      }
    }
    func argument(_ key: String, _ place: Int) -> String? {
      if let named = arguments.first(where: { $0.key == key }) { return named.value }
      return arguments.indices.contains(place) && arguments[place].key == nil ? arguments[place].value : nil
    }
    func factor(_ key: String, _ place: Int, default standard: Double) throws(EditError) -> Double {
      guard let given = argument(key, place) else { return standard }
      guard let number = Double(given), number >= 0, number.isFinite else {
        throw .syntax(text, reason: "\(key) should be a number of at least 0, received '\(given)'")
      }
      return number
    }
    let known: [String]
    switch name {
    case "l1":
      known = ["l1"]
      self = .l1l2(l1: try factor("l1", 0, default: Self.defaultFactor), l2: 0)
    case "l2":
      known = ["l2"]
      self = .l1l2(l1: 0, l2: try factor("l2", 0, default: Self.defaultFactor))
    case "l1_l2", "l1l2":
      known = ["l1", "l2"]
      // A factor left out beside one that is given is 0, as in Keras.
      let standard = arguments.isEmpty ? Self.defaultFactor : 0
      self = .l1l2(l1: try factor("l1", 0, default: standard), l2: try factor("l2", 1, default: standard))
    case "orthogonal", "orthogonal_regularizer", "orthogonalregularizer":
      known = ["factor", "mode"]
      let mode = argument("mode", 1)?.filter { $0 != "'" && $0 != "\"" } ?? "rows"
      guard ["rows", "columns"].contains(mode) else {
        throw .syntax(text, reason: "mode should be rows or columns, received '\(mode)'")
      }
      self = .orthogonal(factor: try factor("factor", 0, default: Self.defaultFactor), mode: mode)
    default: throw .syntax(text, reason: "'\(name)' is no regularizer; known are l1, l2, l1_l2, orthogonal")
    }
    if let other = arguments.first(where: { $0.key.map { !known.contains($0) } ?? false }) {
      throw .syntax(text, reason: "\(name) takes \(known.joined(separator: " and ")), not '\(other.key ?? "")'")
    }
    guard arguments.count <= known.count else {
      throw .syntax(
        text, reason: "\(name) takes \(known.joined(separator: " and ")), received \(arguments.count) numbers")
    }
  }

  /// As `init(text:)` reads it.
  public var text: String {
    switch self {
    case .l1l2(let l1, 0): "l1(\(Self.number(l1)))"
    case .l1l2(0, let l2): "l2(\(Self.number(l2)))"
    case .l1l2(let l1, let l2): "l1_l2(l1=\(Self.number(l1)), l2=\(Self.number(l2)))"
    case .orthogonal(let factor, let mode): "orthogonal(\(Self.number(factor)), mode=\(mode))"
    }
  }

  /// Without the noise of a float32 that was saved as a double: 0.02 for 0.019999999552965164.
  private static func number(_ value: Double) -> String {
    Double(Float(value)) == value ? "\(Float(value))" : "\(value)"
  }
}
