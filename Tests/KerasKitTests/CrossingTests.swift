import Foundation
import KerasKit
import KerasModel
import KerasTraining
import Testing

/// Crossed categories, and texts encoded as long as the batch's longest, made by `Tools/fixtures/crossings.py`.
@Suite struct CrossingTests {
  private static let folder = "\(Fixture.root)/fixtures/crossings"

  @Test(arguments: ["keras-3.keras", "keras-2.15.keras", "tfkeras-2.5.json"])
  func predictsWhatKerasPredicted(_ file: String) throws {
    let stem = file.split(separator: ".").dropLast().joined(separator: ".")
    let truth = try ArrayFile.read("\(Self.folder)/arrays/\(stem).npz")
    let outputs = try Model.load("\(Self.folder)/\(file)").predict(truth)
    #expect(outputs.count == truth.keys.filter { $0.hasPrefix("y") }.count)
    for (index, output) in outputs.enumerated() {
      let expected = try #require(truth["y\(index)"])
      if expected.dtype == .string {
        #expect(output == expected)
      } else {
        #expect(try difference(output, expected) <= 1e-5, "y\(index)")
      }
    }
  }

  private func texts(_ texts: [String]) throws -> [String: TensorData] {
    let count = texts.count
    return [
      "city": try TensorData(shape: [count, 1], strings: Array(repeating: "Bern", count: count)),
      "zone": try TensorData(shape: [count, 1], int64s: Array(repeating: 7, count: count)),
      "text": try TensorData(shape: [count, 1], strings: texts),
    ]
  }

  /// Keras gives a ragged tensor where batches differ, which an array does not hold.
  @Test func batchesOfDifferentWidthsAreRefusedWithTheWayOut() throws {
    let model = try Model.load("\(Self.folder)/keras-3.keras")
    let data = try texts(["the cat", "ox"])
    #expect(try model.predict(data, batchSize: 2)[2].int32s() == [2, 3, 5, 0])
    let error = #expect(throws: KerasKitError.self) { try model.predict(data, batchSize: 1) }
    #expect(error.map { "\($0)".contains("batch size of 2") } == true)
  }

  /// Keras 3.15.1 and 2.15 give `(2, 0)`.
  @Test func aBatchOfEmptyTextsHasNoTokens() throws {
    let config = """
      {"class_name": "Sequential", "keras_version": "2.15.0", "backend": "tensorflow", "config": {"name": "s", "layers": [
      {"class_name": "InputLayer", "config": {"batch_input_shape": [null, 1], "dtype": "string", "name": "i"}},
      {"class_name": "TextVectorization", "config": {"name": "t", "vocabulary": ["the"], "output_mode": "int",
      "standardize": null, "split": "whitespace", "ngrams": null, "output_sequence_length": null, "max_tokens": null}}]}}
      """
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("texts-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("texts.json").path
    try Data(config.utf8).write(to: URL(fileURLWithPath: path))
    let model = try Model.load(path)
    #expect(try model.predict([TensorData(shape: [2, 1], strings: ["", " "])])[0].shape == [2, 0])
    #expect(try model.predict([TensorData(shape: [2, 1], strings: ["a the", " "])])[0].int32s() == [1, 2, 0, 0])
  }

  /// Strings, and ids that 32 bits do not hold, in evaluation and in two steps of SGD.
  @Test(arguments: ["keras-3_trained", "keras-2.15_trained"])
  func trainsOnTextsAndWideIdsAsKeras(_ name: String) throws {
    let arrays = try ArrayFile.read("\(Self.folder)/arrays/\(name).npz")
    let loaded = try LoadedModel.load("\(Self.folder)/\(name).keras")
    let trainer = try Trainer(model: loaded)
    let data = try DataSet(
      arrays: arrays, inputNames: trainer.inputNames, outputNames: trainer.outputNames)
    let loss = try #require(arrays["loss"]).doubles()[0]
    #expect(abs(Double(try trainer.evaluate(data, batchSize: 2).loss) - loss) <= 1e-5)
    try trainer.fit(data, FitOptions(epochs: 1, batchSize: 2, shuffles: false))
    let weights = try trainer.weights()
    for role in ["kernel", "bias", "embedding"] {
      let expected = try #require(arrays[role])
      let own = try #require(weights.first { $0.key.hasSuffix(role == "embedding" ? "/embeddings" : "/" + role) })
      #expect(try difference(own.value, expected) <= 1e-5, "\(role)")
    }
  }
}
