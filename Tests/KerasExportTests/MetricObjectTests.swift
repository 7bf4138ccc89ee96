import KerasCore
import KerasExport
import KerasModel
import Testing

/// Metric objects of tf.keras, which its HDF5 files write by class and config alone.
@Suite struct MetricObjectTests {
  /// As TensorFlow 2.5's `model.compile(metrics=[AUC(…), Precision(…), …])` saves them; Keras 3.15.1 loads what is written.
  private static let saved: JSON = [
    [
      "class_name": "AUC",
      "config": [
        "name": "auc", "dtype": "float32", "num_thresholds": 50, "curve": "PR", "summation_method": "interpolation",
        "thresholds": [0.25, 0.5], "multi_label": false, "label_weights": .null,
      ],
    ],
    [
      "class_name": "Precision",
      "config": ["name": "p", "dtype": "float32", "thresholds": 0.7, "top_k": .null, "class_id": 1],
    ],
    ["class_name": "Lab>OwnScore", "config": ["name": "own"]],
  ]

  private func source() throws -> LoadedModel {
    var model = try ExportFixture("keras-2.15/mlp_adam.h5").load()
    var compile = try #require(model.canonical.compile)
    compile["metrics"] = Self.saved
    model.canonical.compile = compile
    return model
  }

  @Test func theyAreCarriedOverWithTheirFields() throws {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.keras"
    let notes = try Exporters.export(try source(), to: target, options: ExportOptions(batchSize: 4))
    let written = try #require(try LoadedModel.load(target).source.trainingConfig?["metrics"]?.arrayValue)
    #expect(written.count == 2)
    #expect(written[0]["module"] == "keras.metrics")
    #expect(written[0]["class_name"] == "AUC")
    #expect(written[0]["config"]?["curve"] == "PR")
    #expect(written[0]["config"]?["thresholds"] == [0.25, 0.5])
    #expect(written[1]["config"]?["class_id"] == 1)
    #expect(notes.contains { $0.kind == .lost && $0.message.contains("Lab>OwnScore") })
  }

  @Test func tfKerasGetsThemWithoutAModule() throws {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.h5"
    let options = ExportOptions(batchSize: 4, release: KerasVersion(2, 15))
    _ = try Exporters.export(try source(), to: target, options: options)
    let written = try #require(try LoadedModel.load(target).source.trainingConfig?["metrics"]?.arrayValue)
    #expect(written.map { $0["class_name"]?.stringValue } == ["AUC", "Precision"])
    #expect(written[1]["config"]?["thresholds"] == 0.7)
  }
}
