import Foundation
import Testing

/// Bad input: exit code 3 and one line that names file, layer and field.
@Suite struct BadInputTests {
  private func expectRefusal(_ arguments: [String], mentions: [String]) throws {
    let result = try Command.run(arguments)
    #expect(result.status == 3, "\(arguments): \(result.errors)")
    #expect(result.errorLines.count == 1, "\(result.errors)")
    for word in mentions { #expect(result.errors.contains(word), "'\(word)' in: \(result.errors)") }
  }

  private func write(_ text: String, _ name: String = "model.json") throws -> String {
    let path = try Command.folder() + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func dense(_ units: [Int], extra: String = "") -> String {
    let layers = units.enumerated().map { index, units in
      """
      {"class_name": "Dense", "config": {"name": "dense_\(index)", "units": \(units), "activation": "linear",
       "use_bias": true\(index == 0 ? ", \"batch_input_shape\": [null, 5]" : "")}}
      """
    }
    return """
      {"class_name": "Sequential", "keras_version": "2.1.3", "backend": "tensorflow",
       "config": [\((layers + (extra.isEmpty ? [] : [extra])).joined(separator: ", "))]}
      """
  }

  private let weights = Command.fixture("models/keras-2.1.3/mlp_adam.h5")

  @Test func absentFile() throws {
    try expectRefusal(["inspect", "/no/such/model.h5"], mentions: ["/no/such/model.h5", "no such file"])
    try expectRefusal(["audit", "/no/such/model.h5"], mentions: ["no such file"])
  }

  @Test func truncatedHDF5() throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: weights))
    let path = try Command.folder() + "/short.h5"
    try data.prefix(data.count * 6 / 10).write(to: URL(fileURLWithPath: path))
    try expectRefusal(["inspect", path], mentions: [path])
    let audit = try Command.run("audit", path)
    #expect(audit.status == 1)
    #expect(audit.output.contains("unreadable-file"))
  }

  @Test func missingWeights() throws {
    let path = try write(dense([4, 3]))
    try expectRefusal(
      ["predict", path, "--input", "x.npy", "--output", "y.npy"], mentions: [path, "weights"])
  }

  @Test func shapeOfAWeightDoesNotMatch() throws {
    let path = try write(dense([7, 3]))
    try expectRefusal(
      ["inspect", "--config", path, "--weights", weights], mentions: ["dense_0", "kernel", "(5, 7)", "(5, 4)"])
  }

  @Test func numberOfWeightsDoesNotMatch() throws {
    let path = try write(dense([4, 3, 2]))
    try expectRefusal(["inspect", "--config", path, "--weights", weights], mentions: [path, "weights"])
  }

  @Test func unknownLayersAllAtOnce() throws {
    let path = try write(
      dense(
        [4],
        extra: """
          {"class_name": "Capsule", "config": {"name": "caps"}}, {"class_name": "Squash", "config": {"name": "s"}}
          """))
    try expectRefusal(["inspect", path], mentions: [path, "Capsule", "caps", "Squash"])
  }

  @Test func lambda() throws {
    try expectRefusal(
      ["inspect", "--no-lambda", Command.fixture("configs/lambda_python-keras-2.1.3.json")],
      mentions: ["lambda_1", "Lambda", "--map", "--no-lambda"])
  }

  /// Said before anything is read or trained.
  @Test func aResultThatCannotBeWritten() throws {
    let model = Command.fixture("legacy_layers/keras-1.2.2/hard_sigmoid.h5")
    let output = try Command.folder() + "/tuned"
    try expectRefusal(
      ["fine-tune", model, "--train", "absent.npz", "--output", output + ".keras"], mentions: ["hard_sigmoid"])
    // The name of a format that nobody writes is bad usage.
    let result = try Command.run("fine-tune", model, "--train", "absent.npz", "--output", output + ".docx")
    #expect(result.status == 2)
    #expect(result.errors.contains("tuned.docx"))
  }

  @Test func malformedJSON() throws {
    let path = try write(String(dense([4]).dropLast(3)))
    try expectRefusal(["inspect", path], mentions: [path, "JSON", "byte"])
  }

  @Test func missingField() throws {
    let path = try write(
      """
      {"class_name": "Sequential", "keras_version": "2.1.3",
       "config": [{"class_name": "Dense", "config": {"name": "d", "batch_input_shape": [null, 5]}}]}
      """)
    try expectRefusal(["inspect", path], mentions: [path, "'d'", "units"])
  }

  @Test func unwritableOutput() throws {
    try expectRefusal(["convert", weights, "/no/such/folder/out.keras"], mentions: ["/no/such/folder/out.keras"])
    let data = Command.fixture("models/keras-2.1.3/mlp_adam.npz")
    try expectRefusal(
      ["predict", weights, "--input", data, "--output", "/no/such/folder/y.npy"],
      mentions: ["/no/such/folder/y.npy"])
  }

  @Test func dataOfAnotherShape() throws {
    let path = try write("1,2,3\n4,5,6\n", "x.csv")
    try expectRefusal(
      ["predict", weights, "--input", path, "--output", try Command.folder() + "/y.csv"],
      mentions: [path, "(None, 5)", "(2, 3)"])
  }

  @Test func badUsageIsTwo() throws {
    for arguments in [
      ["predict"], ["inspect"], ["nonsense"], ["predict", weights, "--input", "x.npy", "--output", "y.txt2"],
      ["convert", weights, "out.pickle"], ["audit", weights, "--format", "pdf"], ["explain", "no-such-rule"],
      ["fine-tune", weights, "--train", "x.npz", "--epochs", "0", "--output", "o.keras"],
    ] {
      let result = try Command.run(arguments)
      #expect(result.status == 2, "\(arguments): \(result.errors)")
      #expect(result.errorLines.count == 1, "\(result.errors)")
    }
  }
}
