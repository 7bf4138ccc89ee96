import Foundation
import KerasKit
import PackedFixtures
import Testing

/// `audit --data` and `--match-loss` as a user runs them.
@Suite struct PenaltyCommandTests {
  private func file(_ name: String) -> String { PackedFixtures.path("activity_table/\(name)") }

  @Test func theTableIsPrintedAndInTheJSON() throws {
    let text = try Command.run(
      "audit", file("nested.h5"), "--data", file("nested.npz"), "--batch-size", "5", "--fail-on", "never")
    #expect(text.status == 0)
    // Recorded: 0.4745 in Keras 2.1.3, 0.106761 in 2.1.4, 0.0213521 in 3.15.1.
    #expect(text.output.contains("0.474500  Keras 2.0.3 to 2.1.3 ← as saved"))
    #expect(text.output.contains("0.106761  Keras 2.1.4 to 2.3, TensorFlow 1.9 to 1.12, Keras 3.0 to 3.13"))
    #expect(text.output.contains("Keras 3.14 and later ← the target"))
    let json = try Command.run(
      "audit", file("nested.h5"), "--data", file("nested.npz"), "--batch-size", "5", "--fail-on", "never", "--format",
      "json")
    let report = try JSON(parsing: Array(json.output.utf8))
    let rows = try #require(report["activity_penalties"]?["rows"]?.arrayValue)
    let saved = try #require(rows.first { $0["saved"] == true })
    let total = try #require(saved["total"]?.doubleValue)
    #expect((total - 0.474500).magnitude < 1e-5)
    #expect(saved["layers"]?[0]?["layer"] == "sequential/dense_3")
  }

  @Test func factorsArePrintedOrRefusedWithTheReason() throws {
    let factors = try Command.run(
      "audit", file("direct.h5"), "--match-loss", "keras==3.15.1", "--batch-size", "32", "--fail-on", "never")
    #expect(factors.status == 0)
    #expect(factors.output.contains("l1 0.01 → 0.32, l2 0.02 → 0.64"))
    #expect(factors.output.contains("full batches"))
    let refused = try Command.run(
      "audit", file("nested.h5"), "--match-loss", "keras==2.1.4", "--batch-size", "32", "--fail-on", "never")
    #expect(refused.status == 1)
    #expect(refused.output.contains("penalised the layer's inputs"))
    let incomplete = try Command.run("audit", file("nested.h5"), "--match-loss", "keras==2.1.4")
    #expect(incomplete.status == 2)
    #expect(incomplete.errorLines.count == 1)
  }

  /// Data that does not fit is one line and exit code 3.
  @Test func dataThatDoesNotFitIsRefused() throws {
    let result = try Command.run("audit", file("nested.h5"), "--data", file("bidirectional.npz"))
    #expect(result.status == 3)
    #expect(result.errorLines.count == 1)
  }
}
