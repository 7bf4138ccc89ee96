import Foundation
import Testing

/// Data of every kind that `fine-tune` and `evaluate` read.
@Suite struct DataTests {
  private let model = Command.fixture("models/keras-2.3.1/separable.h5")

  /// The classes cat and dog of the recorded folder.
  private func folder() throws -> String {
    let path = try Command.folder()
    for name in ["cat", "dog"] {
      try FileManager.default.copyItem(atPath: Command.fixture("images/folder/\(name)"), toPath: "\(path)/\(name)")
    }
    return path
  }

  private func loss(_ arguments: [String]) throws -> Double {
    let result = try Command.run(["evaluate", model, "--loss", "categorical_crossentropy", "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    return try #require(object?["loss"] as? Double)
  }

  @Test func aFolderOfImagesIsTheArraysThatKerasMakesOfIt() throws {
    // Keras' own pixels and labels of the two classes, at the model's 5 × 6.
    let expected = try loss(["--data", Command.fixture("images/cat_dog.npz")])
    let found = try loss(["--data", try folder(), "--rescale", "1/255"])
    #expect(abs(found - expected) < 1e-5)
    #expect(try abs(loss(["--data", try folder()]) - expected) > 1e-3)
  }

  @Test func trainingOnAFolderWithValidation() throws {
    let output = try Command.folder() + "/tuned.keras"
    let images = try folder()
    let result = try Command.run([
      "fine-tune", model, "--train", images, "--validation", images, "--rescale", "1/255", "--loss",
      "categorical_crossentropy", "--optimizer", "adam", "--epochs", "2", "--output", output,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("val"), "\(result.output)")
    #expect(FileManager.default.fileExists(atPath: output))
  }

  @Test func classWeightsAutoAreTheBalancedOnes() throws {
    // Six samples, four of class 0: 6 / (2 · 4) and 6 / (2 · 2).
    let mlp = Command.fixture("models/keras-2.3.1/mlp_adam.h5")
    let path = try Command.folder() + "/data.jsonl"
    let text = [0, 0, 1, 0, 1, 0].enumerated().map { "{\"x\": [\($0), 1, 0.5, -1, 2], \"y\": \($1)}\n" }.joined()
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    func train(_ extra: [String]) throws -> String {
      let output = try Command.folder() + "/tuned.keras"
      let result = try Command.run(["fine-tune", mlp, "--train", path, "--output", output] + extra)
      #expect(result.status == 0, "\(result.errors)")
      return String(result.output.split(separator: "\n").first { $0.hasPrefix("epoch") }?.prefix { $0 != "(" } ?? "")
    }
    func loss(_ line: String) -> [Substring] {
      line.split(separator: " ").filter { !$0.hasSuffix("/s") }.prefix(4).map { $0 }
    }
    let balanced = try loss(train(["--class-weight", "auto"]))
    #expect(try balanced == loss(train(["--class-weight", "{\"0\": 0.75, \"1\": 1.5}"])))
    #expect(try balanced != loss(train([])))
    #expect(
      try Command.run(["fine-tune", mlp, "--train", path, "--output", "t.keras", "--class-weight", "x"]).status == 2)
  }

  @Test func classesThatTheOutputLacksAreNamed() throws {
    let result = try Command.run(["evaluate", model, "--data", Command.fixture("images/folder")])
    #expect(result.status == 2)
    for word in ["3 classes", "Emu", "(None, 2)"] { #expect(result.errors.contains(word), "\(result.errors)") }
  }

  @Test func aBrokenImageIsNamed() throws {
    let images = try folder()
    let path = "\(images)/dog/2.jpg"
    try Data(contentsOf: URL(fileURLWithPath: path)).prefix(300).write(to: URL(fileURLWithPath: path))
    let result = try Command.run(["evaluate", model, "--data", images])
    #expect(result.status == 3)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("dog/2.jpg"))
  }

  @Test func jsonLinesAndHDF5GiveWhatTheArchiveGives() throws {
    let mlp = Command.fixture("models/keras-2.3.1/mlp_adam.h5")
    let options = ["--loss", "categorical_crossentropy", "--json"]
    let rows = [([0.5, -1, 2, 0, 1], [0, 1, 0]), ([1, 1, -0.5, 3, 0.25], [1, 0, 0])]
    let text = rows.map { "{\"x\": \($0.0), \"label\": \($0.1)}\n" }.joined()
    let lines = try Command.folder() + "/data.jsonl"
    try text.write(toFile: lines, atomically: true, encoding: .utf8)
    let table = try Command.folder() + "/data.csv"
    let csv = rows.map { ($0.0 + $0.1.map(Double.init)).map { "\($0)" }.joined(separator: ",") + "\n" }.joined()
    try csv.write(toFile: table, atomically: true, encoding: .utf8)
    let first = try Command.run(["evaluate", mlp, "--data", lines, "--target", "label"] + options)
    let second = try Command.run(
      ["evaluate", mlp, "--data", table, "--target", "5", "--target", "6", "--target", "7"] + options)
    let third = try Command.run(
      ["evaluate", mlp, "--data", Command.fixture("images/rows.h5"), "--target", "label"] + options)
    #expect(first.status == 0 && first.output.contains("loss"), "\(first.errors)")
    #expect(first.output == second.output)
    #expect(third.output == second.output, "\(third.errors)")
    try (text + "{\"x\": [1, 2, 3, 4, null], \"label\": [0, 0, 1]}\n").write(
      toFile: lines, atomically: true, encoding: .utf8)
    let refused = try Command.run(["evaluate", mlp, "--data", lines, "--target", "label"])
    #expect(refused.status == 3)
    #expect(refused.errors.contains("row 3, column 'x'"), "\(refused.errors)")
  }
}
