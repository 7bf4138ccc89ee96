import Foundation
import Testing

@Suite struct RulesTextTests {
  @Test func theRulesInTheDocumentationAreCurrent() throws {
    let result = try Command.run("explain", "--markdown")
    #expect(result.status == 0)
    let written = try String(contentsOfFile: "\(Command.root)/docs/rules.md", encoding: .utf8)
    #expect(result.output == written, "see the top of docs/rules.md")
  }
}
