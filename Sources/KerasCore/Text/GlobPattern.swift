/// A shell-like pattern: `*` stands for any characters, also `/`, and `?` for one.
public struct GlobPattern: Sendable, Hashable {
  private let pattern: [Character]

  public init(_ text: String) { pattern = Array(text) }

  /// Whether the text holds a wildcard.
  public var isPattern: Bool { pattern.contains("*") || pattern.contains("?") }

  public func matches(_ text: String) -> Bool {
    let text = Array(text)
    var (p, t) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let retry = star {
        p = retry.pattern + 1
        t = retry.text + 1
        star = (retry.pattern, retry.text + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }
}
