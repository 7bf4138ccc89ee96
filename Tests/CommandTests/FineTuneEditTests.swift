import Foundation
import KerasKit
import Testing

/// `fine-tune` with changes to the model, its dry run and its report.
struct FineTuneEditTests {
  private let model = Command.fixture("models/keras-2.1.3/mlp_adam.h5")

  private func data(in folder: String) throws -> String {
    let truth = try ArrayFile.read(Command.fixture("models/keras-2.1.3/mlp_adam.npz"))
    let (x, y) = (try #require(truth["x0"]), try #require(truth["t0"]))
    try NumpyArchive(members: [.init(name: "x", tensor: x), .init(name: "y", tensor: y)]).write(to: "\(folder)/d.npz")
    return "\(folder)/d.npz"
  }

  @Test func aDryRunSaysWhatWouldBeTrainedAndWritesNothing() throws {
    let folder = try Command.folder()
    let result = try Command.run(
      "fine-tune", model, "--train", data(in: folder), "--dry-run", "--json", "--freeze", "dense_6",
      "--add-regularizer", "dense_7: kernel=l2(0.5)", "--batch-size", "2")
    #expect(result.status == 0, "\(result.errors)")
    let json = try JSON(parsing: result.output)
    #expect(json["regularization"]?["terms"]?[0]?["name"] == "dense_7/kernel_regularizer")
    #expect(json["regularization_by_release"]?.arrayValue?.count == 11)
    #expect(json["layers"]?[0]?["frozen"] == true)
    #expect(json["layers"]?[0]?["trained"]?.intValue == 0)
    #expect(json["memory_bytes"]?["total"]?.intValue ?? 0 > 0)
    #expect(result.errors.contains("dense_7: kernel regularizer l2(0.5) (was none)"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["d.npz"])
  }

  @Test func wrongChangesAreBadUsage() throws {
    let folder = try Command.folder()
    let data = try data(in: folder)
    for (option, text, words) in [
      ("--add-regularizer", "dense_7: kernel=l3", "known are"), ("--add-regularizer", "conv: kernel=l2", "dense_6"),
      ("--remove-regularizer", "dense_6: gamma", "has no gamma regularizer"), ("--replace-head", "0", "at least 1"),
    ] {
      let result = try Command.run("fine-tune", model, "--train", data, "--dry-run", option, text)
      #expect(result.status == 2, "\(option) \(text)")
      #expect(result.errors.contains(words), "\(result.errors)")
    }
    #expect(try Command.run("fine-tune", model, "--train", data).status == 2)
  }

  /// The digits with random layers before the model: repeatable, another result than without, and no layer more.
  @Test func augmentationIsInTrainingOnly() throws {
    let folder = try Command.folder()
    func tuned(_ name: String, _ options: String...) throws -> Model {
      let output = "\(folder)/\(name).keras"
      let result = try Command.run(
        [
          "fine-tune", Command.fixture("demo/digits-2017.h5"), "--train", Command.fixture("demo/digits.npz"),
          "--output", output,
        ]
          + options)
      #expect(result.status == 0, "\(result.errors)")
      return try Model.load(output)
    }
    let list = "rotate=0.05,zoom=0.1,translate=0.1"
    let (first, second) = (try tuned("a", "--augment", list), try tuned("b", "--augment", list))
    #expect(first.loaded.weights == second.loaded.weights)
    let plain = try tuned("c")
    #expect(plain.loaded.weights != first.loaded.weights)
    #expect(plain.loaded.network.config == first.loaded.network.config)
    let flat = try Command.run(
      "fine-tune", model, "--train", data(in: folder), "--augment", "flip", "--output", "\(folder)/d.h5")
    #expect(flat.status == 3 && flat.errors.contains("image"), "\(flat.errors)")
    for wrong in ["spin", "contrast"] {
      let result = try Command.run(
        "fine-tune", Command.fixture("demo/digits-2017.h5"), "--train", Command.fixture("demo/digits.npz"), "--augment",
        wrong,
        "--output", "\(folder)/e.keras")
      #expect(result.status == 2, "\(result.errors)")
    }
  }

  @Test func theReportIsOneFileWithoutScriptOrNetwork() throws {
    let folder = try Command.folder()
    let result = try Command.run(
      "fine-tune", model, "--train", data(in: folder), "--epochs", "4", "--batch-size", "2", "--add-regularizer",
      "dense_7: activity=l2(0.5)", "--output", "\(folder)/o.h5", "--report", "\(folder)/r.html")
    #expect(result.status == 0, "\(result.errors)")
    let page = try String(contentsOfFile: "\(folder)/r.html", encoding: .utf8)
    for words in [
      "<svg", "Share of regularization", "dense_7/activity_regularizer", "Layers before and after", "--add-regularizer",
      "prefers-color-scheme", "keras==2.1.3",
    ] {
      #expect(page.contains(words), "\(words)")
    }
    for words in ["<script", "http://", "https://", "src=", "NaN"] { #expect(!page.contains(words), "\(words)") }
    // The written model has what was added.
    #expect(try Model.load("\(folder)/o.h5").loaded.network.entries.contains { $0.layer.activityRegularizer != nil })
  }
}
