/// An arithmetic expression in Python's notation, as `--map` takes it: parsed, never run as code.
public indirect enum Expression: Sendable, Hashable {
  case number(Double, isInteger: Bool)
  case string(String)
  case bool(Bool)
  case none
  case ellipsis
  case name(String)
  /// `$field`: a field of the custom class's config.
  case placeholder(String)
  /// `-`, `+` or `not`.
  case prefix(String, Expression)
  /// An arithmetic operator, a comparison, `and` or `or`, as written.
  case infix(String, Expression, Expression)
  case conditional(condition: Expression, then: Expression, otherwise: Expression)
  /// A tuple or a list: the same here.
  case sequence([Expression])
  /// `a.b`.
  case attribute(Expression, String)
  case call(Expression, [Expression], [Keyword])
  case item(Expression, [Index])
  case lambda([String], Expression)

  public struct Keyword: Sendable, Hashable {
    public var name: String
    public var value: Expression
  }

  /// One entry between brackets.
  public indirect enum Index: Sendable, Hashable {
    case single(Expression)
    case range(Expression?, Expression?, Expression?)
  }

  /// The longest text, in bytes, and the deepest nesting that are read.
  static let maximumLength = 20_000
  static let maximumDepth = 64

  /// Parses `text`; throws `ExpressionError` with the column of what is wrong.
  public init(parsing text: String) throws(ExpressionError) {
    var parser = try ExpressionParser(text)
    self = try parser.whole()
  }

  /// `tf.nn.relu` as `[tf, nn, relu]`; `nil` for anything but names joined by points.
  var dottedName: [String]? {
    switch self {
    case .name(let name): [name]
    case .attribute(let base, let name): base.dottedName.map { $0 + [name] }
    default: nil
    }
  }
}

/// Where and why an expression cannot be read; columns count characters from 1.
public struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
  public var column: Int
  public var reason: String

  public var description: String { "column \(column): \(reason)" }
}
