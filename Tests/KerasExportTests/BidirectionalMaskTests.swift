import KerasCore
import KerasExport
import KerasKit
import KerasModel
import Testing

/// A masked Bidirectional of Keras 2.1.3, which kept the last output at masked steps; `Tools/interop/fidelity.py` asks the
/// consumers.
@Suite struct BidirectionalMaskTests {
  /// The recorded model up to its Bidirectional, merged in that way.
  private func source(_ mode: JSON) throws -> LoadedModel {
    var model = try ExportFixture("keras-2.1.3/gru_bidirectional.h5").load()
    var layers = Array(try #require(model.canonical.config["config"]?["layers"]?.arrayValue))
    let place = try #require(layers.firstIndex { $0["class_name"] == "Bidirectional" })
    layers = Array(layers[...place])
    layers[place]["config"]?["merge_mode"] = mode
    model.canonical.config["config"]?["layers"] = .array(layers)
    model.canonical.compile = nil
    model.network = try Network(canonical: model.canonical.config)
    return model
  }

  @Test(arguments: ["concat", "sum", "mul", "ave"]) func maskedStepsKeepTheLastOutput(_ mode: String) throws {
    let fixture = try ExportFixture("keras-2.1.3/gru_bidirectional.h5")
    let source = try source(.string(mode))
    let expected = try #require(try Model(source).predict(fixture.inputs).first).floats()
    for (name, options) in [("a.keras", ExportOptions()), ("a.h5", ExportOptions(release: KerasVersion(2, 15)))] {
      let folder = try ScratchFolder()
      let notes = try Exporters.export(source, to: folder.path + "/" + name, options: options)
      #expect(notes.contains { $0.kind == .rewritten && $0.message.contains("masked steps keep") })
      let written = try LoadedModel.load(folder.path + "/" + name)
      let found = try #require(try Model(written).predict(fixture.inputs).first).floats()
      #expect(found.count == expected.count)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
    }
  }

  @Test func keras3IsToldByNull() throws {
    let folder = try ScratchFolder()
    _ = try Exporters.export(try source("concat"), to: folder.path + "/a.keras", options: ExportOptions())
    let config = try #require(try LoadedModel.load(folder.path + "/a.keras").source.config)
    let layer = try #require(config["config"]?["layers"]?.arrayValue?.last)
    #expect(layer["config"]?["layer"]?["config"]?["zero_output_for_mask"] == .some(.null))
  }
}
