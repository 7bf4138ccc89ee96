import Foundation
import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import Testing

@Suite struct RewriteTests {
  private func written(
    _ name: String, _ semantics: ExportOptions.ActivitySemantics = .asSaved, batchSize: Int? = 4
  ) throws -> (source: LoadedModel, model: LoadedModel, notes: [ExportNote]) {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.keras"
    let source = try ExportFixture(name).load()
    let notes = try Exporters.export(
      source, to: target, options: ExportOptions(activitySemantics: semantics, batchSize: batchSize))
    return (source, try LoadedModel.load(target), notes)
  }

  @Test func gatesOfTheOldHardSigmoidAreScaled() throws {
    let (source, model, notes) = try written("keras-2.1.3/embedding_lstm_mask.h5")
    let name = try #require(source.weights.keys.first { $0.hasSuffix("cell/recurrent_kernel") })
    let before = try #require(source.weights[name]).doubles()
    let after = try #require(model.weights[name]).doubles()
    // Three units: columns of the gates i and f, of the candidate, and of the gate o.
    for index in before.indices {
      let isGate = index % 12 / 3 != 2
      #expect(abs(after[index] - before[index] * (isGate ? 1.2 : 1)) < 1e-7)
    }
    #expect(notes.contains { $0.kind == .warning && $0.message.contains("1.2") })
  }

  @Test func denseHardSigmoidKeepsItsWeights() throws {
    let (source, model, _) = try written("keras-2.1.3/lstm_hard_sigmoid.h5")
    let kernel = try #require(source.weights.keys.first { $0.hasPrefix("dense") && $0.hasSuffix("/kernel") })
    #expect(model.weights[kernel] == source.weights[kernel])
    let layers = try #require(model.source.config).layersByName
    let name = kernel.prefix { $0 != "/" }
    #expect(layers["\(name)_rescaling"]?["config"]?["scale"]?.doubleValue == 1.2)
    #expect(layers["\(name)_hard_sigmoid"]?["config"]?["activation"] == "hard_sigmoid")
  }

  @Test func nestedPenaltyOf213GoesToTheInput() throws {
    let (_, model, notes) = try written("keras-2.1.3/nested_activity.h5")
    let layers = try #require(model.source.config).layersByName
    let penalty = try #require(layers.first { $0.value["class_name"] == "ActivityRegularization" })
    // l2(0.02), summed over the batch of four then, divided by it now.
    #expect(abs((penalty.value["config"]?["l2"]?.doubleValue ?? 0) - 0.08) < 1e-6)
    #expect(layers.values.allSatisfy { ($0["config"]?["activity_regularizer"] ?? .null).isNull })
    #expect(notes.contains { $0.message.contains("input") })
  }

  @Test func intendedPenaltyStaysOnTheOutput() throws {
    let (_, model, _) = try written("keras-2.1.3/nested_activity.h5", .intended)
    let layers = try #require(model.source.config).layersByName
    #expect(!layers.values.contains { $0["class_name"] == "ActivityRegularization" })
    let kept = layers.values.compactMap { $0["config"]?["activity_regularizer"]?["config"]?["l2"]?.doubleValue }
    #expect(kept.count == 1 && abs(kept[0] - 0.08) < 1e-6)
  }

  @Test func penaltyThatKeras1DroppedIsNotWritten() throws {
    let (_, model, notes) = try written("keras-1.2.2/nested_activity.h5")
    let layers = try #require(model.source.config).layersByName
    #expect(!layers.values.contains { $0["class_name"] == "ActivityRegularization" })
    #expect(layers.values.allSatisfy { ($0["config"]?["activity_regularizer"] ?? .null).isNull })
    #expect(notes.contains { $0.message.contains("no activity penalty") })
  }

  @Test func missingBatchSizeIsAWarning() throws {
    let (_, _, notes) = try written("keras-2.3.1/nested_activity.h5", batchSize: nil)
    #expect(notes.contains { $0.kind == .warning && $0.message.contains("batch size") })
  }

  @Test func theanoPaddingIsALayer() throws {
    let (_, model, _) = try written("keras-1.2.2/conv_channels_last.h5")
    let layers = try #require(model.source.config).layersByName
    let paddings = layers.values.filter { $0["class_name"] == "ZeroPadding2D" }.compactMap {
      $0["config"]?["padding"]?.text()
    }
    // Kernels of 3×2 and 2×2: k//2 before, k − 1 − k//2 after.
    #expect(Set(paddings) == ["[[1, 1], [1, 0]]", "[[1, 0], [1, 0]]"])
  }

  @Test func whatNothingInKeras3ComputesIsRefusedByName() throws {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.keras"
    let source = try LoadedModel.load(PackedFixtures.path("legacy_layers/keras-1.2.2/hard_sigmoid.h5"))
    #expect(
      performing: {
        _ = try Exporters.export(source, to: target)
      },
      throws: { error in
        guard let error = error as? ExportError, case .notExpressible = error.cause else { return false }
        return error.layer?.hasPrefix("lstm") == true
      })
    #expect(!FileManager.default.fileExists(atPath: target))
  }

  @Test func unknownSuffixIsRefused() throws {
    let source = try ExportFixture("keras-2.1.3/mlp_adam.h5").load()
    #expect(throws: ExportError.self) { try Exporters.export(source, to: "/tmp/model.pt") }
  }

  @Test func unwritableTargetIsAFileError() throws {
    let source = try ExportFixture("keras-2.1.3/mlp_adam.h5").load()
    #expect(
      performing: {
        _ = try Exporters.export(source, to: "/nonexistent-folder/model.keras")
      },
      throws: { error in
        guard let error = error as? ExportError, case .file = error.cause else { return false }
        return true
      })
  }
}
