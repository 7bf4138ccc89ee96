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

  @Test func `There are recorded runs`() { #expect(Self.names.count >= 18) }

  @Test(arguments: names) func `Ten more steps equal the uninterrupted run`(_ name: String) throws {
    let model = try Self.model(name)
    let expected = try Self.model(name + "_after").weights
    let record = try NumpyArchive(path: Self.folder.appending(path: name + ".npz").path(percentEncoded: false))
    let data = try DataSet(inputs: [try #require(record["x"])], targets: [try #require(record["t"])])
    let trainer = try Trainer(model: model)
    #expect(trainer.stateProblem == nil)
    #expect(trainer.stateRead != nil)
    var losses: [Double] = []
    try trainer.fit(data, FitOptions(epochs: 10, batchSize: data.count, shuffles: false)) { progress in
      losses.append(progress.training.loss)
      return .proceed
    }
    #expect(isClose(losses, try #require(record["losses"]).doubles(), 1e-5))
    let found = try trainer.weights()
    for (parameter, array) in expected {
      let values = try array.doubles()
      let scale = max(1, values.map(\.magnitude).max() ?? 0)
      let own = try #require(found[parameter]).doubles()
      #expect(zip(own, values).allSatisfy { abs($0 - $1) <= 1e-5 * scale }, "\(parameter)")
    }
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
