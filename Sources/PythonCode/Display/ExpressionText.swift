import OrderedCollections

/// A function's computation as one expression of Python, shown to a reader.
public struct ExpressionText: Sendable {
  var text: String
  /// How tightly it binds; what binds less stands in parentheses.
  var precedence: Precedence
  var constant: PythonObject?
  var elements: [ExpressionText]?
  /// A global name or an attribute of one.
  var isName = false

  enum Precedence: Int, Sendable {
    case choice, or, and, not, comparison, bitOr, bitXor, bitAnd, shift, sum, product, sign, power, atom
  }

  init(_ text: String, _ precedence: Precedence = .atom, constant: PythonObject? = nil) {
    self.text = text
    self.precedence = precedence
    self.constant = constant
  }

  func inside(_ outer: Precedence) -> String { precedence.rawValue < outer.rawValue ? "(\(text))" : text }
}

/// Builds the text of what a function computes.
struct TextSemantics: PythonSemantics {
  typealias Value = ExpressionText

  /// Longer texts help nobody, and honest functions do not reach them.
  static let maximumLength = 4000

  struct Failure: Error { var reason: String }

  func reason(_ failure: Failure) -> String { failure.reason }

  private func checked(_ value: ExpressionText) throws(Failure) -> ExpressionText {
    guard value.text.utf8.count <= Self.maximumLength else { throw Failure(reason: "an expression too long to show") }
    return value
  }

  func constant(_ object: PythonObject) throws(Failure) -> ExpressionText {
    var value = ExpressionText(object.description, constant: object)
    switch object {
    case .int(let number) where number < 0: value.precedence = .sign
    case .float(let number) where number < 0: value.precedence = .sign
    case .tuple(let elements), .list(let elements):
      guard elements.count <= 256 else { throw Failure(reason: "a constant of \(elements.count) elements") }
      var parts: [ExpressionText] = []
      for element in elements { parts.append(try constant(element)) }
      value.elements = parts
    default: break
    }
    return try checked(value)
  }

  func global(_ name: String) -> ExpressionText {
    var value = ExpressionText(name)
    value.isName = true
    return value
  }

  func unary(_ symbol: String, _ operand: ExpressionText) throws(Failure) -> ExpressionText {
    if symbol == "-", case .int(let number)? = operand.constant, number != .min { return try constant(.int(-number)) }
    if symbol == "not" { return try checked(ExpressionText("not \(operand.inside(.not))", .not)) }
    return try checked(ExpressionText("\(symbol)\(operand.inside(.sign))", .sign))
  }

  func binary(_ symbol: String, _ left: ExpressionText, _ right: ExpressionText) throws(Failure) -> ExpressionText {
    if case .int(let a)? = left.constant, case .int(let b)? = right.constant, a.magnitude < 1 << 30,
      b.magnitude < 1 << 30
    {
      switch symbol {
      case "+": return try constant(.int(a + b))
      case "-": return try constant(.int(a - b))
      case "*": return try constant(.int(a * b))
      default: break
      }
    }
    let symbol = symbol == "/2" ? "/" : symbol
    let precedence: ExpressionText.Precedence =
      switch symbol {
      case "**": .power
      case "*", "/", "//", "%", "@": .product
      case "+", "-": .sum
      case "<<", ">>": .shift
      case "&": .bitAnd
      case "^": .bitXor
      case "|": .bitOr
      default: .comparison
      }
    // Of equals the left operand stands bare, but for powers, which group to the right, and comparisons, which chain.
    let (a, b): (String, String) =
      switch precedence {
      case .power: (left.inside(.atom), right.inside(.sign))
      case .comparison: (left.inside(.bitOr), right.inside(.bitOr))
      default:
        (left.inside(precedence), right.precedence == precedence ? "(\(right.text))" : right.inside(precedence))
      }
    return try checked(ExpressionText("\(a) \(symbol) \(b)", precedence))
  }

  func sequence(_ elements: [ExpressionText], isTuple: Bool) throws(Failure) -> ExpressionText {
    let list = elements.map(\.text).joined(separator: ", ")
    var value = ExpressionText(isTuple ? (elements.count == 1 ? "(\(list),)" : "(\(list))") : "[\(list)]")
    value.elements = elements
    return try checked(value)
  }

  func slice(_ start: ExpressionText, _ stop: ExpressionText, _ step: ExpressionText) throws(Failure) -> ExpressionText
  {
    let bounds = [start, stop].map { isNone($0) ? "" : $0.text }
    return ExpressionText("\(bounds[0]):\(bounds[1])" + (isNone(step) ? "" : ":\(step.text)"), .choice)
  }

  func item(_ base: ExpressionText, _ key: ExpressionText) throws(Failure) -> ExpressionText {
    var inner = key.text
    // A constant slice of 3.14, and tuples of slices, stand without parentheses.
    if let elements = key.elements, !elements.isEmpty { inner = elements.map(\.text).joined(separator: ", ") }
    if let elements = key.elements, elements.count == 1 { inner += "," }
    return try checked(ExpressionText("\(base.inside(.atom))[\(inner)]"))
  }

  func stored(_ item: ExpressionText, in base: ExpressionText, at key: ExpressionText) throws(Failure) -> ExpressionText
  {
    throw Failure(reason: "an assignment to an item")
  }

  func attribute(_ base: ExpressionText, _ name: String) throws(Failure) -> ExpressionText {
    var value = ExpressionText("\(base.inside(.atom)).\(name)")
    value.isName = base.isName
    return try checked(value)
  }

  func call(
    _ function: ExpressionText, _ positional: [ExpressionText], _ keywords: OrderedDictionary<String, ExpressionText>
  ) throws(Failure) -> ExpressionText {
    let arguments = positional.map(\.text) + keywords.map { "\($0)=\($1.text)" }
    return try checked(ExpressionText("\(function.inside(.atom))(\(arguments.joined(separator: ", ")))"))
  }

  func call(
    method: String, of base: ExpressionText, _ positional: [ExpressionText],
    _ keywords: OrderedDictionary<String, ExpressionText>
  ) throws(Failure) -> ExpressionText {
    try call(attribute(base, method), positional, keywords)
  }

  func formatted(
    _ value: ExpressionText, conversion: Character, specification: ExpressionText?
  ) throws(Failure) -> ExpressionText {
    if specification == nil, value.constant?.text != nil, conversion == "s" { return value }
    let arguments = [value.text] + (specification.map { [$0.text] } ?? [])
    let name = specification != nil ? "format" : conversion == "r" ? "repr" : "str"
    return try checked(ExpressionText("\(name)(\(arguments.joined(separator: ", ")))"))
  }

  func choice(
    _ condition: ExpressionText, _ then: ExpressionText, _ otherwise: ExpressionText
  ) throws(Failure) -> ExpressionText {
    try checked(
      ExpressionText("\(then.inside(.or)) if \(condition.inside(.or)) else \(otherwise.inside(.choice))", .choice))
  }

  // Loops that come apart step by step are no expression to show.
  func rows(of value: ExpressionText, axis: Int) -> [ExpressionText]? { nil }
  func stacked(_ values: [ExpressionText], axis: Int) -> ExpressionText? { nil }
  func samples(of wholes: [ExpressionText]) -> [ExpressionText]? { nil }
  func spread(
    _ results: [ExpressionText], over wholes: [ExpressionText], from samples: [ExpressionText]
  ) -> [ExpressionText] { results }
  func has(_ value: ExpressionText, attribute: String) -> Bool? { nil }

  func name(of value: ExpressionText) -> String? { value.isName ? value.text : nil }

  func truth(_ value: ExpressionText) -> Bool? {
    switch value.constant {
    case PythonObject.none?: false
    case .bool(let flag)?: flag
    case .int(let number)?: number != 0
    default: nil
    }
  }

  func isNone(_ value: ExpressionText) -> Bool { value.constant == PythonObject.none }

  func int(_ value: ExpressionText) -> Int? {
    switch value.constant {
    case .int(let number)?: number
    case .bool(let flag)?: flag ? 1 : 0
    default: nil
    }
  }

  func text(_ value: ExpressionText) -> String? { value.constant?.text }

  func elements(_ value: ExpressionText, count: Int?) throws(Failure) -> [ExpressionText]? {
    if let elements = value.elements { return elements }
    guard let count, !value.isName else { return nil }
    return (0..<count).map { ExpressionText("\(value.inside(.atom))[\($0)]") }
  }
}
