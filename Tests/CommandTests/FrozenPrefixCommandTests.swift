import Foundation
import KerasKit
import Testing

/// What `fine-tune` says and leaves of frozen layers that are computed once.
@Suite struct FrozenPrefixCommandTests {
  private let model = Command.fixture("demo/digits-2017.h5")
  private let data = Command.fixture("demo/digits.npz")

  private func arguments(_ output: String, _ extra: [String]) -> [String] {
    ["fine-tune", model, "--train", data, "--freeze", "strokes", "--seed", "3", "--output", output] + extra
  }

  private func weights(_ path: String) throws -> [String: TensorData] { try Model.load(path).loaded.weights }

  @Test func theResultIsTheSameInMemoryOnDiskAndWithout() throws {
    let folder = try Command.folder()
    var files: [[String: TensorData]] = []
    for (name, limit) in [("memory", "1MB"), ("disk", "10 kB"), ("off", "0")] {
      let output = "\(folder)/\(name).keras"
      let run = try Command.run(arguments(output, ["--epochs", "3", "--threads", "1", "--cache-limit", limit]))
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("72 floats per sample") == (name != "off"))
      #expect(run.errors.contains("in a temporary file") == (name == "disk"))
      files.append(try weights(output))
    }
    #expect(files[0] == files[2])
    #expect(files[1] == files[2])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
        "disk.keras", "memory.keras", "off.keras",
      ])
  }

  @Test func augmentationIsNamedAsWhatPreventsIt() throws {
    let preview = try Command.run([
      "fine-tune", model, "--train", data, "--freeze", "strokes", "--epochs", "2", "--augment", "flip", "--dry-run",
    ])
    #expect(preview.output.contains("computed in every epoch: augmentation"))
    let plain = try Command.run([
      "fine-tune", model, "--train", data, "--freeze", "strokes", "--epochs", "2", "--dry-run",
    ])
    #expect(plain.output.contains("layers strokes … flatten (3) are computed once: 72 floats per sample"))
  }

  @Test func aResumedRunReportsAllEpochsAndWarnsOfOtherThreads() throws {
    let folder = try Command.folder()
    let first = try Command.run(
      arguments("\(folder)/a.keras", ["--epochs", "2", "--threads", "2", "--checkpoint-every", "1epochs"]))
    #expect(first.status == 0, "\(first.errors)")
    let rest = ["--epochs", "4", "--resume", "\(folder)/a.keras.checkpoint", "--report"]
    let other = try Command.run(arguments("\(folder)/b.keras", rest + ["\(folder)/b.html", "--threads", "1"]))
    #expect(other.status == 0, "\(other.errors)")
    #expect(other.errors.contains("had 2 threads, this one has 1"))
    #expect(try String(contentsOfFile: "\(folder)/b.html", encoding: .utf8).contains("4 epochs, 52 steps"))
    let same = try Command.run(arguments("\(folder)/c.keras", rest + ["\(folder)/c.html", "--threads", "2"]))
    #expect(!same.errors.contains("warning"))
  }

  @Test func theBenchmarkTimesBoth() throws {
    let run = try Command.run([
      "benchmark", model, "--train", "--freeze", "strokes", "--batch", "8", "--steps", "2", "--epochs", "2", "--json",
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("\"factor\": "))
    #expect(!run.output.contains("null"))
  }

  @Test func theMemoryForeseenIsWhatATrainingTakes() throws {
    #if os(Linux)
      let folder = try Command.folder()
      defer { try? FileManager.default.removeItem(atPath: folder) }
      try FineTuneRunTests.writeArray(count: 200_000, shape: [8, 8, 1], to: "\(folder)/x.npy")
      try FineTuneRunTests.writeArray(count: 200_000, shape: [1], to: "\(folder)/y.npy")
      let common = [
        "fine-tune", model, "--train", "\(folder)/x.npy", "--target", "\(folder)/y.npy", "--batch-size", "4000",
        "--threads", "1",
      ]
      let preview = try JSON(parsing: Array(Command.run(common + ["--dry-run", "--json"]).output.utf8))
      let foreseen = try #require(preview["memory_bytes"]?["total"]?.intValue)
      let run = try RunningCommand(common + ["--output", "\(folder)/tuned.keras"], folder: folder)
      var peak = 0
      while run.isRunning {
        peak = max(peak, run.peakMemory ?? 0)
        usleep(5000)
      }
      #expect(run.finish().status == 0)
      let ratio = Double(foreseen) / Double(peak)
      #expect((0.75...1.25).contains(ratio), "\(foreseen >> 20) MiB foreseen, \(peak >> 20) MiB taken")
    #endif
  }

  @Test func aNewModelNamesTheOptimizerItWasTrainedWith() throws {
    let folder = try Command.folder()
    let output = "\(folder)/tuned.keras"
    let run = try Command.run(
      arguments(output, ["--optimizer", "sgd", "--learning-rate", "0.02", "--replace-head", "10"]))
    #expect(run.status == 0, "\(run.errors)")
    let optimizer = try Model.load(output).loaded.canonical.compile?["optimizer"]
    #expect(optimizer?["class_name"]?.stringValue == "SGD")
    #expect(optimizer?["config"]?["learning_rate"]?.doubleValue == 0.02)
  }
}
