import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// The regularization of one batch, as each release of Keras would have added it to the loss.
public struct PenaltyTable: Sendable {
  public struct Row: Sendable {
    /// The releases with this meaning, such as `Keras 2.0.3 to 2.0.9`.
    public var releases: String
    /// Terms named like `dense_1/kernel_regularizer`; a layer applied several times has several.
    public var terms: [(name: String, value: Double)]
    /// Whether the release counts them in evaluation too.
    public var countsInEvaluation: Bool
    /// Whether this training counts every term the same.
    public var isOwn: Bool

    public var total: Double { terms.reduce(0) { $0 + $1.value } }
  }

  /// The release whose meaning this training follows, as `TrainingSemantics` names it.
  public var semantics: String
  /// Under the meaning that is followed.
  public var own: Row
  /// Oldest first, releases of one meaning for regularizers together.
  public var rows: [Row]
  /// Layers whose activity regularizer adds nothing under the meaning that is followed.
  public var ignored: [String]

  /// Each meaning of regularizers that Keras has had, by one of the releases that had it; bounds as in
  /// `TrainingSemantics`.
  public static let meanings: [(releases: String, version: KerasVersion)] = [
    ("Keras 0.1 to 0.3", KerasVersion(0, 3, 3)),
    ("Keras 1.0.0 to 1.0.6", KerasVersion(1, 0, 6)),
    ("Keras 1.0.7 to 1.1", KerasVersion(1, 1, 2)),
    ("Keras 1.2 to 2.0.2", KerasVersion(1, 2, 2)),
    ("Keras 2.0.3 to 2.0.9", KerasVersion(2, 0, 9)),
    ("Keras 2.1.0 to 2.1.3", KerasVersion(2, 1, 3)),
    ("Keras 2.1.4 to 2.3", KerasVersion(2, 3, 1)),
    ("TensorFlow 1.9 to 1.12", KerasVersion(2, 1, 6, isTensorFlow: true)),
    ("TensorFlow 1.13 to 2.15", KerasVersion(2, 15, 0, isTensorFlow: true)),
    ("Keras 3.0 to 3.13", KerasVersion(3, 13, 0)),
    ("Keras 3.14 and later", KerasVersion(3, 15, 1)),
  ]
}

extension Trainer {
  /// What regularization adds to the loss of a batch before the first step, under every meaning Keras has had.
  ///
  /// Layers run as in training, with the random numbers of the first step. Throws `TrainingError`.
  public func penaltyTable(on batch: DataSet) throws(TrainingError) -> PenaltyTable {
    let loss = try compiledLoss(trains: true, weightRanks: batch.weightRanks)
    let feed = try BatchFeed(batch, for: loss.loss, classWeights: options.classWeights)
    return try penaltyTable(loss, Batch(feed: feed, rows: Array(0..<feed.count)[...]))
  }

  func penaltyTable(_ compiled: CompiledLoss, _ batch: Batch) throws(TrainingError) -> PenaltyTable {
    let loss = compiled.loss
    var graph = loss.graph
    graph.scope = ""
    var values: [Value] = []
    func add(_ semantics: TrainingSemantics) throws(TrainingError) -> [(name: String, index: Int)] {
      let terms = try graphStep { () throws(GraphError) in
        try LossGraph.weightPenalties(loss.parameters, semantics, in: &graph)
          + ActivityPenalties(
            records: loss.activities, semantics: semantics,
            batchReference: loss.inputNames.first.flatMap { graph.input(named: $0) }
          ).terms(in: &graph)
      }
      let first = values.count
      values += terms.map(\.value)
      return terms.enumerated().map { ($1.name, first + $0) }
    }
    let own = try add(semantics)
    var others: [[(name: String, index: Int)]] = []
    var meanings: [TrainingSemantics] = []
    for (_, version) in PenaltyTable.meanings {
      let meaning = TrainingSemantics.of(version: version)
      meanings.append(meaning)
      others.append(try add(meaning))
    }
    graph.outputs = values
    var numbers: [Double] = []
    if !values.isEmpty {
      let texts = try batch.feed.texts(rows: batch.rows)
      numbers = try engineStep { () throws(EngineError) in
        let executor = Executor(graph, parameters: store, mutableParameters: true, options: engineOptions)
        let plan = try executor.plan(
          for: compiled.shapes(of: batch.feed, batchSize: batch.rows.count, seed: stepSeed), texts: texts)
        plan.seed = stepSeed
        try batch.feed.fill(plan, rows: batch.rows)
        try plan.execute()
        var numbers: [Double] = []
        for index in values.indices {
          numbers.append(try plan.withOutput(index) { Double($0.loadUnaligned(as: Float.self)) })
        }
        return numbers
      }
    }
    func row(_ releases: String, _ entries: [(name: String, index: Int)], _ meaning: TrainingSemantics)
      -> PenaltyTable.Row
    {
      PenaltyTable.Row(
        releases: releases, terms: entries.map { ($0.name, numbers[$0.index]) },
        countsInEvaluation: meaning.penalizesEvaluation, isOwn: false)
    }
    var result = PenaltyTable(
      semantics: semantics.name, own: row(semantics.name, own, semantics), rows: [], ignored: [])
    result.own.isOwn = true
    for (index, (releases, _)) in PenaltyTable.meanings.enumerated() {
      var next = row(releases, others[index], meanings[index])
      next.isOwn =
        next.terms.map(\.name) == result.own.terms.map(\.name)
        && zip(next.terms, result.own.terms).allSatisfy { $0.value == $1.value }
        && next.countsInEvaluation == result.own.countsInEvaluation
      result.rows.append(next)
    }
    let counted = Set(own.map(\.name))
    for record in loss.activities where !counted.contains(record.layer + "/activity_regularizer") {
      if !result.ignored.contains(record.layer) { result.ignored.append(record.layer) }
    }
    return result
  }
}
