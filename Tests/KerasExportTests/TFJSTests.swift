import Foundation
import KerasCore
import KerasExport
import KerasModel
import Testing

@Suite struct TFJSTests {
  private func model(_ name: String, _ options: ExportOptions = ExportOptions()) throws -> (json: JSON, bytes: [UInt8])
  {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.tfjs"
    _ = try Exporters.export(try ExportFixture(name).load(), to: target, options: options)
    let json = try JSON(parsing: Array(Data(contentsOf: URL(filePath: target + "/model.json"))))
    var bytes: [UInt8] = []
    for name in try #require(json["weightsManifest"]?[0]?["paths"]?.arrayValue) {
      bytes += try Array(Data(contentsOf: URL(filePath: "\(target)/\(try #require(name.stringValue))")))
    }
    return (json, bytes)
  }

  @Test func theManifestDescribesAllBytes() throws {
    for name in ["keras-2.1.3/conv1d.h5", "keras-1.2.2/pooling_same.h5", "keras-3/embedding_lstm_mask.keras"] {
      let (json, bytes) = try model(name, ExportOptions(makeRecord: { _ in ["tool": "test"] }))
      #expect(json["format"] == "layers-model")
      #expect(json["modelTopology"]?["model_config"]?["class_name"]?.stringValue != nil)
      #expect(json["userDefinedMetadata"]?["keraskit"]?["tool"] == "test")
      let entries = json["weightsManifest"]?[0]?["weights"]?.arrayValue ?? []
      let sizes = entries.map { 4 * ($0["shape"]?.arrayValue ?? []).reduce(1) { $0 * ($1.intValue ?? 0) } }
      #expect(sizes.reduce(0, +) == bytes.count, "\(name)")
    }
  }

  /// TensorFlow.js does not name cells; its releases before 1.7 find weights by no other name.
  @Test func cellsAreNotPartOfNames() throws {
    let (json, _) = try model("keras-2.1.3/embedding_lstm_mask.h5")
    let names = (json["weightsManifest"]?[0]?["weights"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
    #expect(names.contains { $0.hasSuffix("lstm_1/recurrent_kernel") })
    #expect(!names.contains { $0.contains("cell") })
    #expect(!names.contains { $0.contains(":0") })
  }

  @Test func eightBitsKeepZeroAndTheEnds() throws {
    let source = try ExportFixture("keras-2.1.3/mlp_adam.h5").load()
    let (json, bytes) = try model("keras-2.1.3/mlp_adam.h5", ExportOptions(weightFormat: .int8))
    let entry = try #require(json["weightsManifest"]?[0]?["weights"]?[0])
    let name = try #require(entry["name"]?.stringValue)
    let exact = try #require(source.weights[name]).doubles()
    let scale = try #require(entry["quantization"]?["scale"]?.doubleValue)
    let least = try #require(entry["quantization"]?["min"]?.doubleValue)
    // A whole number of steps below zero.
    #expect(abs((least / scale).rounded() - least / scale) < 1e-9)
    for (number, byte) in zip(exact, bytes) { #expect(abs(Double(byte) * scale + least - number) <= scale) }
  }

  @Test func whatTensorFlowJSLacksIsRefusedByName() throws {
    for (name, words) in [
      ("keras-2.1.3/gru_bidirectional.h5", "masked Bidirectional"),
      ("keras-2.15/gru_bidirectional.h5", "GRU with reset_after"),
    ] {
      let source = try ExportFixture(name).load()
      let error = try #require(throws: ExportError.self) { try TFJSExporter().check(source, options: ExportOptions()) }
      #expect(error.layer?.isEmpty == false)
      #expect(error.description.contains(words))
    }
  }

  /// `Tools/interop/tfjs.py` runs it.
  @Test func aGRUThatResetsAfterTheProductIsStepsOfDenseLayers() throws {
    let (json, _) = try model("keras-2.15/lstm_hard_sigmoid.h5")
    let layers = try #require(json["modelTopology"]?["model_config"]?["config"]?["layers"]?.arrayValue)
    let steps = try #require(layers.first { $0["class_name"] == "Model" }?["config"]?["layers"]?.arrayValue)
    let shared = try #require(steps.first { $0["config"]?["name"]?.stringValue?.hasSuffix("update_state") == true })
    let crops = steps.filter { $0["class_name"] == "Cropping2D" }
    #expect(crops.count > 1)
    #expect(shared["inbound_nodes"]?.arrayValue?.count == crops.count)
  }

  @Test func aFolderThatWasThereIsReplaced() throws {
    let folder = try ScratchFolder()
    let target = folder.path + "/model.tfjs"
    for name in ["keras-2.1.3/conv1d.h5", "keras-2.1.3/mlp_adam.h5"] {
      _ = try Exporters.export(try ExportFixture(name).load(), to: target)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names == ["model.tfjs"])
    let files = try FileManager.default.contentsOfDirectory(atPath: target)
    #expect(Set(files) == ["model.json", "group1-shard1of1.bin"])
  }
}
