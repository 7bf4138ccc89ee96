import Foundation
import KerasKit
import Testing

@Suite struct ModelDifferenceTests {
  private static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/demo/digits-2017.h5").path

  /// The model with its config changed as text before it is read.
  private func changed(_ old: String, _ new: String) throws -> LoadedModel {
    var source = try ModelFile.open(Self.path)
    let text = try #require(source.config).text()
    #expect(text.contains(old), "\(text)")
    source.config = try JSON(parsing: text.replacingOccurrences(of: old, with: new))
    return try LoadedModel.load(source: source)
  }

  private func original() throws -> LoadedModel { try LoadedModel.load(Self.path) }

  @Test func changedFieldsAreNamedWithTheirEffect() throws {
    let source = try #require(try ModelFile.open(Self.path).config).text()
    let spelling =
      source.contains("\"activation\":\"relu\"")
      ? ("\"activation\":\"relu\"", "\"activation\":\"tanh\"")
      : ("\"activation\": \"relu\"", "\"activation\": \"tanh\"")
    let diff = try ModelDiff.compare(original(), changed(spelling.0, spelling.1))
    let fields = diff.layers.flatMap(\.fields)
    #expect(!fields.isEmpty && fields.allSatisfy { $0.name == "activation" && $0.effect == .inference })
    #expect(diff.effect == .inference && !diff.isSame)
  }

  @Test func weightsOfOneLayerAreFound() throws {
    var other = try original()
    let name = "sequential/digit/kernel"
    let kernel = try #require(other.weights[name])
    other.weights[name] = try TensorData(shape: kernel.shape, floats: kernel.floats().map { $0 * 2 })
    let diff = try ModelDiff.compare(original(), other)
    let found = diff.layers.filter { $0.weights.contains { !$0.isSame } }
    #expect(found.map(\.pathA) == ["sequential/digit"])
    #expect(found.first?.weights.first { !$0.isSame }?.relation == .scaled(2))
  }

  @Test func renamedLayersAreNotes() throws {
    let diff = try ModelDiff.compare(original(), changed("\"strokes\"", "\"lines\""))
    let renamed = diff.layers.filter(\.isRenamed)
    #expect(renamed.map(\.pathB) == ["lines_input", "lines"])
    #expect(diff.isSame)
  }
}
