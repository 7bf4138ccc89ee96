/// A word of an expression and the column (from 1) it begins at.
struct ExpressionToken: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case number(Double, isInteger: Bool)
    case string(String)
    case name(String)
    case placeholder(String)
    case symbol(String)
    case end
  }
  var kind: Kind
  var column: Int

  /// Splits a text; throws for a character no token begins with, an unfinished string, and a text that is too long.
  static func tokens(of text: String) throws(ExpressionError) -> [ExpressionToken] {
    guard text.utf8.count <= Expression.maximumLength else {
      throw ExpressionError(column: 1, reason: "the expression is longer than \(Expression.maximumLength) bytes")
    }
    var scanner = Scanner(characters: Array(text))
    var tokens: [ExpressionToken] = []
    while let token = try scanner.next() { tokens.append(token) }
    tokens.append(ExpressionToken(kind: .end, column: scanner.position + 1))
    return tokens
  }

  private struct Scanner {
    let characters: [Character]
    var position = 0

    init(characters: [Character]) { self.characters = characters }

    private static let symbols = [
      "...", "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "@", "<", ">", "(", ")", "[", "]", ",", ":",
      "=", ".", ";", "&", "|", "^", "~",
    ].map(Array.init)

    mutating func next() throws(ExpressionError) -> ExpressionToken? {
      while position < characters.count, characters[position].isWhitespace { position += 1 }
      guard position < characters.count else { return nil }
      let column = position + 1
      let first = characters[position]
      let isFraction = first == "." && position + 1 < characters.count && Self.isDigit(characters[position + 1])
      if Self.isDigit(first) || isFraction { return ExpressionToken(kind: try number(column), column: column) }
      if Self.beginsName(first) { return ExpressionToken(kind: .name(name()), column: column) }
      if first == "$" {
        position += 1
        let name = name()
        guard !name.isEmpty else { throw ExpressionError(column: column, reason: "'$' needs a field's name behind it") }
        return ExpressionToken(kind: .placeholder(name), column: column)
      }
      if first == "'" || first == "\"" { return ExpressionToken(kind: try string(first, column), column: column) }
      for symbol in Self.symbols where characters[position...].starts(with: symbol) {
        position += symbol.count
        return ExpressionToken(kind: .symbol(String(symbol)), column: column)
      }
      throw ExpressionError(column: column, reason: "'\(first)' has no meaning here")
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    private static func beginsName(_ character: Character) -> Bool { character.isLetter || character == "_" }

    private mutating func name() -> String {
      let start = position
      while position < characters.count, Self.beginsName(characters[position]) || Self.isDigit(characters[position]) {
        position += 1
      }
      return String(characters[start..<position])
    }

    private mutating func number(_ column: Int) throws(ExpressionError) -> Kind {
      let start = position
      func skipDigits(_ position: inout Int) {
        while position < characters.count, Self.isDigit(characters[position]) { position += 1 }
      }
      skipDigits(&position)
      var isInteger = true
      if position < characters.count, characters[position] == ".", !characters[position...].starts(with: "...") {
        isInteger = false
        position += 1
        skipDigits(&position)
      }
      if position < characters.count, characters[position] == "e" || characters[position] == "E" {
        var end = position + 1
        if end < characters.count, characters[end] == "+" || characters[end] == "-" { end += 1 }
        if end < characters.count, Self.isDigit(characters[end]) {
          isInteger = false
          position = end
          skipDigits(&position)
        }
      }
      guard let value = Double(String(characters[start..<position])), value.isFinite else {
        throw ExpressionError(column: column, reason: "the number is too large")
      }
      return .number(value, isInteger: isInteger && value <= 9_007_199_254_740_992)
    }

    private mutating func string(_ quote: Character, _ column: Int) throws(ExpressionError) -> Kind {
      position += 1
      let start = position
      while position < characters.count, characters[position] != quote { position += 1 }
      guard position < characters.count else { throw ExpressionError(column: column, reason: "the string has no end") }
      position += 1
      return .string(String(characters[start..<position - 1]))
    }
  }
}
