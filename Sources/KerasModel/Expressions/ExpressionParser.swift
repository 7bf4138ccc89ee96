/// A parser by recursive descent for Python's expressions, with Python's precedence and a limit on nesting.
struct ExpressionParser {
  private let tokens: [ExpressionToken]
  private var next = 0
  private var depth = 0

  init(_ text: String) throws(ExpressionError) { tokens = try ExpressionToken.tokens(of: text) }

  private var token: ExpressionToken { tokens[min(next, tokens.count - 1)] }

  mutating func whole() throws(ExpressionError) -> Expression {
    let expression = try sequence()
    guard token.kind == .end else { throw unexpected("an operator or the end") }
    return expression
  }

  /// Assignments, each ended by `;`, and the expression after them.
  mutating func program() throws(ExpressionError) -> ([Expression.Keyword], Expression) {
    var assignments: [Expression.Keyword] = []
    while case .name(let name) = token.kind, tokens[min(next + 1, tokens.count - 1)].kind == .symbol("=") {
      next += 2
      assignments.append(Expression.Keyword(name: name, value: try sequence()))
      try require(";")
    }
    return (assignments, try whole())
  }

  private func unexpected(_ expected: String) -> ExpressionError {
    let found =
      switch token.kind {
      case .end: "the end"
      case .symbol(let text), .name(let text): "'\(text)'"
      case .number(let value, _): "\(value)"
      case .string(let text): "the string '\(text)'"
      case .placeholder(let text): "'$\(text)'"
      }
    return ExpressionError(column: token.column, reason: "expected \(expected), found \(found)")
  }

  private mutating func take(_ symbol: String) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    next += 1
    return true
  }

  private mutating func takeWord(_ word: String) -> Bool {
    guard token.kind == .name(word) else { return false }
    next += 1
    return true
  }

  private mutating func require(_ symbol: String) throws(ExpressionError) {
    guard take(symbol) else { throw unexpected("'\(symbol)'") }
  }

  private func isSymbol(_ symbols: String...) -> Bool {
    if case .symbol(let text) = token.kind { return symbols.contains(text) }
    return false
  }

  /// Runs `body` one level deeper; throws where the limit is reached.
  private mutating func nested<Result>(
    _ body: (inout ExpressionParser) throws(ExpressionError) -> Result
  ) throws(ExpressionError) -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Expression.maximumDepth else {
      throw ExpressionError(column: token.column, reason: "nested more than \(Expression.maximumDepth) deep")
    }
    return try body(&self)
  }

  // MARK: From loose to tight

  /// Expressions with commas between them are a tuple.
  private mutating func sequence() throws(ExpressionError) -> Expression {
    let first = try expression()
    guard isSymbol(",") else { return first }
    var elements = [first]
    while take(",") {
      if token.kind == .end || isSymbol(")", "]") { break }
      elements.append(try expression())
    }
    return .sequence(elements)
  }

  private mutating func expression() throws(ExpressionError) -> Expression {
    try nested { parser throws(ExpressionError) in
      if parser.takeWord("lambda") { return try parser.lambda() }
      let value = try parser.disjunction()
      guard parser.takeWord("if") else { return value }
      let condition = try parser.disjunction()
      guard parser.takeWord("else") else { throw parser.unexpected("'else'") }
      return .conditional(condition: condition, then: value, otherwise: try parser.expression())
    }
  }

  private mutating func lambda() throws(ExpressionError) -> Expression {
    var names: [String] = []
    while case .name(let name) = token.kind {
      next += 1
      names.append(name)
      if !take(",") { break }
    }
    try require(":")
    return .lambda(names, try expression())
  }

  private mutating func negation() throws(ExpressionError) -> Expression {
    if takeWord("not") {
      return .prefix("not", try nested { parser throws(ExpressionError) in try parser.negation() })
    }
    return try comparison()
  }

  private mutating func disjunction() throws(ExpressionError) -> Expression {
    try chain(words: "or") { parser throws(ExpressionError) in
      try parser.chain(words: "and") { parser throws(ExpressionError) in try parser.negation() }
    }
  }

  private mutating func chain(
    words word: String, _ operand: (inout ExpressionParser) throws(ExpressionError) -> Expression
  ) throws(ExpressionError) -> Expression {
    var left = try operand(&self)
    var links = 0
    while takeWord(word) {
      links += 1
      guard links <= Expression.maximumDepth else {
        throw ExpressionError(column: token.column, reason: "too many operators in a row")
      }
      left = .infix(word, left, try operand(&self))
    }
    return left
  }

  /// `a < b < c` is `a < b and b < c`.
  private mutating func comparison() throws(ExpressionError) -> Expression {
    var left = try bits()
    var result: Expression?
    var links = 0
    while let symbol = takeComparison() {
      links += 1
      guard links <= Expression.maximumDepth else {
        throw ExpressionError(column: token.column, reason: "too many operators in a row")
      }
      let right = try bits()
      let part = Expression.infix(symbol, left, right)
      result = result.map { .infix("and", $0, part) } ?? part
      left = right
    }
    return result ?? left
  }

  private mutating func takeComparison() -> String? {
    if takeWord("is") { return takeWord("not") ? "is not" : "is" }
    guard case .symbol(let text) = token.kind, ["<", ">", "<=", ">=", "==", "!="].contains(text) else { return nil }
    next += 1
    return text
  }

  /// `|` binds less than `^`, that less than `&`.
  private mutating func bits() throws(ExpressionError) -> Expression {
    try chain(["|"]) { parser throws(ExpressionError) in
      try parser.chain(["^"]) { parser throws(ExpressionError) in
        try parser.chain(["&"]) { parser throws(ExpressionError) in try parser.sum() }
      }
    }
  }

  private mutating func sum() throws(ExpressionError) -> Expression {
    try chain(["+", "-"]) { parser throws(ExpressionError) in
      try parser.chain(["*", "/", "//", "%", "@"]) { parser throws(ExpressionError) in try parser.signed() }
    }
  }

  /// Operators of one precedence from the left; a long chain nests in the tree, so it counts as depth.
  private mutating func chain(
    _ symbols: [String], _ operand: (inout ExpressionParser) throws(ExpressionError) -> Expression
  ) throws(ExpressionError) -> Expression {
    var left = try operand(&self)
    var links = 0
    while case .symbol(let text) = token.kind, symbols.contains(text) {
      links += 1
      guard links <= 4 * Expression.maximumDepth else {
        throw ExpressionError(column: token.column, reason: "too many operators in a row")
      }
      next += 1
      left = .infix(text, left, try operand(&self))
    }
    return left
  }

  /// A sign binds less than `**`: `-x ** 2` is −(x²).
  private mutating func signed() throws(ExpressionError) -> Expression {
    for sign in ["-", "+", "~"] where take(sign) {
      return .prefix(sign, try nested { parser throws(ExpressionError) in try parser.signed() })
    }
    let base = try postfix()
    guard take("**") else { return base }
    return .infix("**", base, try nested { parser throws(ExpressionError) in try parser.signed() })
  }

  private mutating func postfix() throws(ExpressionError) -> Expression {
    var value = try atom()
    var links = 0
    while true {
      links += 1
      guard links <= Expression.maximumDepth else {
        throw ExpressionError(column: token.column, reason: "too many calls and items in a row")
      }
      if take(".") {
        guard case .name(let name) = token.kind else { throw unexpected("a name") }
        next += 1
        value = .attribute(value, name)
      } else if take("(") {
        let (arguments, keywords) = try arguments()
        value = .call(value, arguments, keywords)
      } else if take("[") {
        var indices: [Expression.Index] = []
        repeat {
          if isSymbol("]"), !indices.isEmpty { break }
          indices.append(try index())
        } while take(",")
        try require("]")
        value = .item(value, indices)
      } else {
        return value
      }
    }
  }

  private mutating func arguments() throws(ExpressionError) -> ([Expression], [Expression.Keyword]) {
    var arguments: [Expression] = []
    var keywords: [Expression.Keyword] = []
    while !take(")") {
      if case .name(let name) = token.kind, tokens[min(next + 1, tokens.count - 1)].kind == .symbol("=") {
        next += 2
        keywords.append(Expression.Keyword(name: name, value: try expression()))
      } else {
        guard keywords.isEmpty else { throw unexpected("an argument by name") }
        arguments.append(try expression())
      }
      if take(",") { continue }
      try require(")")
      break
    }
    return (arguments, keywords)
  }

  private mutating func index() throws(ExpressionError) -> Expression.Index {
    var parts: [Expression?] = [nil]
    while !isSymbol(",", "]") {
      if take(":") {
        guard parts.count < 3 else { throw unexpected("']'") }
        parts.append(nil)
      } else {
        guard parts[parts.count - 1] == nil, token.kind != .end else { throw unexpected("']'") }
        parts[parts.count - 1] = try expression()
      }
    }
    if parts.count == 1 {
      guard let single = parts[0] else { throw unexpected("an index") }
      return .single(single)
    }
    return .range(parts[0], parts[1], parts.count > 2 ? parts[2] : nil)
  }

  private mutating func atom() throws(ExpressionError) -> Expression {
    let kind = token.kind
    switch kind {
    case .number(let value, let isInteger):
      next += 1
      return .number(value, isInteger: isInteger)
    case .string(let text):
      next += 1
      return .string(text)
    case .placeholder(let name):
      next += 1
      return .placeholder(name)
    case .name(let name):
      if ["if", "else", "and", "or", "in", "is", "for"].contains(name) { throw unexpected("a value") }
      next += 1
      switch name {
      case "True", "true": return .bool(true)
      case "False", "false": return .bool(false)
      case "None", "null": return .none
      default: return .name(name)
      }
    case .symbol("..."):
      next += 1
      return .ellipsis
    case .symbol("("):
      next += 1
      if take(")") { return .sequence([]) }
      let inner = try nested { parser throws(ExpressionError) in try parser.sequence() }
      try require(")")
      return inner
    case .symbol("["):
      next += 1
      if take("]") { return .sequence([]) }
      let inner = try nested { parser throws(ExpressionError) in try parser.sequence() }
      try require("]")
      if case .sequence = inner { return inner }
      return .sequence([inner])
    default: throw unexpected("a value")
    }
  }
}
