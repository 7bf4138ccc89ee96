import KerasCore
import KerasExport
import KerasFile
import KerasModel
import Testing

/// Penalties that the target's loss does not hold are named, as the numbers that it prints are others.
@Suite struct FrozenPenaltyTests {
  private func model(trainable: Bool, release: String) throws -> LoadedModel {
    let regularizer: JSON = ["class_name": "L1L2", "config": ["l1": 0.0, "l2": 0.01]]
    let dense: JSON = [
      "class_name": "Dense",
      "config": [
        "name": "frozen", "units": 3, "trainable": .bool(trainable), "kernel_regularizer": regularizer,
        "bias_regularizer": nil,
      ],
    ]
    let input: JSON = ["class_name": "InputLayer", "config": ["name": "x", "batch_input_shape": [nil, 4]]]
    let config: JSON = ["class_name": "Sequential", "config": ["name": "m", "layers": [input, dense]]]
    let arrays = [("kernel", [4, 3]), ("bias", [3])].map { name, shape in
      StoredArray(name: "frozen/\(name):0", path: "/frozen/\(name):0", dtype: .float32, shape: shape) {
        () throws(KerasFileError) in
        do {
          return try TensorData.filled(0.5, shape: shape)
        } catch {
          throw KerasFileError(file: "layers.h5", .damaged("\(error)"))
        }
      }
    }
    return try LoadedModel.load(
      source: ModelSource(
        file: "layers.h5", format: .hdf5Model, config: config, versionStamp: release, backend: "tensorflow",
        weights: .groups([WeightGroup(name: "frozen", arrays: arrays)])), options: LoadOptions())
  }

  private func lost(_ model: LoadedModel, _ options: ExportOptions, as name: String) throws -> [ExportNote] {
    let folder = try ScratchFolder()
    return try Exporters.export(model, to: folder.path + "/" + name, options: options).filter {
      $0.kind == .lost && $0.layer == "frozen"
    }
  }

  /// Measured: the loss of Keras 1.2.2 and 2.x holds the penalty of a frozen layer, that of Keras 3.15 does not.
  @Test func whatKeras3LeavesOutOfTheLossIsNamed() throws {
    let notes = try lost(model(trainable: false, release: "2.3.1"), ExportOptions(), as: "a.json")
    #expect(notes.count == 1)
    #expect(notes.first?.message.hasPrefix("kernel_regularizer: ") == true)
    #expect(try lost(model(trainable: true, release: "2.3.1"), ExportOptions(), as: "b.json").isEmpty)
    #expect(try lost(model(trainable: false, release: "3.5.0"), ExportOptions(), as: "c.json").isEmpty)
  }

  @Test func kerasTwoCountsThemToo() throws {
    let options = ExportOptions(release: KerasVersion(2, 15))
    #expect(try lost(model(trainable: false, release: "2.3.1"), options, as: "a.json").isEmpty)
    #expect(try lost(model(trainable: false, release: "3.5.0"), options, as: "b.json").count == 1)
  }
}
