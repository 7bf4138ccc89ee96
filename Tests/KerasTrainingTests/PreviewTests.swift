import KerasCore
import Testing

@testable import KerasModel
@testable import KerasTraining

/// What is said before a training, against what the training then reports.
struct PreviewTests {
  /// The first step's own report is the reference, dropout included.
  @Test(arguments: ["keras-1.2.2/mlp_regularizers", "keras-2.1.3/nested_activity", "keras-3/shapes_and_noise"])
  func thePenaltiesAreThoseOfTheFirstStep(_ name: String) throws {
    let fixture = try Fixture(name)
    let data = try fixture.data()
    let fit = FitOptions(epochs: 1, batchSize: 3)
    let preview = try Trainer(model: fixture.model, options: .init(seed: 5)).preview(data, fit)
    var first: Evaluation?
    try Trainer(model: fixture.model, options: .init(seed: 5)).fit(data, fit) { progress in
      if first == nil { first = progress.training }
      return .stop
    }
    let reported = try #require(first)
    #expect(preview.penalties.own.terms.map(\.name) == reported.penalties.map(\.name))
    for (found, expected) in zip(preview.penalties.own.terms, reported.penalties) {
      #expect((found.value - expected.value).magnitude <= 1e-6 * max(1, expected.value.magnitude), "\(found.name)")
    }
    #expect(preview.stepsPerEpoch == 2)
    #expect(preview.samples == data.count)
    #expect(preview.memory.steps > 0)
  }

  /// Real releases' losses of nested_activity, recorded with one config: what lies between them and the data loss.
  @Test(arguments: [
    ("keras-1.2.2/nested_activity", "Keras 1.2 to 2.0.2"), ("keras-2.0.2/nested_activity", "Keras 1.2 to 2.0.2"),
    ("keras-2.1.3/nested_activity", "Keras 2.1.0 to 2.1.3"), ("keras-2.3.1/nested_activity", "Keras 2.1.4 to 2.3"),
    ("keras-2.15/nested_activity", "TensorFlow 1.13 to 2.15"), ("keras-3/nested_activity", "Keras 3.14 and later"),
  ]) func theTableHasWhatEachReleaseMeasured(_ name: String, _ releases: String) throws {
    let fixture = try Fixture(name)
    let data = try fixture.data()
    // Asked under another release's meaning, so that the row and not the model's own release is tested.
    var options = TrainingOptions()
    options.semantics = TrainingSemantics(named: "keras==1.0.8")
    let table = try Trainer(model: fixture.model, options: options).penaltyTable(on: data)
    let row = try #require(table.rows.first { $0.releases == releases })
    let dataLoss = try Trainer(model: fixture.model).evaluate(data, batchSize: data.count).dataLoss
    let recorded = try #require(try fixture.column("loss_test").first)
    #expect((dataLoss + row.total - recorded).magnitude <= 1e-5 * recorded)
    #expect(!table.ignored.isEmpty)
  }

  @Test func everyMeaningHasOneRowInOrder() {
    let meanings = PenaltyTable.meanings.map { TrainingSemantics.of(version: $0.version) }
    for (a, b) in zip(meanings, meanings.dropFirst()) {
      let isOther =
        a.nestedActivity != b.nestedActivity || a.firstNestedActivity != b.firstNestedActivity
        || a.activityReduction != b.activityReduction || a.timeDistributedActivity != b.timeDistributedActivity
        || a.bidirectionalActivity != b.bidirectionalActivity || a.penalizesEvaluation != b.penalizesEvaluation
        || a.activityIgnoredBy != b.activityIgnoredBy || a.penalizesFrozenWeights != b.penalizesFrozenWeights
      #expect(isOther, "\(a.name) and \(b.name)")
    }
  }

  @Test func frozenLayersAreCountedAsKept() throws {
    let fixture = try Fixture("keras-2.15/mlp_regularizers")
    let options = TrainingOptions(freeze: ["dense", "batch_normalization"])
    let preview = try Trainer(model: fixture.model, options: options).preview(try fixture.data())
    let byPath = Dictionary(uniqueKeysWithValues: preview.layers.map { ($0.path, $0) })
    #expect(byPath["dense"]?.trained == 0)
    #expect(byPath["dense"]?.isFrozen == true)
    #expect(byPath["batch_normalization"]?.runsAsInInference == true)
    #expect(byPath["dense_1"]?.trained ?? 0 > 0)
    #expect(preview.trainedCount + preview.keptCount == preview.layers.reduce(0) { $0 + $1.trained + $1.kept })
    #expect(throws: TrainingError.self) {
      _ = try Trainer(model: fixture.model, options: TrainingOptions(freeze: ["conv*"]))
    }
  }
}
