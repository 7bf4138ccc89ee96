import Foundation
import Testing

/// Commands that a signal ends while they write.
@Suite struct InterruptionTests {
  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// Runs a command, sends the signal once `folder` holds a name that `isUnfinished`, and checks what is left there.
  private func end(
    _ arguments: [String], with number: Int32, in folder: String, once isUnfinished: (String) -> Bool
  ) throws {
    // As a terminal starts programs; a shell's background has Ctrl-C ignored.
    signal(number, SIG_DFL)
    let before = try names(folder)
    let command = try RunningCommand(arguments, folder: try Command.folder())
    var isSeen = false
    command.wait {
      isSeen = ((try? names(folder)) ?? []).contains(where: isUnfinished)
      return isSeen
    }
    command.send(number)
    let result = command.finish()
    try #require(isSeen, "ended before: \(result.status) \(result.errors)")
    #expect(command.isEndedBySignal)
    #expect(result.status == number)
    #expect(try names(folder) == before)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func predictLeavesNoUnfinishedFile(number: Int32) throws {
    let folder = try Command.folder()
    try FineTuneRunTests.writeArray(count: 200_000, shape: [5], to: "\(folder)/x.npy")
    try "as it was".write(toFile: "\(folder)/y.csv", atomically: true, encoding: .utf8)
    try end(
      [
        "predict", Command.fixture("models/keras-2.3.1/mlp_regularizers.h5"), "--input", "\(folder)/x.npy", "--output",
        "\(folder)/y.csv", "--batch-size", "1",
      ], with: number, in: folder
    ) { $0.hasPrefix(".y.csv.") && $0.hasSuffix(".tmp") }
    #expect(try String(contentsOfFile: "\(folder)/y.csv", encoding: .utf8) == "as it was")
  }

  /// A folder of files, which is written in a folder of its own.
  @Test func convertLeavesNoUnfinishedFolder() throws {
    let folder = try Command.folder()
    try end(
      [
        "convert", Command.fixture("models/keras-2.3.1/advanced_activations.h5"), "\(folder)/saved", "--to",
        "savedmodel",
      ], with: SIGINT, in: folder
    ) { $0.hasPrefix(".draft-") }
  }
}
