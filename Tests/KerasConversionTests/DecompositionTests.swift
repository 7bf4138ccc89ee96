import DataFiles
import Foundation
import KerasConversion
import KerasKit
import PackedFixtures
import Testing

/// Lambdas and layers that Keras 3 does not have, written as operations of keras.ops, against the numbers that the
/// releases recorded (real Keras on the same files: Tools/interop/decompositions.py).
@Suite struct DecompositionTests {
  private func convert(_ model: Model, _ folder: ConversionFolder) throws -> (Model, ConversionReport) {
    let path = "\(folder.path)/model.keras"
    let report = try Conversion(ConversionOptions(export: ExportOptions(batchSize: 4))).convert(model, to: path)
    return (try Model.load(path), report)
  }

  /// All layers of the written config, nested ones too.
  private func classes(_ json: JSON) -> [String] {
    let inner = (json["config"]?["layers"]?.arrayValue ?? []).flatMap { classes($0) }
    return inner + (json["class_name"]?.stringValue.map { [$0] } ?? [])
  }

  @Test(arguments: [
    "bn_sample_wise": ["Mean", "Sqrt"], "merge_cos": ["Dot"],
  ])
  func recordedModelsOfKeras1(_ name: String, _ expected: [String]) throws {
    let folder = try ConversionFolder()
    let source = try Model.load(PackedFixtures.path("models/keras-1.2.2/\(name).h5"))
    let (written, _) = try convert(source, folder)
    let found = Set(classes(try #require(written.loaded.source.config)))
    for name in expected { #expect(found.contains(name), "\(found)") }
    let truth = try ArrayFile.read(PackedFixtures.path("models/keras-1.2.2/\(name).npz"))
    let inputs = truth.filter { $0.key.hasPrefix("x") }
    let outputs = try written.predict(inputs)
    for (index, output) in outputs.enumerated() {
      let recorded = try #require(truth["y\(index)"]).doubles()
      for (a, b) in zip(try output.doubles(), recorded) { #expect(abs(a - b) < 1e-5) }
    }
  }

  /// A Sequential with a normalising Lambda (marshalled code of Python 2.7 and later is read by the loader's own tests).
  private func sequential(_ mapping: String) throws -> Model {
    let json = """
      {"class_name": "Sequential", "keras_version": "2.2.4", "backend": "tensorflow", "config": {"name": "s", "layers": [
       {"class_name": "Lambda", "config": {"name": "scale", "trainable": true, "batch_input_shape": [null, 3],
        "dtype": "float32", "function": ["", null, null], "function_type": "lambda", "output_shape": null,
        "output_shape_type": "raw", "arguments": {}}},
       {"class_name": "Activation", "config": {"name": "act", "trainable": true, "activation": "tanh"}}]}}
      """
    let folder = try ConversionFolder()
    try Data(json.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/m.json"))
    var options = LoadOptions()
    options.requiresWeights = false
    options.mappings = [try ObjectMapping(name: "scale", target: mapping)]
    return try Model.load("\(folder.path)/m.json", options: options)
  }

  @Test func twoNumbersAreARescaling() throws {
    let folder = try ConversionFolder()
    let (written, report) = try convert(try sequential("x / 127.5 - 1"), folder)
    let config = try #require(written.loaded.source.config)
    #expect(classes(config) == ["InputLayer", "Rescaling", "Activation", "Sequential"])
    #expect(report.notes.contains { $0.kind == .rewritten && $0.message.contains("Rescaling") })
    let x = try TensorData(shape: [1, 3], floats: [0, 127.5, 255])
    let y = try written.predict([x])[0].doubles()
    for (found, expected) in zip(y, [tanh(-1.0), 0, tanh(1.0)]) { #expect(abs(found - expected) < 1e-6) }
  }

  @Test func aSequentialBecomesFunctionalForOperations() throws {
    let folder = try ConversionFolder()
    let (written, _) = try convert(try sequential("K.sum(K.square(x), axis=-1, keepdims=True) + x"), folder)
    let config = try #require(written.loaded.source.config)
    let found = classes(config)
    #expect(found.last == "Functional" && found.contains("Square") && found.contains("Sum") && found.contains("Add"))
    let x = try TensorData(shape: [1, 3], floats: [0.1, -0.2, 0.3])
    let y = try written.predict([x])[0].doubles()
    for (found, value) in zip(y, [0.1, -0.2, 0.3]) { #expect(abs(found - tanh(0.14 + value)) < 1e-6) }
    #expect(written.outputs.map(\.name) == ["act"])
  }

  @Test func aRandomDrawIsRefusedByName() throws {
    let folder = try ConversionFolder()
    let model = try sequential("x + K.random_normal(K.shape(x))")
    #expect {
      _ = try convert(model, folder)
    } throws: { error in
      "\(error)".contains("layer 'scale'") && "\(error)".contains("random")
    }
    #expect(folder.names.isEmpty)
  }
}
