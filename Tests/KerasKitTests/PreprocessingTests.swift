import Foundation
import KerasKit
import PackedFixtures
import Testing

/// Models of preprocessing layers, strings included, made by `Tools/fixtures/preprocessing_layers.py`.
@Suite struct PreprocessingTests {
  private static let folder = PackedFixtures.folder("preprocessing")
  private static let models: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".keras") }.sorted()
  }()

  @Test func everyRecordedModelIsFound() { #expect(Self.models.count == 75) }

  @Test(arguments: models) func predictsWhatKerasPredicted(_ file: String) throws {
    let truth = try ArrayFile.read("\(Self.folder)/\(file.dropLast(6)).npz")
    let outputs = try Model.load("\(Self.folder)/\(file)").predict(truth)
    #expect(outputs.count == 1)
    let expected = try #require(truth["y0"])
    if expected.dtype == .string {
      #expect(outputs[0] == expected)
    } else {
      #expect(try difference(outputs[0], expected) <= 1e-5)
    }
  }

  @Test func numbersForAnInputOfStringsAreRefused() throws {
    let model = try Model.load("\(Self.folder)/keras-3_string_int.keras")
    #expect(throws: KerasKitError.self) { try model.predict([TensorData(shape: [1, 3], floats: [1, 2, 3])]) }
  }

  /// Keras 2.15 and 3.15.1 give 0 for each of these, as none is in the vocabulary.
  @Test func idsBeyond32BitsAreNotTakenForTheLargestThatFits() throws {
    let model = try Model.load("\(Self.folder)/keras-3_integer_int.keras")
    let ids = try TensorData(shape: [1, 3], int64s: [(1 << 32) + 5, 1 << 40, .min])
    #expect(try model.predict([ids])[0].int32s() == [0, 0, 0])
    #expect(throws: KerasKitError.self) { try model.predict([TensorData(shape: [1, 3], doubles: [5, .nan, 7])]) }
  }

  @Test func idsBeyond32BitsAreRefusedWhereTheyAreComputedWith() throws {
    let model = try Model.load("\(Self.folder)/keras-3_integer_invert.keras")
    let error = #expect(throws: KerasKitError.self) {
      try model.predict([TensorData(shape: [1, 3], int64s: [1, (1 << 32) + 1, 2])])
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("4294967297") && text.contains(model.inputs[0].name))
  }

  @Test func stringsForAnInputOfNumbersAreRefused() throws {
    let model = try Model.load("\(Self.folder)/keras-3_integer_int.keras")
    #expect(throws: KerasKitError.self) { try model.predict([TensorData(shape: [1, 3], strings: ["1", "2", "3"])]) }
  }
}
