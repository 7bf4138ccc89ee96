import Foundation
import KerasKit
import Testing

/// Architecture and weights in two files, in every command that takes a model.
@Suite struct TwoFileTests {
  private let config = Command.fixture("weights_only/keras-2.2.4/convolutional.json")
  private let weights = Command.fixture("weights_only/keras-2.2.4/convolutional.h5")
  private let data = Command.fixture("weights_only/keras-2.2.4/convolutional.npz")
  private var files: [String] { ["--config", config, "--weights", weights] }

  @Test func everyCommandTakesThem() throws {
    let folder = try Command.folder()
    let truth = try ArrayFile.read(data)
    let (x, y) = (try #require(truth["x0"]), try #require(truth["y0"]))
    try NumpyArchive(members: [.init(name: "x", tensor: x), .init(name: "y", tensor: y)]).write(to: "\(folder)/d.npz")
    let commands = [
      ["inspect"] + files, ["audit", "--fail-on", "error"] + files,
      ["convert"] + files + ["--output", "\(folder)/m.keras"],
      ["predict"] + files + ["--input", data, "--output", "\(folder)/y.npz"],
      ["evaluate"] + files + ["--data", "\(folder)/d.npz", "--loss", "mse"],
      ["fine-tune"] + files
        + ["--train", "\(folder)/d.npz", "--loss", "mse", "--optimizer", "sgd", "--output", "\(folder)/t.keras"],
      ["benchmark"] + files + ["--seconds", "0.01"],
    ]
    for command in commands {
      let result = try Command.run(command)
      #expect(result.status == 0, "\(command): \(result.errors)")
    }
    #expect(try ArrayFile.read("\(folder)/y.npz")["y0"]?.shape == y.shape)
    #expect(try Model.load("\(folder)/m.keras").outputs.count == 1)
  }

  @Test func theFoundHalfIsSaidOnStandardError() throws {
    let output = try Command.folder() + "/y.npz"
    let result = try Command.run("predict", weights, "--input", data, "--output", output)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("convolutional.json"))
  }

  @Test func weightsWithoutAFileIsTheTable() throws {
    let table = try Command.run("inspect", weights, "--weights")
    #expect(table.status == 0, "\(table.errors)")
    for word in ["conv2d_1/kernel", "matched by", "name"] { #expect(table.output.contains(word), "\(word)") }
    #expect(try Command.run("inspect", "--weights", weights).output == table.output)
    #expect(try Command.run("inspect", weights, "--weights-table").output == table.output)
    let json = try JSON(parsing: Command.run(["inspect"] + files + ["--weights", "--json"]).output)
    #expect(json["weights"]?[0]?["matched_by"] == "name")
    #expect(try Command.run(["inspect"] + files + ["--json"]).output.contains("matched_by") == false)
  }

  @Test func weightsAloneAreListed() throws {
    let alone = try Command.folder() + "/alone.h5"
    try FileManager.default.copyItem(atPath: weights, toPath: alone)
    let result = try Command.run("inspect", alone)
    #expect(result.status == 0, "\(result.errors)")
    for word in ["conv2d_1/kernel:0", "Conv2D(filters=", "weights only", "2.2.4"] {
      #expect(result.output.contains(word), "\(word)")
    }
    let json = try JSON(parsing: Command.run("inspect", alone, "--json").output)
    #expect(json["keras_version"] == "2.2.4")
    #expect(try #require(json["stored"]?.arrayValue).contains { $0["name"] == "conv2d_1" && $0["arrays"]?[0] != nil })
    #expect(try Command.run("predict", alone, "--input", data, "--output", alone + ".npz").status == 3)
  }

  @Test func badReleasesAndBackendsAreUsageErrors() throws {
    #expect(try Command.run(["inspect"] + files + ["--keras-version", "old"]).status == 2)
    #expect(try Command.run(["inspect"] + files + ["--backend", "torch"]).status == 2)
    #expect(try Command.run("inspect", "--config", config).status == 2)
    #expect(try Command.run("convert", weights).status == 2)
  }

  @Test func aPartialLoadSaysWhatItLeftOut() throws {
    let output = try Command.folder() + "/y.npz"
    let model = Command.fixture("weights_only/keras-2.2.4/by_name.h5")
    let input = Command.fixture("weights_only/keras-2.2.4/by_name.npz")
    #expect(try Command.run("predict", model, "--input", input, "--output", output).status == 3)
    let result = try Command.run("predict", model, "--input", input, "--output", output, "--allow-partial")
    #expect(result.status == 0, "\(result.errors)")
    for word in ["new_head/kernel", "old_head"] { #expect(result.errors.contains(word), "\(result.errors)") }
  }
}
