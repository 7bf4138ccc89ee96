import Foundation
import KerasKit
import Testing

@Suite struct CommandTests {
  private let nested = Command.fixture("models/keras-2.1.3/nested_activity.h5")
  private let data = Command.fixture("models/keras-2.1.3/nested_activity.npz")

  @Test func auditExitsWithOneOnFindingsAndPrintsJSON() throws {
    let result = try Command.run("audit", nested, "--format", "json")
    #expect(result.status == 1)
    let json = try JSON(parsing: result.output)
    let rules = json["findings"]?.arrayValue?.compactMap { $0["rule"]?.stringValue } ?? []
    #expect(rules.contains("act-reg-on-input"))
    #expect(json["keras_version"] == "2.1.3")
    #expect(try Command.run("audit", nested, "--fail-on", "never").status == 0)
  }

  @Test func auditOfACurrentModelPasses() throws {
    #expect(try Command.run("audit", Command.fixture("models/keras-3/mlp_adam.keras")).status == 0)
  }

  @Test func inspectShowsTheSummaryAndTheUpgrade() throws {
    let result = try Command.run("inspect", Command.fixture("models/keras-1.2.2/mlp_regularizers.h5"), "--verbose")
    #expect(result.status == 0, "\(result.errors)")
    for word in ["1.2.2", "theano", "Total params", "W_regularizer", "kernel_regularizer"] {
      #expect(result.output.contains(word), "\(word)")
    }
    #expect(!result.output.contains("\u{1b}["))
    let json = try JSON(parsing: try Command.run("inspect", nested, "--json").output)
    #expect(json["parameters"]?["total"]?.intValue == 72)
  }

  @Test func inspectTakesAnArchitectureWithoutWeights() throws {
    #expect(try Command.run("inspect", Command.fixture("configs/areg_layer-keras-2.1.3.json")).status == 0)
  }

  @Test func predictionsAreKerasOwnInEveryFormat() throws {
    let folder = try Command.folder()
    let expected = try #require(try ArrayFile.read(data)["y0"])
    for ending in ["npz", "npy", "csv"] {
      let output = "\(folder)/y.\(ending)"
      let result = try Command.run("predict", nested, "--input", data, "--output", output)
      #expect(result.status == 0, "\(result.errors)")
      let found = try ArrayFile.read(output)
      let array = try #require(found["y0"] ?? found["x"])
      let difference = try zip(array.doubles(), expected.doubles()).map { ($0 - $1).magnitude }.max() ?? .infinity
      #expect(difference <= 1e-5)
    }
  }

  @Test func evaluateReportsKerasLossWithItsRegularization() throws {
    let folder = try Command.folder()
    let truth = try ArrayFile.read(data)
    let x = try #require(truth["x0"])
    let y = try #require(truth["t0"])
    try NumpyArchive(members: [.init(name: "x", tensor: x), .init(name: "y", tensor: y)]).write(to: "\(folder)/d.npz")
    let result = try Command.run("evaluate", nested, "--data", "\(folder)/d.npz", "--batch-size", "4", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let json = try JSON(parsing: result.output)
    let expected = try #require(try truth["loss_test"]?.doubles().first)
    #expect(((json["loss"]?.doubleValue ?? .nan) - expected).magnitude <= 1e-5)
    #expect(json["regularization"]?.objectValue?.isEmpty == false)
    // Keras 2.0.2 dropped the penalties of a nested model (measured); the rest of the loss is the same.
    let older = try JSON(
      parsing: Command.run(
        "evaluate", nested, "--data", "\(folder)/d.npz", "--batch-size", "4", "--json", "--semantics", "keras==2.0.2"
      ).output)
    #expect(older["data_loss"] == json["data_loss"])
    #expect(
      (older["regularization"]?.objectValue?.count ?? .max) < (json["regularization"]?.objectValue?.count ?? 0))
    #expect(
      try Command.run("evaluate", nested, "--data", "\(folder)/d.npz", "--semantics", "keras").errors.contains(
        "--semantics"))
    let tuned = try Command.run(
      "fine-tune", nested, "--train", "\(folder)/d.npz", "--epochs", "3", "--batch-size", "4", "--no-shuffle",
      "--output", "\(folder)/o.h5")
    #expect(tuned.status == 0, "\(tuned.errors)")
    #expect(try Command.run("inspect", "\(folder)/o.h5").status == 0)
  }

  @Test func convertKeepsThePredictionsAndDoesNotOverwrite() throws {
    let output = try Command.folder() + "/m.keras"
    let result = try Command.run("convert", nested, output, "--activity-semantics", "intended", "--batch-size", "4")
    #expect(result.status == 0, "\(result.errors)")
    let y = try #require(try ArrayFile.read(data)["y0"]?.doubles())
    let found = try Model.load(output).predict(ArrayFile.read(data))[0].doubles()
    #expect((zip(found, y).map { ($0 - $1).magnitude }.max() ?? .infinity) <= 1e-5)
    #expect(try Command.run("convert", nested, output).status == 2)
    #expect(try Command.run("convert", nested, output, "--force", "--batch-size", "4").status == 0)
  }

  @Test func everyCommandHasHelpWithAnExample() throws {
    for name in ["inspect", "audit", "convert", "predict", "evaluate", "fine-tune", "benchmark", "explain"] {
      let result = try Command.run(name, "--help")
      #expect(result.status == 0)
      #expect(result.output.contains("keraskit \(name) "), "\(name)")
    }
    #expect(try Command.run("explain", "act-reg-on-input").output.contains("2.1.4"))
    #expect(try Command.run("explain").output.contains("act-reg-batch-scale"))
  }
}
