import KerasKit

/// Lambda layers as a reader sees them: what their code computes, and its instructions.
enum LambdaText {
  static func text(_ listings: [LambdaListing]) -> String {
    guard !listings.isEmpty else { return "No Lambda layers." }
    return listings.map { text($0) }.joined(separator: "\n\n")
  }

  private static func text(_ listing: LambdaListing) -> String {
    var lines = ["Lambda '\(listing.layer)': " + listing.details.joined(separator: "; ")]
    if let expression = listing.expression { lines.append("  computes  \(expression)") }
    if let problem = listing.problem { lines.append("  refused   \(problem)") }
    for function in listing.functions {
      lines.append("  instructions of \(function.name) (line, byte, name, argument)")
      lines += function.instructions.map { "    " + $0 }
    }
    return lines.joined(separator: "\n")
  }

  static func json(_ listings: [LambdaListing]) -> JSON {
    .array(
      listings.map { listing in
        [
          "layer": .string(listing.layer), "details": .array(listing.details.map { .string($0) }),
          "expression": listing.expression.map { .string($0) } ?? .null,
          "problem": listing.problem.map { .string($0) } ?? .null,
          "functions": .array(
            listing.functions.map { function in
              [
                "name": .string(function.name),
                "instructions": .array(function.instructions.map { .string($0) }),
              ]
            }),
        ]
      })
  }
}
