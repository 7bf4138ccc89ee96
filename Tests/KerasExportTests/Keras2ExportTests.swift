import Foundation
import KerasCore
import KerasExport
import KerasKit
import KerasModel
import Testing

/// Files for tf.keras 2.15: what is written, read back by this program; `Tools/interop/keras2.py` asks tf.keras itself.
@Suite struct Keras2ExportTests {
  private static let options = ExportOptions(batchSize: 4, release: KerasVersion(2, 15))

  private func written(
    _ source: LoadedModel, as name: String = "model.h5", _ options: ExportOptions = options
  ) throws -> (model: LoadedModel, notes: [ExportNote]) {
    let folder = try ScratchFolder()
    let target = "\(folder.path)/\(name)"
    let notes = try Exporters.export(source, to: target, options: options)
    return (try LoadedModel.load(target), notes)
  }

  @Test func whatIsWrittenPredictsWhatTheReleaseRecorded() throws {
    for name in RoundTripTests.cases {
      let fixture = try ExportFixture(name)
      let (model, _) = try written(try fixture.load())
      #expect(model.source.versionStamp == "2.15.0", "\(name)")
      let config = model.source.config ?? .null
      #expect(!config.saysMoreThanKeras, "\(name)")
      #expect(!config.text().contains("\"batch_shape\"") && !config.text().contains("keras_history"), "\(name)")
      let found = try Model(model).predict(fixture.inputs)
      #expect(found.count == fixture.outputs.count, "\(name)")
      for (a, b) in zip(found, fixture.outputs) { #expect(try difference(a, b) < 1e-5, "\(name)") }
    }
  }

  @Test func theOldHardSigmoidIsItsOwn() throws {
    let source = try ExportFixture("keras-2.1.3/lstm_hard_sigmoid.h5").load()
    let (model, notes) = try written(source)
    #expect(model.weights == source.weights)
    #expect(!notes.contains { $0.message.contains("hard_sigmoid") })
  }

  @Test func whatKeras3MeansByHardSigmoidIsRewritten() throws {
    let source = try ExportFixture("keras-3/lstm_hard_sigmoid.keras").load()
    let (model, notes) = try written(source)
    let name = try #require(source.weights.keys.first { $0.hasSuffix("forward_layer/cell/kernel") })
    let before = try #require(source.weights[name]).doubles()
    let after = try #require(model.weights[name]).doubles()
    // Three units: columns of the gates i and f, of the candidate, and of the gate o.
    for index in before.indices {
      let isGate = index % 12 / 3 != 2
      #expect(abs(after[index] - before[index] / (isGate ? 1.2 : 1)) < 1e-7)
    }
    #expect(notes.contains { $0.kind == .rewritten && $0.message.contains("1/1.2") })
  }

  @Test func callsOfNestedModelsCountFromOne() throws {
    let (model, _) = try written(try ExportFixture("keras-3/nested_functional.keras").load())
    let text = try #require(model.source.config).text()
    #expect(text.contains(#"["features", 1, 0, {}]"#))
    #expect(text.contains(#"["features", 2, 0, {}]"#))
    #expect(!text.contains(#"["features", 0, 0"#))
  }

  @Test func theOptimizersStateIsCarriedOver() throws {
    let root = ExportFixture.root.replacingOccurrences(of: "/models", with: "/training")
    for name in ["keras-2.3.1/adam.h5", "keras-3/adam.h5", "keras-2.15/momentum.h5"] {
      let source = try Model(LoadedModel.load("\(root)/\(name)")).forExport().model
      let state = try #require(source.optimizerState, "\(name)")
      let (model, _) = try written(source)
      let carried = try #require(try Model(model).forExport().model.optimizerState, "\(name)")
      #expect(carried.iterations == state.iterations, "\(name)")
      #expect(carried.slots == state.slots, "\(name)")
    }
  }

  @Test func releasesBeforeTheLastOfKeras2AreRefused() throws {
    let source = try ExportFixture("keras-2.1.3/mlp_adam.h5").load()
    let error = try #require(throws: ExportError.self) {
      try KerasH5Exporter().check(source, options: ExportOptions(release: KerasVersion(2, 3, 1)))
    }
    #expect(error.description.contains("2.15"))
  }

  @Test func theArchitectureAloneIsItsJSON() throws {
    let source = try ExportFixture("keras-2.1.3/conv1d.h5").load()
    let folder = try ScratchFolder()
    _ = try Exporters.export(source, to: folder.path + "/a.json", options: Self.options)
    _ = try Exporters.export(source, to: folder.path + "/a.weights.h5", options: Self.options)
    let model = try LoadedModel.load(config: folder.path + "/a.json", weights: folder.path + "/a.weights.h5")
    #expect(model.source.versionStamp == "2.15.0")
    #expect(model.weights == source.weights)
  }

  @Test func weightsOfKeras3LieByPath() throws {
    let source = try ExportFixture("keras-2.1.3/gru_bidirectional.h5").load()
    let folder = try ScratchFolder()
    let options = ExportOptions(batchSize: 4)
    _ = try Exporters.export(source, to: folder.path + "/a.keras", options: options)
    _ = try Exporters.export(source, to: folder.path + "/a.json", options: options)
    _ = try Exporters.export(source, to: folder.path + "/a.weights.h5", options: options)
    let apart = try LoadedModel.load(config: folder.path + "/a.json", weights: folder.path + "/a.weights.h5")
    #expect(apart.source.format == .hdf5PathWeights)
    #expect(try apart.weights == LoadedModel.load(folder.path + "/a.keras").weights)
  }
}
