import KerasModel
import Testing

/// Python's `re` on the same patterns and names.
@Suite struct NamePatternTests {
  @Test func wholeNames() throws {
    let matches: [(String, String, Bool)] = [
      (".*dense.*", "dense_1/kernel", true), ("dense", "dense_1", false),
      ("dense(_\\d+)?/kernel", "dense_12/kernel", true),
      ("dense(_\\d+)?/kernel", "dense_/kernel", false), ("[^/]+/bias|head/.*", "conv/bias", true),
      ("[^/]+/bias|head/.*", "head/a/b", true), ("[^/]+/bias|head/.*", "a/b/bias", false), ("a{2,3}", "aaa", true),
      ("a{2,3}", "aaaa", false), ("(?:ab)+", "ababab", true), ("^x$", "x", true), ("\\.", ".", true),
      ("\\.", "a", false),
      ("a*?b", "aaab", true), ("", "", true), ("", "a", false), ("[a-c]{3}", "abc", true),
    ]
    for (pattern, name, expected) in matches {
      #expect(try NamePattern(pattern).matchesWhole(name) == expected, "\(pattern) \(name)")
    }
  }

  @Test func partsOfNames() throws {
    let matches: [(String, String, Bool)] = [
      ("norm", "layer_norm/gamma", true), ("^norm", "layer_norm/gamma", false), ("bias$", "dense/bias", true),
      ("bias$", "bias/dense", false), ("b|c", "xxcxx", true), ("", "anything", true),
    ]
    for (pattern, name, expected) in matches {
      #expect(try NamePattern(pattern).isFound(in: name) == expected, "\(pattern) \(name)")
    }
  }

  @Test func timeIsLinearWhereBacktrackingIsExponential() throws {
    #expect(try !NamePattern("(a+)+$").matchesWhole(String(repeating: "a", count: 2000) + "b"))
  }

  @Test(arguments: ["(", ")", "[a", "*a", "a{1", "a{3,2}", "(?=a)", "\\", "\\b", "((a{99}){99}){99}"])
  func whatIsNoPattern(_ text: String) {
    #expect(throws: NamePattern.Invalid.self) { try NamePattern(text) }
  }
}
