import Foundation
import KerasKit
import Testing

/// Training runs of the command that are killed, interrupted and resumed.
@Suite(.serialized) struct FineTuneRunTests {
  private let model = Command.fixture("demo/digits-2017.h5")
  private let data = Command.fixture("demo/digits.npz")

  /// Thirteen steps an epoch, with dropout; the same threads everywhere.
  private func arguments(_ folder: String, epochs: Int = 4, _ extra: [String] = []) -> [String] {
    [
      "fine-tune", model, "--train", data, "--epochs", "\(epochs)", "--threads", "1", "--seed", "11", "--output",
      "\(folder)/tuned.keras",
    ] + extra
  }

  /// What training left in the file, whose date may differ: weights and optimizer state, to be compared bit for bit.
  private func result(_ folder: String) throws -> [[String: TensorData]] {
    let model = try Model.load("\(folder)/tuned.keras").loaded
    let state = try #require(try OptimizerState.stored(in: model))
    #expect(state.iterations > 0)
    return [model.weights] + state.slots.sorted { $0.key < $1.key }.map(\.value)
  }

  private func lines(_ path: String) -> [[String: Any]] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  @Test func aRunKilledAtAnyMomentResumesToTheSameFile() throws {
    let whole = try Command.folder()
    let once = try Command.run(arguments(whole))
    #expect(once.status == 0, "\(once.errors)")
    let expected = try result(whole)
    // Again in one go, and with another seed: equal and unequal.
    let again = try Command.folder()
    #expect(try Command.run(arguments(again)).status == 0)
    #expect(try result(again) == expected)
    let other = try Command.folder()
    #expect(try Command.run(arguments(other).map { $0 == "11" ? "12" : $0 }).status == 0)
    #expect(try result(other) != expected)

    var kills = 0
    for moment in 0..<6 {
      let folder = try Command.folder()
      let checkpoint = "\(folder)/tuned.keras.checkpoint"
      let log = "\(folder)/log"
      let extra = ["--checkpoint-every", "1steps", "--verbose", "--log", log]
      let first = try RunningCommand(arguments(folder, extra), folder: folder)
      // After so many steps, and then a little into what comes next.
      first.wait { lines(log).count { $0["event"] as? String == "step" } > moment * 7 }
      usleep(UInt32(moment) * 700)
      first.send(SIGKILL)
      if first.finish().status == SIGKILL { kills += 1 }
      guard FileManager.default.fileExists(atPath: checkpoint) else { continue }
      try? FileManager.default.removeItem(atPath: "\(folder)/tuned.keras")
      // What a program that was killed while writing leaves; and of one that runs.
      let abandoned = "\(folder)/.tuned.keras.checkpoint.999999999-0.tmp"
      let living = "\(folder)/.tuned.keras.checkpoint.\(ProcessInfo.processInfo.processIdentifier)-0.tmp"
      for path in [abandoned, living] { try Data([1]).write(to: URL(fileURLWithPath: path)) }
      let second = try Command.run(arguments(folder, ["--resume", checkpoint]))
      let rest = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".tmp") }
      #expect(rest.map { "\(folder)/\($0)" } == [living])
      #expect(second.status == 0, "\(second.errors)")
      #expect(try result(folder) == expected, "killed at moment \(moment)")
    }
    #expect(kills >= 4)
  }

  @Test func theSameSeedAndThreadsGiveTheSameBits() throws {
    func run(_ seed: Int) throws -> [[String: TensorData]] {
      let folder = try Command.folder()
      let made = try Command.run([
        "fine-tune", model, "--train", data, "--epochs", "2", "--threads", "2", "--seed", "\(seed)", "--batch-size",
        "200",
        "--output", "\(folder)/tuned.keras",
      ])
      #expect(made.status == 0, "\(made.errors)")
      return try result(folder)
    }
    let first = try run(4)
    for _ in 0..<3 { #expect(try run(4) == first) }
    #expect(try run(5) != first)
  }

  @Test func anInterruptedRunSaysHowToGoOn() throws {
    let whole = try Command.folder()
    #expect(try Command.run(arguments(whole, epochs: 30)).status == 0)
    let folder = try Command.folder()
    let log = "\(folder)/log"
    let run = try RunningCommand(arguments(folder, epochs: 30, ["--verbose", "--log", log]), folder: folder)
    run.wait { lines(log).count > 3 }
    run.send(SIGINT)
    let interrupted = run.finish()
    #expect(interrupted.status == 130, "\(interrupted.output) \(interrupted.errors)")
    #expect(lines(log).last?["ending"] as? String == "interrupted")
    let line = try #require(interrupted.errorLines.first { $0.contains("to go on: ") })
    let command = try #require(line.components(separatedBy: "to go on: ").last)
    #expect(command.contains("--resume"))
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", command + " >/dev/null"]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0, "\(command)")
    #expect(try result(folder) == result(whole))
  }

  @Test func aSecondInterruptionEndsAtOnce() throws {
    let folder = try Command.folder()
    // One step of all samples forty times over takes long enough for two signals.
    let log = "\(folder)/log"
    let path = "\(folder)/many.npy"
    try Self.writeArray(count: 60_000, shape: [8, 8, 1], to: path)
    try Self.writeArray(count: 60_000, shape: [1], to: "\(folder)/y.npy")
    let run = try RunningCommand(
      [
        "fine-tune", model, "--train", path, "--target", "\(folder)/y.npy", "--batch-size", "60000", "--epochs", "50",
        "--output", "\(folder)/tuned.keras", "--log", log,
      ], folder: folder)
    run.wait { !lines(log).isEmpty }
    run.send(SIGINT)
    usleep(20_000)
    run.send(SIGINT)
    let result = run.finish()
    #expect(result.status == 130)
    #expect(!result.errors.contains("to go on"), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/tuned.keras.checkpoint"))
  }

  @Test func numbersThatAreNotFiniteEndTheRun() throws {
    let folder = try Command.folder()
    let result = try Command.run(
      arguments(
        folder,
        ["--optimizer", "sgd", "--learning-rate", "1e18", "--checkpoint-every", "1steps", "--log", "\(folder)/log"]))
    #expect(result.status == 1, "\(result.errors)")
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("epoch 1") && result.errors.contains("step"), "\(result.errors)")
    #expect(lines("\(folder)/log").last?["event"] as? String == "error")
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/tuned.keras"))
    // The input is bad from the start: the first layer is the first with such numbers, and there is no checkpoint.
    let table = "\(folder)/bad.jsonl"
    let mlp = Command.fixture("models/keras-2.3.1/mlp_adam.h5")
    try "{\"x\": [1e39, 1, 0.5, -1, 2], \"y\": 1}\n".write(toFile: table, atomically: true, encoding: .utf8)
    let bad = try Command.run(["fine-tune", mlp, "--train", table, "--output", "\(folder)/bad.keras"])
    #expect(bad.status == 1, "\(bad.errors)")
    #expect(
      bad.errors.contains("first layer with such values is 'dense") && bad.errors.contains("no checkpoint"),
      "\(bad.errors)")
  }

  /// Data of 100 MB takes less than a quarter of it more than data of 1 MB.
  @Test func memoryIsBoundedForDataOnDisk() throws {
    #if os(Linux)
      func peak(_ count: Int) throws -> Int {
        let folder = try Command.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.writeArray(count: count, shape: [8, 8, 1], to: "\(folder)/x.npy")
        try Self.writeArray(count: count, shape: [1], to: "\(folder)/y.npy")
        let run = try RunningCommand(
          [
            "fine-tune", model, "--train", "\(folder)/x.npy", "--target", "\(folder)/y.npy", "--batch-size", "2000",
            "--shuffle-buffer", "2000", "--memory-limit", "0", "--threads", "1", "--output", "\(folder)/tuned.keras",
          ], folder: folder)
        var peak = 0
        while run.isRunning {
          peak = max(peak, run.peakMemory ?? 0)
          usleep(5000)
        }
        let result = run.finish()
        #expect(result.status == 0, "\(result.errors)")
        return peak
      }
      let (small, large) = (try peak(4000), try peak(400_000))
      #expect(small > 0)
      #expect(large - small < 24 << 20, "\(small >> 20) MiB and \(large >> 20) MiB")
    #endif
  }

  @Test func jsonAndLogTellTheSame() throws {
    let folder = try Command.folder()
    let log = "\(folder)/log"
    let result = try Command.run(
      arguments(
        folder, epochs: 2, ["--validation-split", "0.25", "--json", "--log", log, "--metric", "accuracy"]))
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let epochs = try #require(object["epochs"] as? [[String: Any]])
    #expect(epochs.count == 2)
    #expect(object["ending"] as? String == "finished")
    let written = lines(log)
    #expect(written.map { $0["event"] as? String } == ["start", "epoch", "epoch", "end"])
    for (epoch, line) in zip(epochs, written.dropFirst()) {
      #expect(epoch["loss"] as? Double == line["loss"] as? Double)
      let validation = try #require(epoch["validation"] as? [String: Any])
      #expect((validation["metrics"] as? [String: Double])?["accuracy"] != nil)
      // The file's penalties by name: the loss is the data's and theirs.
      let penalties = try #require(validation["regularization"] as? [String: Double])
      #expect(penalties.keys.contains { $0.hasSuffix("kernel_regularizer") })
      #expect(penalties.keys.contains { $0.hasSuffix("activity_regularizer") })
      let loss = try #require(validation["loss"] as? Double)
      let dataLoss = try #require(validation["data_loss"] as? Double)
      #expect(abs(loss - dataLoss - penalties.values.reduce(0, +)) < 1e-5)
    }
  }

  @Test func earlyStoppingAndSchedulesFromTheCommandLine() throws {
    let folder = try Command.folder()
    let result = try Command.run(
      arguments(
        folder, epochs: 40,
        [
          "--validation-split", "0.25", "--json", "--early-stopping", "val_loss,patience=1,min_delta=5,restore_best",
          "--schedule", "exponential(0.001, steps=10, decay=0.5, staircase)",
        ]))
    #expect(result.status == 0, "\(result.errors)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    // The first epoch is the best by definition; nothing improves by 5.
    #expect((object["epochs"] as? [[String: Any]])?.count == 2)
    #expect(object["ending"] as? String == "early_stopping")
    let rates = (object["epochs"] as? [[String: Any]] ?? []).compactMap { $0["learning_rate"] as? Double }
    #expect(rates == [0.001, 0.0005])

    for wrong in [
      ["--early-stopping", "val_loss,patience=x"], ["--early-stopping", "nonsense"], ["--schedule", "wavy(1)"],
      ["--reduce-on-plateau", "factor=2"], ["--checkpoint-every", "5minutes"], ["--reduce-on-plateau", "loss,what=1"],
    ] {
      let failed = try Command.run(arguments(try Command.folder(), wrong))
      #expect(failed.status == 2, "\(wrong) \(failed.status) \(failed.errors)")
      #expect(failed.errorLines.count == 1)
    }
    // Without settings.
    let bare = try Command.run(
      arguments(try Command.folder(), epochs: 2, ["--reduce-on-plateau", "--early-stopping", "--json"]))
    #expect(bare.status == 0, "\(bare.errors)")
  }

  /// A `.npy` file of float32 numbers from 0 to 9.
  static func writeArray(count: Int, shape: [Int], to path: String) throws {
    let dimensions = ([count] + shape).map { "\($0)" }.joined(separator: ", ")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(dimensions)), }"
    header += String(repeating: " ", count: 127 - 10 - header.utf8.count) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8))
    let size = shape.reduce(1, *)
    let block = (0..<1000 * size).map { Float($0 % 10) }.withUnsafeBytes { Data($0) }
    for _ in 0..<count / 1000 { data.append(block) }
    try data.write(to: URL(fileURLWithPath: path))
  }
}
