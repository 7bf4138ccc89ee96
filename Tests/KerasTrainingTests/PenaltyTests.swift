import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel
@testable import KerasTraining

/// The measured case: ones (4, 3) into Dense(2) with kernel ones and l2 = 1: Σ output² 72, Σ input² 12.
@Suite struct PenaltyTests {
  private func total(
    _ release: String, nesting: Int = 0, first: Bool = false, wrappers: [ActivityRecord.Wrapper] = [],
    className: String = "Dense", hasFixedBatch: Bool = false, copies: Int = 1
  ) throws -> Double {
    let semantics = try #require(TrainingSemantics(named: release))
    var graph = Graph()
    let x = try constant([4, 3], [Double](repeating: 1, count: 12), &graph)
    let kernel = try constant([3, 2], [Double](repeating: 1, count: 6), &graph)
    let y = try graph.apply(.matmul(transposeA: false, transposeB: false), x, kernel)
    let record = ActivityRecord(
      layer: "dense", className: className, regularizer: .l1l2(l1: 0, l2: 1), inputs: [x], outputs: [y],
      nesting: nesting, wrappers: wrappers, wrapperOutputs: wrappers.isEmpty ? [] : [y],
      nestedFirstInSequential: first, hasFixedBatch: hasFixedBatch)
    let terms = try ActivityPenalties(
      records: Array(repeating: record, count: copies), semantics: semantics, batchReference: x
    ).terms(in: &graph)
    return try Interpreter.run(graph, fetching: terms.map(\.value)).reduce(0) { $0 + $1.values[0] }
  }

  @Test(arguments: [
    ("keras==1.2.2", 72.0), ("keras==2.0.2", 72), ("keras==2.1.3", 72), ("keras==2.3.1", 72),
    ("tensorflow==1.12", 72), ("tensorflow==1.15", 18), ("tf.keras==2.5.0", 18), ("keras==3.13.0", 72),
    ("keras==3.15.1", 18),
  ]) func directLayers(_ release: String, _ expected: Double) throws {
    #expect(try total(release) == expected)
  }

  @Test(arguments: [
    ("keras==1.2.2", 0.0, 72.0), ("keras==2.0.2", 0, 72), ("keras==2.0.3", 12, 72), ("keras==2.0.9", 12, 72),
    ("keras==2.1.0", 12, 12), ("keras==2.1.3", 12, 12), ("keras==2.1.4", 72, 72), ("keras==3.15.1", 18, 18),
  ]) func layersOfModelsCalledAsLayers(_ release: String, _ nested: Double, _ firstInSequential: Double) throws {
    #expect(try total(release, nesting: 1) == nested)
    #expect(try total(release, nesting: 1, first: true) == firstInSequential)
  }

  @Test(arguments: [
    ("keras==1.2.2", 72.0, 72.0), ("keras==2.0.2", 72, 72), ("keras==2.1.3", 72, 144), ("keras==2.3.1", 72, 144),
    ("tf.keras==2.5.0", 18, 18), ("keras==3.15.1", 0, 0),
  ]) func timeDistributed(_ release: String, _ free: Double, _ fixed: Double) throws {
    #expect(try total(release, wrappers: [.timeDistributed]) == free)
    #expect(try total(release, wrappers: [.timeDistributed], hasFixedBatch: true) == fixed)
  }

  @Test func aSharedWrapperAddedNothingUpTo202() throws {
    #expect(try total("keras==2.0.2", wrappers: [.timeDistributed], copies: 2) == 0)
    #expect(try total("keras==2.1.3", wrappers: [.timeDistributed], copies: 2) == 144)
  }

  @Test func bidirectionalPenalisesTheMergedOutputOnceOrEachDirection() throws {
    #expect(try total("keras==2.0.2", wrappers: [.bidirectional], copies: 1) == 0)
    #expect(try total("keras==2.1.3", wrappers: [.bidirectional], copies: 2) == 72)
    #expect(try total("keras==3.15.1", wrappers: [.bidirectional], copies: 2) == 36)
    // Recorded in fixtures/activity_table.
    #expect(try total("tensorflow==1.12", wrappers: [.bidirectional], copies: 2) == 0)
  }

  @Test func keras3IgnoresSimpleRNNs() throws {
    #expect(try total("keras==3.15.1", className: "SimpleRNN") == 0)
    #expect(try total("tf.keras==2.5.0", className: "SimpleRNN") == 18)
  }

  @Test func orthogonalityCountsPairsOfRows() throws {
    let found = try evaluate { graph in
      let x = try constant([2, 2], [1, 0, 0.6, 0.8], &graph)
      let penalty = try Regularizer.orthogonal(factor: 0.1, mode: "rows").penalty(on: x, in: &graph)
      return try #require(penalty)
    }
    // Keras: factor · ½ · Σ|off-diagonal cosines| / number of pairs.
    #expect(isClose(found, [0.1 * 0.5 * (0.6 + 0.6) / 1], 1e-6))
  }
}
