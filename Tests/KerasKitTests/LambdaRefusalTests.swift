import Foundation
import KerasKit
import Testing

/// What code may not do, and how that is said.
@Suite struct LambdaRefusalTests {
  static let pythons = ["2.7", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

  private func model(_ code: String, name: String = "odd") throws -> String {
    // In a folder of its own: weights that lie beside a config are taken for its own.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lambda-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent("model.json").path
    let config: JSON = [
      "class_name": "Sequential", "keras_version": "2.2.4", "backend": "tensorflow",
      "config": [
        [
          "class_name": "Lambda",
          "config": [
            "name": .string(name), "batch_input_shape": [nil, 4], "function": [.string(code), nil, nil],
            "function_type": "lambda", "arguments": [:],
          ],
        ]
      ],
    ]
    try config.text().write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func remove(_ path: String) {
    try? FileManager.default.removeItem(at: URL(fileURLWithPath: path).deletingLastPathComponent())
  }

  private func entries(_ python: String, _ kind: String) throws -> [JSON] {
    let path = "\(Fixture.root)/fixtures/lambdas/code/python-\(python).json"
    return try #require(try JSON(parsing: String(contentsOfFile: path, encoding: .utf8))[kind]?.arrayValue)
  }

  @Test(arguments: pythons) func hostileCodeIsRefused(_ python: String) throws {
    let hostile = try entries(python, "hostile")
    #expect(hostile.count >= 12)
    for entry in hostile {
      let path = try model(try #require(entry["code"]?.stringValue))
      defer { remove(path) }
      let error = #expect(throws: (any Error).self, "\(entry["source"] ?? .null)") { _ = try Model.load(path) }
      let text = "\(try #require(error))"
      #expect(text.contains("odd"), "\(text)")
      #expect(text.contains("--map"), "\(text)")
    }
  }

  /// Numbers at the ends of 64 bits are computed as Python does or refused; they stop nothing else.
  @Test(arguments: ["2.7", "3.11"]) func numbersWithoutBoundsStopNothing(_ python: String) throws {
    var refused = 0
    let extreme = try entries(python, "extreme")
    for entry in extreme {
      let path = try model(try #require(entry["code"]?.stringValue))
      defer { remove(path) }
      do {
        let x = try TensorData(shape: [1, 4], floats: [1, 2, 3, 4])
        _ = try Model.load(path).predict(["x": x])
      } catch {
        refused += 1
        #expect("\(error)".contains("odd"), "\(entry["source"] ?? .null): \(error)")
      }
    }
    #expect(refused > extreme.count / 2)
  }

  /// Beside what real Keras saved (LambdaTests), code as each Python marshals it.
  @Test(arguments: pythons) func honestCodeComputes(_ python: String) throws {
    let entry = try #require(try entries(python, "plain").first { $0["source"] == "lambda x: x / 127.5 - 1.0" })
    let path = try model(try #require(entry["code"]?.stringValue))
    defer { remove(path) }
    let x = try TensorData(shape: [1, 4], floats: [0, 51, 127.5, 255])
    let y = try Model.load(path).predict(["x": x])
    #expect(try difference(y[0], TensorData(shape: [1, 4], floats: [-1, -0.6, 0, 1])) < 1e-6)
  }

  @Test func translationCanBeTurnedOff() throws {
    let entry = try #require(try entries("3.11", "plain").first)
    let path = try model(try #require(entry["code"]?.stringValue))
    defer { remove(path) }
    var options = LoadOptions()
    options.translatesLambdas = false
    #expect(throws: (any Error).self) { _ = try Model.load(path, options: options) }
  }

  /// Byte code that only its own Python runs is carried nowhere: what it computes is.
  @Test func itsCodeIsNotWrittenIntoAnotherFile() throws {
    let entry = try #require(try entries("2.7", "plain").first)
    let path = try model(try #require(entry["code"]?.stringValue))
    defer { remove(path) }
    let target = path + ".keras"
    defer { remove(target) }
    try Model.load(path).save(to: target)
    let config = try #require(try Model.load(target).loaded.source.config)
    #expect(!config.text().contains("Lambda"))
  }
}
