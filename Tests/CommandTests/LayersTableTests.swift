import Foundation
import Testing

@Suite struct LayersTableTests {
  @Test func theTableInTheDocumentationIsCurrent() throws {
    let result = try Command.run("layers", "--markdown", "--cases", Command.fixture("layers"))
    #expect(result.status == 0)
    let written = try String(contentsOfFile: "\(Command.root)/docs/layers.md", encoding: .utf8)
    #expect(result.output == written, "keraskit layers --markdown --cases fixtures/layers > docs/layers.md")
  }

  @Test func everyLayerOfTheTableSaysWhatBecomesOfIt() throws {
    let result = try Command.run("layers", "--json")
    #expect(result.status == 0)
    let entries = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]]
    #expect(entries?.count == 174)
    #expect(entries?.allSatisfy { ($0["support"] as? String)?.isEmpty == false } == true)
  }
}
