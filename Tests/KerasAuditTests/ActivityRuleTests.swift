import KerasKit
import Testing

/// The divisor, the wrappers, and evaluation.
@Suite struct ActivityRuleTests {
  @Test func releasesThatSummedOverTheBatchAreWarned() throws {
    for (fixture, expected) in [
      ("keras-2.3.1/nested_activity.h5", 1), ("keras-1.2.2/mlp_regularizers.h5", 2),
      // Where nothing was added nothing is scaled.
      ("keras-1.2.2/nested_activity.h5", 0),
      ("keras-2.15/nested_activity.h5", 0),
      ("keras-3/nested_activity.keras", 0),
    ] {
      #expect(try SavedModel.audit(fixture: fixture).of("act-reg-batch-scale").count == expected, "\(fixture)")
    }
  }

  @Test(arguments: [("3.0.0", 1), ("3.13.2", 1), ("3.14.0", 0), ("3.15.1", 0)])
  func keras3DividesFrom314(_ version: String, _ expected: Int) throws {
    let report = try SavedModel.audit(config: "areg_nested_functional-keras-3", stamped: version)
    #expect(report.of("act-reg-batch-scale").count == expected)
  }

  @Test(arguments: [("2.1.6-tf", 1), ("2.2.4-tf", 0)])
  func tfKerasDividesFromTensorFlow113(_ version: String, _ expected: Int) throws {
    let report = try SavedModel.audit(config: "areg_nested_functional-tfkeras-1.15", stamped: version)
    #expect(report.of("act-reg-batch-scale").count == expected)
  }

  @Test func keras0TookTheMean() throws {
    let report = try SavedModel.audit(config: "areg_dense_relu_l2-keras-0.3.3")
    #expect(report.of("act-reg-batch-scale").isEmpty)
  }

  @Test func timeDistributedCountsTwiceOnlyWithAFixedBatch() throws {
    let fixed = try SavedModel.audit(config: "areg_time_distributed_fixed_batch-keras-2.1.3")
    #expect(fixed.severities("act-reg-timedistributed-double") == [.warning])
    let free = try SavedModel.audit(config: "areg_time_distributed-keras-2.1.3")
    #expect(free.of("act-reg-timedistributed-double").isEmpty)
    let older = try SavedModel.audit(config: "areg_time_distributed_fixed_batch-keras-2.1.3", stamped: "2.0.0")
    #expect(older.of("act-reg-timedistributed-double").isEmpty)
  }

  @Test func keras3IgnoresPenaltiesInsideTimeDistributed() throws {
    let old = try SavedModel.audit(config: "areg_time_distributed-keras-2.1.3")
    #expect(old.severities("act-reg-timedistributed-dropped") == [.warning])
    let current = try SavedModel.audit(config: "areg_time_distributed-keras-3")
    #expect(current.severities("act-reg-timedistributed-dropped") == [.note])
    let flat = try SavedModel.audit(config: "areg_shared_layer-keras-2.1.3")
    #expect(flat.of("act-reg-timedistributed-dropped").isEmpty)
  }

  @Test func tfKerasDividedByTheStepsToo() throws {
    let tensorFlow = try SavedModel.audit(config: "areg_time_distributed-tfkeras-1.15")
    #expect(tensorFlow.severities("act-reg-td-divisor") == [.note])
    let standalone = try SavedModel.audit(config: "areg_time_distributed-keras-2.1.3")
    #expect(standalone.of("act-reg-td-divisor").isEmpty)
  }

  @Test func bidirectionalWasIgnoredThenMerged() throws {
    #expect(
      try SavedModel.audit(config: "areg_bidirectional-keras-2.0.0").severities("act-reg-bidirectional") == [.warning])
    // concat: the same number as each direction's own.
    #expect(
      try SavedModel.audit(config: "areg_bidirectional-keras-2.1.3").severities("act-reg-bidirectional") == [.note])
    #expect(
      try SavedModel.audit(config: "areg_bidirectional-keras-2.1.3", stamped: "2.5.0").of("act-reg-bidirectional")
        .isEmpty)
  }

  @Test func evaluationBefore12HadNoPenalties() throws {
    for config in ["areg_dense_relu_l2-keras-1.0.8", "areg_dense_relu_l2-keras-0.3.3"] {
      let report = try SavedModel.audit(config: config)
      // Keras 0 wrote no version; its form alone does not prove the release.
      if config.hasSuffix("1.0.8") { #expect(report.severities("act-reg-losses-not-train-only") == [.note]) }
    }
    let later = try SavedModel.audit(fixture: "keras-1.2.2/mlp_regularizers.h5")
    #expect(later.of("act-reg-losses-not-train-only").isEmpty)
  }
}
