/// An expression with assignments before it: `s = K.sum(x, axis=-1); s / 2`.
public struct ExpressionProgram: Sendable, Hashable {
  public var assignments: [Expression.Keyword]
  public var result: Expression

  /// Parses `text`; throws `ExpressionError` with the column of what is wrong.
  public init(parsing text: String) throws(ExpressionError) {
    var parser = try ExpressionParser(text)
    (assignments, result) = try parser.program()
  }

  /// The fields that placeholders of a text name.
  static func placeholders(in text: String) -> Set<String> {
    var names: Set<String> = []
    for token in (try? ExpressionToken.tokens(of: text)) ?? [] {
      if case .placeholder(let name) = token.kind { names.insert(name) }
    }
    return names
  }
}
