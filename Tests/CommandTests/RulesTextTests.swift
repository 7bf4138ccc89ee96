import Foundation
import Testing

@Suite struct RulesTextTests {
  @Test func theRulesInTheDocumentationAreCurrent() throws {
    let result = try Command.run("explain", "--markdown")
    #expect(result.status == 0)
    let written = try String(contentsOfFile: "\(Command.root)/docs/rules.md", encoding: .utf8)
    #expect(result.output == written, "see the top of docs/rules.md")
  }

  @Test func verdictsOfADiagnosisAreExplained() throws {
    let result = try Command.run("explain", "activity-before")
    #expect(result.status == 0, "\(result.errors)")
    for word in ["activity-before", "50 %", "nothing to punish", "layer before"] {
      #expect(result.output.contains(word), "\(result.output)")
    }
    #expect(try Command.run("explain", "activity-before", "--json").output.contains("\"severity\": \"warning\""))
    #expect(try Command.run("explain").output.contains("gates-saturated"))
  }
}
