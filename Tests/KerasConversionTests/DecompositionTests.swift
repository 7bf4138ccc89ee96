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
  private func sequential(_ mapping: String, shape: String = "[null, 3]") throws -> Model {
    let json = """
      {"class_name": "Sequential", "keras_version": "2.2.4", "backend": "tensorflow", "config": {"name": "s", "layers": [
       {"class_name": "Lambda", "config": {"name": "scale", "trainable": true, "batch_input_shape": \(shape),
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

  /// Whether `add` of Keras 3.15 (keras/src/backend/tensorflow/numpy.py) adds a second operand along another axis than
  /// broadcasting does: it takes one with a single axis longer than 1 for a bias.
  private func isMistaken(_ first: [Int], _ second: [Int]) -> Bool {
    let long = second.indices.filter { second[$0] > 1 }
    guard long.count == 1, first.count > 1, let last = first.last else { return false }
    let size = second[long[0]]
    guard size == first[1] || size == last else { return false }
    let axis = last == size ? first.count - 1 : 1
    return long[0] + first.count - second.count != axis || second.count > first.count
  }

  /// Sums and what they come to for x of ones, as the operands of every Add in the written model.
  @Test(arguments: [
    ("K.sum(x, axis=1, keepdims=True) + 2 * K.sum(x, axis=2, keepdims=True)", 12.0),
    ("K.sum(x, axis=[1, 2], keepdims=True) + x", 17), ("x + K.sum(x, axis=2, keepdims=True)", 5),
    ("K.sum(x, axis=2) + x[:, 0]", 5), ("K.expand_dims(x[:, 0], -1) + K.sum(x, axis=1, keepdims=True)", 5),
  ])
  func noSumLooksLikeABiasOfAnotherAxis(_ expression: String, _ expected: Double) throws {
    let folder = try ConversionFolder()
    let (written, _) = try convert(try sequential("(\(expression)) / 20", shape: "[null, 4, 4]"), folder)
    for batch in 1...5 {
      let x = try TensorData(shape: [batch, 4, 4], floats: [Float](repeating: 1, count: 16 * batch))
      for value in try written.predict([x])[0].doubles() { #expect(abs(value - tanh(expected / 20)) < 1e-6) }
    }
    let lowered = try written.loaded.network.lowered()
    let shapes = Dictionary(lowered.layerOutputs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    let layers = written.loaded.source.config?["config"]?["layers"]?.arrayValue ?? []
    let sums = layers.filter { $0["class_name"] == "Add" }.compactMap { $0["config"]?["name"]?.stringValue }
    for sum in sums {
      let operands = try #require(shapes[sum]).inputShapes
      guard operands.count == 2 else { continue }
      for batch in 1...5 {
        let sizes = operands.map { $0.dimensions.map { $0 ?? batch } }
        #expect(!isMistaken(sizes[0], sizes[1]), "\(sum) of \(sizes)")
      }
    }
    #expect(!sums.isEmpty || layers.contains { $0["class_name"] == "Subtract" })
  }

  /// A layer that takes another's table of embeddings beside its samples: the table's first size is no batch.
  @Test func aTableKeepsItsSize() throws {
    let folder = try ConversionFolder()
    let root = PackedFixtures.folder("custom_classes")
    let (written, _) = try convert(try Model.load("\(root)/transformer.h5"), folder)
    let truth = try ArrayFile.read("\(root)/transformer.npz")
    let output = try written.predict([try #require(truth["x"])])[0].doubles()
    for (a, b) in zip(output, try #require(truth["y"]).doubles()) { #expect(abs(a - b) < 1e-5) }
  }

  /// Attention of public models reads the mask of a Masking before it (`Tools/fixtures/custom_layers.py`).
  @Test func operationsReadAMaskThatIsMadeForThem() throws {
    let folder = try ConversionFolder()
    let root = PackedFixtures.folder("custom_classes")
    let (written, _) = try convert(try Model.load("\(root)/pooling.h5"), folder)
    let found = classes(try #require(written.loaded.source.config))
    #expect(found.contains("NotEqual") && found.contains("Any") && !found.contains { $0.contains("Expression") })
    let truth = try ArrayFile.read("\(root)/pooling.npz")
    let output = try written.predict([try #require(truth["x"])])[0].doubles()
    for (a, b) in zip(output, try #require(truth["y"]).doubles()) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func trainingGoesOnFromOperations() throws {
    let folder = try ConversionFolder()
    let root = PackedFixtures.folder("custom_classes")
    var loaded = try Model.load("\(root)/pooling.h5").loaded
    loaded.canonical.compile = [
      "loss": "mean_squared_error",
      "optimizer": ["class_name": "Adam", "config": ["name": "adam", "learning_rate": 0.01]],
    ]
    loaded.semantics = .of(version: nil)
    let source = try Model(loaded)
    let truth = try ArrayFile.read("\(root)/pooling.npz")
    let (x, y) = (try #require(truth["x"]), try #require(truth["y"]))
    let targets = try TensorData(shape: y.shape, floats: y.floats().map { 1 - $0 })
    let data = try DataSet(inputs: [x], targets: [targets])
    func train(_ model: Model) throws {
      try model.fineTune(data, epochs: 3, batchSize: x.shape[0], shuffles: false)
    }
    try train(source)
    let (written, report) = try convert(source, folder)
    #expect(!report.notes.contains { $0.message.contains("optimizer's state") })
    let state = try #require(source.forExport().model.optimizerState)
    let carried = try #require(written.forExport().model.optimizerState)
    #expect(carried.iterations == 3 && state.iterations == 3)
    for (slot, arrays) in state.slots {
      let expected = arrays.values.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) }
      let found = try #require(carried.slots[slot]).values.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) }
      #expect(found == expected, "\(slot)")
    }
    try train(source)
    try train(written)
    let (a, b) = (try source.predict([x])[0].doubles(), try written.predict([x])[0].doubles())
    for (a, b) in zip(a, b) { #expect(abs(a - b) < 1e-5) }
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

  /// tf.keras 2.15 has functions that draw: of the input's shape, and of one that the function states.
  @Test(arguments: [("K.random_normal(K.shape(x))", "random.normal"), ("K.random_uniform((5, 3))", "random.uniform")])
  func aRandomDrawIsOneOfTensorFlow(_ draw: String, _ function: String) throws {
    let folder = try ConversionFolder()
    let path = "\(folder.path)/model.h5"
    let options = ConversionOptions(export: ExportOptions(release: KerasVersion(2, 15)))
    let report = try Conversion(options).convert(try sequential("x + \(draw)"), to: path)
    #expect(report.notes.contains { $0.kind == .warning && $0.message.contains("draws random numbers") })
    let written = try Model.load(path)
    let layers = try #require(written.loaded.source.config?["config"]?["layers"]?.arrayValue)
    #expect(layers.contains { $0["config"]?["function"]?.stringValue == function })
    let x = try TensorData(shape: [5, 3], floats: Array(repeating: 0, count: 15))
    #expect(try Set(written.predict([x])[0].doubles()).count == 15)
  }
}
