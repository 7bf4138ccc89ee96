import Foundation
import Testing

@Suite struct LayersTableTests {
  @Test func theTableInTheDocumentationIsCurrent() throws {
    let quantized = try FileManager.default.contentsOfDirectory(atPath: "\(Command.root)/fixtures/quantized")
    let recordings =
      ["legacy_layers", "preprocessing.zip", "crossings"]
      + quantized.filter { $0.hasSuffix(".zip") }.sorted().map { "quantized/\($0)" }
    let result = try Command.run(
      ["layers", "--markdown", "--cases", "\(Command.root)/fixtures/layers"]
        + recordings.flatMap { ["--recordings", "\(Command.root)/fixtures/\($0)"] })
    #expect(result.status == 0)
    let written = try String(contentsOfFile: "\(Command.root)/docs/layers.md", encoding: .utf8)
    #expect(result.output == written, "see the top of docs/layers.md")
  }

  @Test func everyLinkOfTheTableLeadsToARecording() throws {
    let text = try String(contentsOfFile: "\(Command.root)/docs/layers.md", encoding: .utf8)
    let links = Set(text.matches(of: /\]\(\.\.\/(fixtures\/[^)]*)\)/).map { String($0.1) })
    #expect(links.count > 20)
    for link in links {
      let path = "\(Command.root)/\(link)"
      #expect(FileManager.default.fileExists(atPath: path), "\(link)")
      // Beside a model lies what its release computed, or in `arrays`; an archive holds that itself.
      guard !path.hasSuffix(".zip") else { continue }
      let model = URL(fileURLWithPath: path)
      let (folder, name) = (model.deletingLastPathComponent(), model.deletingPathExtension().lastPathComponent + ".npz")
      let places = [folder, folder.appendingPathComponent("arrays")].map { $0.appendingPathComponent(name).path }
      #expect(places.contains { FileManager.default.fileExists(atPath: $0) }, "\(link)")
    }
    // What is recorded and compared is not called missing.
    for row in text.split(separator: "\n") where row.contains("| no |") { #expect(!row.contains("]("), "\(row)") }
    // Every generation has a column: Keras 0, 1, 2, tf.keras and 3.
    let header = try #require(text.split(separator: "\n").first { $0.hasPrefix("| layer") })
    for release in ["keras-0.3.3", "keras-1.2.2", "keras-2.1.3", "keras-2.2.4", "tfkeras-2.5", "keras-2.15", "keras-3"]
    {
      #expect(header.contains("| \(release) |"), "\(release)")
    }
  }

  @Test func everyLayerOfTheTableSaysWhatBecomesOfIt() throws {
    let result = try Command.run("layers", "--json")
    #expect(result.status == 0)
    let entries = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]]
    #expect(entries?.count == 174)
    #expect(entries?.allSatisfy { ($0["support"] as? String)?.isEmpty == false } == true)
  }
}
