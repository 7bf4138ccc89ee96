import DataFiles
import Foundation
import KerasCore
import Testing
import ZipArchive

@testable import KerasKit
@testable import KerasModel
@testable import KerasTraining

/// Losses and metrics of a release over several batches, and two steps with each loss (`Tools/fixtures/metric_cases.py`).
@Suite("Losses and metrics are those the release reported")
struct MetricCasesTests {
  private static let folder = "\(Fixture.root)/fixtures/metrics"

  /// All cases as `release/case`.
  static let names: [String] = RecordedZip.names(in: folder)

  @Test func `Every era is recorded`() {
    for (release, count) in [("keras-2.1.3", 15), ("tfkeras-2.5", 35), ("keras-2.15", 40), ("keras-3", 55)] {
      #expect(Self.names.count { $0.hasPrefix(release + "/") } >= count, "\(release)")
    }
  }

  /// Loss and metrics in Keras' order.
  private func numbers(_ evaluation: Evaluation) -> [Double] { [evaluation.loss] + evaluation.metrics.map(\.value) }

  private func distance(_ found: some Collection<Double>, _ expected: some Collection<Double>) -> Double {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).map { $0.isNaN && $1.isNaN ? 0 : abs($0 - $1) / max(1, abs($1)) }
      .map { $0.isNaN ? .infinity : $0 }.max() ?? .infinity
  }

  @Test(arguments: names) func `Evaluation over batches of four`(_ name: String) throws {
    let recorded = try RecordedZip(Self.folder, name)
    defer { recorded.remove() }
    let trainer = try Trainer(model: try recorded.model().loaded)
    let (x, t) = (try #require(recorded.truth["x"]), try #require(recorded.truth["t"]))
    let expected = try #require(recorded.truth["evaluate"]).doubles()
    let found = numbers(try trainer.evaluate(try DataSet(inputs: [x], targets: [t]), batchSize: 4))
    #expect(distance(found, expected) <= 2e-5, "\(found) \(expected)")
    guard let weighted = try recorded.truth["weighted"]?.doubles() else { return }
    let weights = [try #require(recorded.truth["s"])]
    let again = numbers(
      try trainer.evaluate(try DataSet(inputs: [x], targets: [t], sampleWeights: weights), batchSize: 4))
    #expect(distance(again, weighted) <= 2e-5, "\(again) \(weighted)")
  }

  @Test(arguments: names) func `Two steps of training`(_ name: String) throws {
    let recorded = try RecordedZip(Self.folder, name)
    defer { recorded.remove() }
    guard let losses = try recorded.truth["losses"]?.doubles() else { return }
    let model = try recorded.model().loaded
    let trainer = try Trainer(model: model)
    let data = try DataSet(
      inputs: [try #require(recorded.truth["x"])], targets: [try #require(recorded.truth["t"])])
    var found: [Double] = []
    try trainer.fit(data, FitOptions(epochs: 2, batchSize: data.count, shuffles: false)) { progress in
      found.append(progress.training.loss)
      return .proceed
    }
    // TensorFlow 2.5 reports the first together with the evaluation before it.
    #expect(distance(found.suffix(1), losses.suffix(1)) <= 2e-5, "\(found) \(losses)")
    let weights = try trainer.weights()
    for (parameter, array) in try recorded.expected(model) {
      #expect(try difference(try #require(weights[parameter]), array) <= 1e-5, "\(parameter)")
    }
  }
}
