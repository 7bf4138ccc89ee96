import DataFiles
import Foundation
import KerasCore
import Testing

@testable import KerasModel
@testable import KerasTraining

/// `fixtures/training`: models saved after ten steps with their optimizer's state, and after ten more.
@Suite("Training goes on from the file where the release stopped")
struct ResumeTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/training")

  /// All cases as `release/case`.
  static let names: [String] = {
    let manager = FileManager.default
    let releases = (try? manager.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    return releases.sorted().flatMap { release in
      let path = folder.appending(path: release).path(percentEncoded: false)
      let files = (try? manager.contentsOfDirectory(atPath: path)) ?? []
      return files.sorted().filter { $0.hasSuffix(".npz") }.map { "\(release)/\($0.dropLast(4))" }
    }
  }()

  private static func model(_ name: String) throws -> LoadedModel {
    let path = folder.appending(path: name).path(percentEncoded: false)
    let exists = FileManager.default.fileExists(atPath: path + ".keras")
    return try LoadedModel.load(path + (exists ? ".keras" : ".h5"))
  }

  @Test func `There are recorded runs`() { #expect(Self.names.count >= 11) }

  @Test(arguments: names) func `Ten more steps equal the uninterrupted run`(_ name: String) throws {
    let model = try Self.model(name)
    let expected = try Self.model(name + "_after").weights
    let record = try NumpyArchive(path: Self.folder.appending(path: name + ".npz").path(percentEncoded: false))
    let data = try DataSet(inputs: [try #require(record["x"])], targets: [try #require(record["t"])])
    var orders = [model.semantics]
    if model.semantics.readsIterationsLate {
      // Keras 2.3 on TensorFlow 1 reads its step count before or after the increment, by chance.
      orders.append(
        semantics {
          $0 = model.semantics
          $0.readsIterationsLate = false
        })
    }
    var distances: [Double] = []
    for order in orders {
      let trainer = try Trainer(model: model, options: .init(semantics: order))
      #expect(trainer.stateProblem == nil)
      #expect(trainer.stateRead != nil)
      var losses: [Double] = []
      try trainer.fit(data, FitOptions(epochs: 10, batchSize: data.count, shuffles: false)) { progress in
        losses.append(progress.training.loss)
        return .proceed
      }
      let found = try trainer.weights()
      var worst = distance(losses, try #require(record["losses"]).doubles())
      for (parameter, array) in expected {
        worst = max(worst, distance(try #require(found[parameter]).doubles(), try array.doubles()))
      }
      distances.append(worst)
    }
    #expect(try #require(distances.min()) <= 1e-5)
  }

  /// The largest difference, relative to the largest expected value above 1; infinite where one is no number.
  private func distance(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let scale = max(1, expected.map(\.magnitude).max() ?? 0)
    return zip(found, expected).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) / scale }.max() ?? 0
  }

  @Test func `Another optimizer, or a fresh start, leaves the state alone`() throws {
    let model = try Self.model("keras-3/adam")
    #expect(try Trainer(model: model, options: .init(optimizer: "SGD")).optimizer?.iterations == 0)
    var options = TrainingOptions()
    options.resumesOptimizer = false
    #expect(try Trainer(model: model, options: options).optimizer?.iterations == 0)
    #expect(try Trainer(model: model).optimizer?.iterations == 10)
  }

  @Test func `A state that does not fit is left out and said so`() throws {
    var model = try Self.model("keras-3/adam")
    model.source.optimizerWeights.removeLast()
    let trainer = try Trainer(model: model)
    #expect(trainer.stateProblem?.contains("arrays of optimizer state") == true)
    #expect(trainer.optimizer?.iterations == 0)
  }
}
