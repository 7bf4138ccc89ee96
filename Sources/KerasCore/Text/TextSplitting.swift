/// How a text becomes tokens: TextVectorization's `standardize`, `split` and `ngrams`.
public struct TextSplitting: Sendable, Hashable {
  public enum Separation: Sendable, Hashable { case none, whitespace, character }

  /// ASCII letters only, as `tf.strings.lower` without an encoding.
  public var lowers: Bool
  public var stripsPunctuation: Bool
  public var separation: Separation
  /// How many tokens in a row make one; all of one width come before those of the next.
  ///
  /// Empty: single tokens.
  public var widths: [Int]

  public init(lowers: Bool, stripsPunctuation: Bool, separation: Separation, widths: [Int]) {
    self.lowers = lowers
    self.stripsPunctuation = stripsPunctuation
    self.separation = separation
    self.widths = widths
  }

  private static let punctuation = Set("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'".unicodeScalars)

  /// The tokens of one sample, which is one text or, if texts are not split, several.
  public func tokens(of texts: [String]) -> [String] {
    var tokens: [String] = []
    for text in texts {
      let standard = standardized(text)
      switch separation {
      case .none: tokens.append(String(standard))
      case .whitespace:
        let parts = standard.split { (0x09...0x0d).contains($0.value) || $0.value == 0x20 }
        tokens += parts.map { String(String.UnicodeScalarView($0)) }
      case .character: tokens += standard.map { String($0) }
      }
    }
    if widths.isEmpty { return tokens }
    return widths.flatMap { width in
      width < 1 || width > tokens.count
        ? [] : (0...(tokens.count - width)).map { tokens[$0..<$0 + width].joined(separator: " ") }
    }
  }

  private func standardized(_ text: String) -> String.UnicodeScalarView {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars where !stripsPunctuation || !Self.punctuation.contains(scalar) {
      let isUpper = ("A"..."Z").contains(scalar)
      result.append(lowers && isUpper ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
    }
    return result
  }
}
