import DataFiles
import Foundation
import KerasCore
import Testing

@testable import KerasKit
@testable import KerasModel
@testable import KerasTraining

/// Every optimizer of a release, saved in the middle of twenty steps (`Tools/fixtures/optimizer_cases.py`).
@Suite("Every optimizer goes on where the release stopped")
struct OptimizerCasesTests {
  private static let folder = "\(Fixture.root)/fixtures/optimizers"

  /// All cases as `release/case`.
  static let names: [String] = RecordedZip.names(in: folder)

  @Test func `Every era is recorded`() {
    for release in ["keras-0.3.3", "keras-1.2.2", "keras-2.1.3", "keras-2.3.1", "tfkeras-2.5", "keras-2.15", "keras-3"]
    {
      #expect(Self.names.count { $0.hasPrefix(release + "/") } >= 10, "\(release)")
    }
  }

  @Test(arguments: names) func `The steps after the file equal the uninterrupted run's`(_ name: String) throws {
    let recorded = try RecordedZip(Self.folder, name)
    defer { recorded.remove() }
    let model = try recorded.model().loaded
    let data = try recorded.batch()
    let losses = try #require(recorded.truth["losses"]).doubles()
    let steps = losses.count
    var semantics = model.semantics
    // The recorder makes TensorFlow 1 count a step last.
    semantics.readsIterationsLate = false
    let trainer = try Trainer(model: model, options: .init(semantics: semantics))
    #expect(trainer.stateProblem == nil)
    #expect((trainer.stateRead != nil) == !model.optimizerArrays.isEmpty)
    var found: [Double] = []
    try trainer.fit(
      data, FitOptions(epochs: steps, batchSize: data.count, shuffles: false)
    ) { progress in
      found.append(progress.training.loss)
      return .proceed
    }
    var worst = zip(found, losses).map { abs($0 - $1) }.max() ?? .infinity
    let weights = try trainer.weights()
    for (parameter, array) in try recorded.expected(model) {
      worst = max(worst, try difference(try #require(weights[parameter]), array))
    }
    #expect(worst <= 1e-5)
  }

  @Test(arguments: names.filter { !$0.hasPrefix("keras-0") })
  func `What is written holds every number of the state`(_ name: String) throws {
    let recorded = try RecordedZip(Self.folder, name)
    defer { recorded.remove() }
    let model = try recorded.model()
    let data = try recorded.batch()
    try model.fineTune(data, epochs: 3, batchSize: data.count, shuffles: false)
    let state = try #require(model.loaded.optimizerState)
    #expect(state.slots.isEmpty == state.form.slots.isEmpty)
    let isCurrent = name.hasPrefix("keras-3/")
    let output = recorded.file(isCurrent ? "again.keras" : "again.h5")
    let notes = isCurrent ? try model.save(to: output) : try model.saveAsSource(to: output)
    #expect(!notes.contains { $0.message.contains("the optimizer's state") })
    let again = try #require(try OptimizerState.stored(in: try Model.load(output).loaded))
    // Keras 1 does not save the step count of every optimizer, Keras 2 no loss scale in HDF5.
    if try OptimizerLayout(of: model.loaded, form: state.form)?.iterations.isEmpty == false {
      #expect(again.iterations == state.iterations)
    }
    if isCurrent { #expect(again.lossScale == state.lossScale) }
    #expect(again.slots == state.slots)
  }
}
