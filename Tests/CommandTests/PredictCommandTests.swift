import Foundation
import KerasKit
import Testing

/// What `predict` writes, and when it writes nothing.
@Suite struct PredictCommandTests {
  private let model = Command.fixture("models/keras-2.3.1/mlp_regularizers.h5")

  private func table(_ rows: Int, in folder: String, changing: Int? = nil) throws -> String {
    let lines = (0..<rows).map { row in
      (0..<5).map { $0 == 3 && row == changing ? "oak" : "\(Double((row * 7 + $0 * 3) % 11) / 4 - 1)" }
        .joined(separator: ",") + "\n"
    }
    let path = folder + "/x.csv"
    try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test(arguments: ["npy", "npz", "csv", "tsv"]) func theBytesAreTheSameOnOneThreadAndOnTwo(ending: String) throws {
    let folder = try Command.folder()
    let input = try table(100, in: folder)
    try #"{"targets": [{"name": "tree", "classes": ["ash", "größe", "oak"]}]}"#
      .write(toFile: folder + "/labels.json", atomically: true, encoding: .utf8)
    var files: [Data] = []
    for threads in ["1", "2"] {
      let output = "\(folder)/y\(threads).\(ending)"
      let result = try Command.run(
        "predict", model, "--input", input, "--output", output, "--threads", threads, "--batch-size", "7", "--labels",
        folder + "/labels.json")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.isEmpty)
      files.append(try Data(contentsOf: URL(fileURLWithPath: output)))
    }
    #expect(files[0] == files[1])
    // And those of the whole at once.
    let outputs = try Model.load(model).predict(ArrayFile.read(input), batchSize: 7)
    let names = try LabelMap.read(folder + "/labels.json").classNames(of: outputs)
    #expect(names.count == 1)
    let whole = "\(folder)/whole.\(ending)"
    switch ending {
    case "npy": try NumpyFile.write(outputs[0], to: whole)
    case "npz":
      try NumpyArchive(members: [
        .init(name: "y0", tensor: outputs[0]), .init(name: "class", tensor: names[0].array),
      ]).write(to: whole)
    default:
      let values: [Float] = try outputs[0].floats()
      var fields: [String] = []
      for row in 0..<100 {
        for value in values[row * 3..<row * 3 + 3] { fields.append("\(value)") }
        fields.append(names[0].array.strings[row])
      }
      try DelimitedTable.write(
        TensorData(shape: [100, 4], strings: fields), header: ["y0_0", "y0_1", "y0_2", "class"], to: whole)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: whole)) == files[0])
  }

  @Test(arguments: ["1", "2"]) func anErrorInTheMiddleLeavesNoOutput(threads: String) throws {
    let folder = try Command.folder()
    let input = try table(100, in: folder, changing: 56)
    try "as it was".write(toFile: folder + "/old.csv", atomically: true, encoding: .utf8)
    let before = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    for output in ["y.csv", "y.npy", "y.npz", "old.csv"] {
      let result = try Command.run(
        "predict", model, "--input", input, "--output", "\(folder)/\(output)", "--threads", threads, "--batch-size",
        "4")
      #expect(result.status == 3)
      #expect(result.errorLines.count == 1)
      #expect(result.errors.contains("\(input): row 57, column '3': 'oak' is not a number"), "\(result.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == before)
    }
    #expect(try String(contentsOfFile: folder + "/old.csv", encoding: .utf8) == "as it was")
  }

  @Test func aFolderOfImages() throws {
    let output = try Command.folder() + "/y.npy"
    let separable = Command.fixture("models/keras-2.3.1/separable.h5")
    let result = try Command.run(
      "predict", separable, "--input", Command.fixture("images/folder"), "--rescale", "1/255", "--output", output)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try ArrayFile.read(output)["x"]?.shape.first == 9)
  }
}
