import Foundation
import KerasKit
import Testing

/// Models of preprocessing layers, strings included, made by `Tools/fixtures/preprocessing_layers.py`.
@Suite struct PreprocessingTests {
  private static let folder = "\(Fixture.root)/fixtures/preprocessing"
  private static let models: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".keras") }.sorted()
  }()

  @Test func everyRecordedModelIsFound() { #expect(Self.models.count == 61) }

  @Test(arguments: models) func predictsWhatKerasPredicted(_ file: String) throws {
    let truth = try ArrayFile.read("\(Self.folder)/\(file.dropLast(6)).npz")
    let outputs = try Model.load("\(Self.folder)/\(file)").predict(truth)
    #expect(outputs.count == 1)
    #expect(try difference(outputs[0], #require(truth["y0"])) <= 1e-5)
  }

  @Test func numbersForAnInputOfStringsAreRefused() throws {
    let model = try Model.load("\(Self.folder)/keras-3_string_int.keras")
    #expect(throws: KerasKitError.self) { try model.predict([TensorData(shape: [1, 3], floats: [1, 2, 3])]) }
  }

  @Test func stringsForAnInputOfNumbersAreRefused() throws {
    let model = try Model.load("\(Self.folder)/keras-3_integer_int.keras")
    #expect(throws: KerasKitError.self) { try model.predict([TensorData(shape: [1, 3], strings: ["1", "2", "3"])]) }
  }
}
