import Foundation
import KerasCore
import KerasExport
import KerasFile
import KerasModel
import PackedFixtures
import TFLiteExport
import Testing

@Suite struct TFLiteExporterTests {
  private func written(
    _ model: LoadedModel, _ options: ExportOptions = ExportOptions()
  ) throws -> WrittenModel {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).tflite").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try TFLiteExporter().export(model, to: path, options: options)
    return try WrittenModel(path: path)
  }

  private func fixture(_ name: String) throws -> LoadedModel {
    try LoadedModel.load(PackedFixtures.path("models/\(name)"))
  }

  private func model(_ layers: [JSON], shape: JSON) throws -> LoadedModel {
    let input: JSON = [
      "class_name": "InputLayer", "config": ["name": "x", "batch_input_shape": shape, "dtype": "float32"],
    ]
    let config: JSON = [
      "class_name": "Sequential", "config": ["name": "m", "layers": .array([input] + layers)],
      "keras_version": "2.15.0", "backend": "tensorflow",
    ]
    var options = LoadOptions()
    options.requiresWeights = false
    var model = try LoadedModel.load(
      source: ModelSource(file: "m.json", format: .json, config: config), options: options)
    let graph = try model.network.lowered(training: false).graph
    for name in graph.parameterNames {
      let shape = try #require(graph.parameter(named: name).flatMap { graph.shape($0).concrete })
      model.weights[name] = try TensorData.filled(0.5, shape: shape)
    }
    return model
  }

  @Test func theSignatureNamesInputsAndOutputsWithAnOpenBatch() throws {
    let file = try written(fixture("keras-2.1.3/conv1d.h5"))
    #expect(file.identifier == "TFL3")
    let signature = try #require(file.root.tables(7).first)
    #expect(signature.string(2) == "serving_default")
    let input = try #require(signature.tables(0).first)
    #expect(file.tensorNames[input.int(1)] == input.string(0))
    #expect(file.main.ints(1) == [input.int(1)])
    #expect(file.tensors[input.int(1)].ints(7).first == -1)
    #expect(file.tensors[input.int(1)].ints(0).first == 1)
    let output = try #require(signature.tables(1).first)
    #expect(file.main.ints(2) == [output.int(1)])
  }

  @Test func weightsAreAlignedAndTensorsNamedAfterLayers() throws {
    let source = try fixture("keras-2.1.3/conv1d.h5")
    let file = try written(source)
    for buffer in file.root.tables(4) where !buffer.content(0).isEmpty {
      #expect(try #require(buffer.position(0)) % 16 == 0)
    }
    #expect(file.tensorNames.contains { $0.hasPrefix("conv1d_1/") })
  }

  @Test func biasAndReluAreTheConvolutions() throws {
    let layer: JSON = [
      "class_name": "Conv2D",
      "config": [
        "name": "c", "filters": 3, "kernel_size": [2, 2], "activation": "relu", "bias_initializer": "ones",
      ],
    ]
    let file = try written(model([layer], shape: [nil, 5, 5, 2]))
    #expect(file.operators() == [3])
    #expect(try #require(file.main.tables(3)[0].table(4)).byte(3) == 1)
  }

  @Test func theRecordIsInTheMetadata() throws {
    let record: JSON = ["source": "model.h5", "n": 3]
    let file = try written(fixture("keras-2.1.3/conv1d.h5"), ExportOptions(makeRecord: { _ in record }))
    #expect(file.metadata("keraskit") == record.text())
    #expect(try written(fixture("keras-2.1.3/conv1d.h5")).metadata("keraskit") == nil)
  }

  /// float16 is type 1, int8 type 9; DEQUANTIZE is operator 6.
  @Test(arguments: [(ExportOptions.WeightFormat.float16, 1), (.int8, 9)])
  func weightsAreStoredInTheFormatAskedFor(_ format: ExportOptions.WeightFormat, _ type: Int) throws {
    let plain = try written(fixture("keras-2.1.3/conv1d.h5"))
    let file = try written(fixture("keras-2.1.3/conv1d.h5"), ExportOptions(weightFormat: format))
    #expect(!plain.operators().contains(6))
    #expect(file.operators().contains(6))
    let stored = file.tensors.filter { $0.byte(1) == type }
    #expect(!stored.isEmpty)
    if format == .int8 {
      for tensor in stored {
        let quantization = try #require(tensor.table(4))
        #expect(quantization.ints(2).count == tensor.ints(0)[quantization.int(6)])
      }
    }
  }

  @Test(arguments: [(6, 0), (200, 1)])
  func shortRecurrencesAreUnrolledAndLongOnesLoops(_ steps: Int, _ loops: Int) throws {
    let layer: JSON = ["class_name": "LSTM", "config": ["name": "lstm", "units": 3]]
    let file = try written(model([layer], shape: [nil, .number(Double(steps)), 2]))
    #expect(file.operators().count { $0 == 119 } == loops)
    #expect(file.root.tables(2).count == 1 + 2 * loops)
  }

  @Test func aRefusalNamesLayerAndReasonAndWritesNothing() throws {
    let layer: JSON = [
      "class_name": "StringLookup", "config": ["name": "words", "vocabulary": ["a", "b"], "dtype": "string"],
    ]
    let input: JSON = [
      "class_name": "InputLayer", "config": ["name": "x", "batch_input_shape": [nil, 1], "dtype": "string"],
    ]
    let config: JSON = [
      "class_name": "Sequential", "config": ["name": "m", "layers": [input, layer]], "keras_version": "2.15.0",
      "backend": "tensorflow",
    ]
    var options = LoadOptions()
    options.requiresWeights = false
    let source = try LoadedModel.load(
      source: ModelSource(file: "m.json", format: .json, config: config), options: options)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let error = #expect(throws: ExportError.self) {
      try TFLiteExporter().export(source, to: folder.path + "/m.tflite", options: ExportOptions())
    }
    #expect(error?.description.contains("texts") == true)
    #expect(throws: ExportError.self) { try TFLiteExporter().check(source, options: ExportOptions()) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
