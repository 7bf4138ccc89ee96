/// A regular expression over variable names, as optimizers' configs hold them, matched in time linear in the name.
///
/// Python's syntax of literals, `.`, classes, groups, `|`, `* + ?`, `{m,n}`, `^`, `$`, `\d \w \s`. A file chooses the pattern,
/// so nothing here backtracks.
public struct NamePattern: Sendable, Hashable {
  /// Why a text is no pattern.
  public struct Invalid: Error, CustomStringConvertible {
    public var description: String
  }

  public let text: String
  private let program: [Instruction]

  /// Throws `Invalid` for what is not among the syntax above, and for patterns of more than some thousand states.
  public init(_ text: String) throws(Invalid) {
    self.text = text
    var compiler = PatternCompiler(text)
    program = try compiler.compile()
  }

  /// Whether the whole name matches, as Python's `re.fullmatch`.
  public func matchesWhole(_ name: String) -> Bool { run(name, anywhere: false, whole: true) }

  /// Whether some part of the name matches, as Python's `re.search`.
  public func isFound(in name: String) -> Bool { run(name, anywhere: true, whole: false) }

  private func run(_ name: String, anywhere: Bool, whole: Bool) -> Bool {
    let characters = Array(name)
    var states = Set<Int>()
    for position in 0...characters.count {
      if position == 0 || anywhere { follow(0, position, characters.count, &states) }
      if states.contains(where: { program[$0] == .match }), !whole || position == characters.count { return true }
      guard position < characters.count else { return false }
      var next = Set<Int>()
      for state in states {
        if case .one(let set) = program[state], set.contains(characters[position]) {
          follow(state + 1, position + 1, characters.count, &next)
        }
      }
      states = next
      if states.isEmpty, !anywhere { return false }
    }
    return false
  }

  /// Adds a state and all that are reached from it without a character.
  private func follow(_ state: Int, _ position: Int, _ count: Int, _ states: inout Set<Int>) {
    var pending = [state]
    while let state = pending.popLast() {
      guard states.insert(state).inserted else { continue }
      switch program[state] {
      case .split(let first, let second): pending += [state + first, state + second]
      case .jump(let offset): pending.append(state + offset)
      case .start: if position == 0 { pending.append(state + 1) }
      case .end: if position == count { pending.append(state + 1) }
      case .one, .match: break
      }
    }
  }

  fileprivate enum Instruction: Sendable, Hashable {
    case one(CharacterSet)
    /// Offsets from here.
    case split(Int, Int)
    case jump(Int)
    case start
    case end
    case match
  }

  fileprivate struct CharacterSet: Sendable, Hashable {
    var ranges: [ClosedRange<Character>] = []
    var classes: [Character] = []
    var isNegated = false

    func contains(_ character: Character) -> Bool {
      let isInside =
        ranges.contains { $0.contains(character) } || classes.contains { Self.isMember(character, of: $0) }
      return isInside != isNegated
    }

    private static func isMember(_ character: Character, of name: Character) -> Bool {
      switch name {
      case "d": character.isNumber
      case "D": !character.isNumber
      case "w": character.isLetter || character.isNumber || character == "_"
      case "W": !(character.isLetter || character.isNumber || character == "_")
      case "s": character.isWhitespace
      default: !character.isWhitespace
      }
    }
  }
}

/// Turns a pattern's text into instructions.
private struct PatternCompiler {
  private typealias Instruction = NamePattern.Instruction
  private static let limit = 4096

  private let text: String
  private var rest: Substring
  private var depth = 0

  init(_ text: String) {
    self.text = text
    rest = text[...]
  }

  fileprivate mutating func compile() throws(NamePattern.Invalid) -> [NamePattern.Instruction] {
    let program = try alternatives()
    guard rest.isEmpty else { throw invalid("unexpected '\(rest)'") }
    return program + [.match]
  }

  private func invalid(_ reason: String) -> NamePattern.Invalid {
    NamePattern.Invalid(description: "the pattern '\(text)': \(reason)")
  }

  private mutating func alternatives() throws(NamePattern.Invalid) -> [Instruction] {
    var result = try sequence()
    while rest.first == "|" {
      rest.removeFirst()
      let other = try sequence()
      result = [.split(1, result.count + 2)] + result + [.jump(other.count + 1)] + other
    }
    return result
  }

  private mutating func sequence() throws(NamePattern.Invalid) -> [Instruction] {
    var result: [Instruction] = []
    while let next = rest.first, next != "|", next != ")" {
      result += try repeated(try atom())
      guard result.count < Self.limit else { throw invalid("it is too large") }
    }
    return result
  }

  private mutating func repeated(_ atom: [Instruction]) throws(NamePattern.Invalid) -> [Instruction] {
    var result = atom
    switch rest.first {
    case "*": result = [.split(1, atom.count + 2)] + atom + [.jump(-atom.count - 1)]
    case "+": result = atom + [.split(-atom.count, 1)]
    case "?": result = [.split(1, atom.count + 1)] + atom
    case "{":
      rest.removeFirst()
      guard let close = rest.firstIndex(of: "}") else { throw invalid("a { without }") }
      let bounds = rest[..<close].split(separator: ",", omittingEmptySubsequences: false)
      guard let low = bounds.first.flatMap({ Int($0) }), bounds.count <= 2,
        let high = bounds.count == 1 ? low : bounds[1].isEmpty ? Int.max : Int(bounds[1]), low >= 0, low <= high,
        low <= 100, high <= 100 || high == .max
      else { throw invalid("the repetition {\(rest[..<close])}") }
      rest = rest[close...]
      result = (0..<low).flatMap { _ in atom }
      if high == .max {
        result += [.split(1, atom.count + 2)] + atom + [.jump(-atom.count - 1)]
      } else {
        for _ in low..<high { result += [.split(1, atom.count + 1)] + atom }
      }
    default: return result
    }
    rest.removeFirst()
    // Lazy or not, it is the same whether it matches.
    if rest.first == "?" { rest.removeFirst() }
    return result
  }

  private mutating func atom() throws(NamePattern.Invalid) -> [Instruction] {
    let next = rest.removeFirst()
    switch next {
    case ".": return [.one(.init(ranges: ["\n"..."\n"], isNegated: true))]
    case "^": return [.start]
    case "$": return [.end]
    case "(":
      depth += 1
      guard depth < 50 else { throw invalid("it is nested too deeply") }
      if rest.hasPrefix("?:") { rest.removeFirst(2) }
      guard rest.first != "?" else { throw invalid("groups of the form (?…") }
      let inner = try alternatives()
      guard rest.first == ")" else { throw invalid("a ( without )") }
      rest.removeFirst()
      depth -= 1
      return inner
    case "[": return [.one(try set())]
    case "\\": return [.one(try escaped())]
    case "*", "+", "?", "{": throw invalid("nothing to repeat before \(next)")
    default: return [.one(.init(ranges: [next...next]))]
    }
  }

  private mutating func escaped() throws(NamePattern.Invalid) -> NamePattern.CharacterSet {
    guard let next = rest.popFirst() else { throw invalid("it ends in \\") }
    if "dDwWsS".contains(next) { return .init(classes: [next]) }
    guard !next.isLetter, !next.isNumber else { throw invalid("\\\(next)") }
    return .init(ranges: [next...next])
  }

  private mutating func set() throws(NamePattern.Invalid) -> NamePattern.CharacterSet {
    var result = NamePattern.CharacterSet()
    if rest.first == "^" {
      result.isNegated = true
      rest.removeFirst()
    }
    var isFirst = true
    while let next = rest.popFirst() {
      if next == "]", !isFirst { return result }
      isFirst = false
      if next == "\\" {
        let inner = try escaped()
        result.ranges += inner.ranges
        result.classes += inner.classes
        continue
      }
      if rest.first == "-", let last = rest.dropFirst().first, last != "]" {
        guard next <= last else { throw invalid("the range \(next)-\(last)") }
        result.ranges.append(next...last)
        rest.removeFirst(2)
      } else {
        result.ranges.append(next...next)
      }
    }
    throw invalid("a [ without ]")
  }
}
