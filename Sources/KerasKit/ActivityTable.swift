import KerasAudit
import KerasCore
import KerasEngine
import KerasModel
import KerasTraining

/// What the activity regularizers of a model add to the loss on given data, in every release.
public struct ActivityTable: Sendable {
  public struct Row: Sendable {
    /// Spans of releases with these numbers: `Keras 2.1.0 to 2.1.3`.
    public var releases: [String]
    /// In the order of `layers`; a layer applied several times has the sum.
    public var values: [Double]
    /// Whether evaluation counts them too, or training alone.
    public var countsInEvaluation: Bool
    /// The release that saved the file, or one that may have, is among them.
    public var isSaved: Bool
    /// The release the file is to be read by is among them.
    public var isTarget: Bool

    public var total: Double { values.reduce(0, +) }
  }

  public var samples: Int
  public var batchSize: Int
  /// The layers with an activity regularizer.
  public var layers: [String]
  /// Oldest first, releases with equal numbers together.
  public var rows: [Row]

  /// The table for scripts.
  public var json: JSON {
    [
      "samples": JSON(samples), "batch_size": JSON(batchSize),
      "rows": .array(
        rows.map { row in
          [
            "releases": .array(row.releases.map { .string($0) }), "total": .number(row.total),
            "layers": .array(
              zip(layers, row.values).map { ["layer": .string($0), "value": .number($1)] as JSON }),
            "in_evaluation": .bool(row.countsInEvaluation), "saved": .bool(row.isSaved), "target": .bool(row.isTarget),
          ]
        }),
    ]
  }
}

extension Model {
  /// The activity penalties of data under every meaning that Keras has had, as `evaluate` reports them: in batches of
  /// `batchSize`, each counted by its size.
  ///
  /// Arrays are found as in `predict`. Layers run as in evaluation, without dropout.
  public func activityTable(
    _ arrays: [String: TensorData], batchSize: Int = 32, target: Release = .current
  ) throws(KerasKitError) -> ActivityTable {
    let arrays = try fitted(try inOrder(arrays))
    let meanings = PenaltyTable.meanings.map { TrainingSemantics.of(version: $0.version) }
    let measured = try activityPenalties(arrays, batchSize: batchSize, under: meanings)
    let saved = Set(savedReleases.map(\.training.activityOnly))
    var table = ActivityTable(
      samples: arrays.first?.shape.first ?? 0, batchSize: batchSize, layers: measured.layers, rows: [])
    for (index, (releases, _)) in PenaltyTable.meanings.enumerated() {
      let meaning = meanings[index]
      let row = ActivityTable.Row(
        releases: [releases], values: measured.values[index], countsInEvaluation: meaning.penalizesEvaluation,
        isSaved: saved.contains(meaning.activityOnly), isTarget: target.training.activityOnly == meaning.activityOnly)
      let same = table.rows.firstIndex { other in
        other.countsInEvaluation == row.countsInEvaluation
          && zip(other.values, row.values).allSatisfy { ($0 - $1).magnitude <= 1e-6 * max($0.magnitude, $1.magnitude) }
      }
      guard let same else {
        table.rows.append(row)
        continue
      }
      table.rows[same].releases += row.releases
      table.rows[same].isSaved = table.rows[same].isSaved || row.isSaved
      table.rows[same].isTarget = table.rows[same].isTarget || row.isTarget
    }
    return table
  }

  /// The release that saved the model, or all that may have.
  public var savedReleases: [Release] {
    AuditSubject(source: loaded.source, canonical: loaded.canonical).savedReleases
  }

  /// Each meaning's penalties by layer, means over the samples.
  func activityPenalties(
    _ arrays: [TensorData], batchSize: Int, under meanings: [TrainingSemantics]
  ) throws(KerasKitError) -> (layers: [String], values: [[Double]]) {
    try KerasKitError.wrap {
      let graph = try ActivityGraph(loaded.network, under: meanings)
      let count = arrays.first?.shape.first ?? 0
      var sums = meanings.map { _ in graph.layers.map { _ in 0.0 } }
      guard !graph.lowered.graph.outputs.isEmpty else { return (graph.layers, sums) }
      let predictor = try Predictor(graph.lowered, weights: ModelWeights(loaded), options: engineOptions)
      try predictor.begin()
      for rows in try predictor.batches(of: count, size: batchSize) {
        let results = try predictor.batch(rows, of: arrays, names: inputs.map(\.name))
        for (meaning, terms) in graph.terms.enumerated() {
          for term in terms {
            guard let layer = graph.layers.firstIndex(of: term.layer),
              let value = try results[term.output].doubles().first
            else { continue }
            sums[meaning][layer] += value * Double(rows.count) / Double(count)
          }
        }
      }
      return (graph.layers, sums)
    }
  }
}

extension Model {
  /// The shapes that arrays have as the model's inputs.
  public func shapes(of arrays: [String: TensorData]) throws(KerasKitError) -> [String: [Int]] {
    let fitted = try fitted(try inOrder(arrays))
    return Dictionary(
      zip(inputs.map(\.name), fitted.map(\.shape)), uniquingKeysWith: { first, _ in first })
  }
}
