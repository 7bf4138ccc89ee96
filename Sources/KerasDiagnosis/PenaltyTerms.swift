import KerasCore
import KerasModel
import KerasTraining

/// Measures regularization terms, those of the model and those that it might get.
struct PenaltyTerms {
  private let model: LoadedModel
  private let options: DiagnosisOptions
  private let usesLoss: Bool

  /// What a new term makes up of the data loss before the first step; together they stay below twice that.
  static let share = 0.05
  /// Batches from which a strength is computed.
  private static let batches = 16

  init(_ model: LoadedModel, options: DiagnosisOptions, usesLoss: Bool) {
    (self.model, self.options, self.usesLoss) = (model, options, usesLoss)
  }

  /// The terms of a graph of the model, on average over batches as training would make them.
  func measured(_ lowered: LoweredModel, _ samples: SpreadSamples) throws -> [(name: String, value: Double)] {
    try measured(model, lowered, semantics, samples)
  }

  private var semantics: TrainingSemantics { options.training.semantics ?? model.semantics }

  private func measured(
    _ model: LoadedModel, _ lowered: LoweredModel, _ semantics: TrainingSemantics, _ samples: SpreadSamples
  ) throws -> [(name: String, value: Double)] {
    var training = options.training
    training.semantics = semantics
    let probe = try ModelProbe(model, lowered, observed: [], usesTargets: false, options: training)
    let fixed = lowered.inputNames.lazy.compactMap { lowered.graph.input(named: $0) }.first.flatMap {
      lowered.graph.shape($0)[0]
    }
    var sums: [(name: String, value: Double)] = []
    var batches = 0.0
    try samples.forEachBatch(of: fixed ?? options.batchSize, limit: Self.batches) { batch in
      // A smaller last batch has smaller sums.
      guard batches == 0 || batch.count == fixed ?? options.batchSize else { return }
      let terms = try probe.run(batch).penalties
      if sums.isEmpty { sums = terms.map { ($0.name, 0) } }
      for index in terms.indices { sums[index].value += terms[index].value }
      batches += 1
    }
    // Several applications of a layer are one term.
    var joined: [(name: String, value: Double)] = []
    for (name, value) in sums {
      if let place = joined.firstIndex(where: { $0.name == name }) {
        joined[place].value += value / batches
      } else {
        joined.append((name, value / batches))
      }
    }
    return joined
  }

  // MARK: Strength

  /// What a unit l2 regularizer adds.
  private struct Unit {
    var own: Double
    var intended: Double
  }

  /// `nil` where the model has no such layer, or the layer no such regularizer.
  private func unit(_ remedy: Remedy, _ samples: SpreadSamples) throws -> Unit? {
    var (bare, edited) = (model, model)
    let one = RegularizerEdit(pattern: remedy.layer, change: .set([remedy.field: .l1l2(l1: 0, l2: 1)]))
    guard let changes = try? edited.edit([one]),
      changes.allSatisfy({ $0.layer == remedy.layer || $0.layer.hasPrefix(remedy.layer + "/") })
    else { return nil }
    _ = try? bare.edit([RegularizerEdit(pattern: remedy.layer, change: .remove([remedy.field]))])
    func added(_ semantics: TrainingSemantics) throws -> Double {
      func total(_ model: LoadedModel) throws -> Double {
        let lowered = try model.network.lowered(training: false, batchNormalization: semantics.batchNormalization)
        return try measured(model, lowered, semantics, samples).reduce(0) { $0 + $1.value }
      }
      return try total(edited) - total(bare)
    }
    let own = try added(semantics)
    return Unit(own: own, intended: remedy.field == "activity" ? try added(semantics.withIntendedActivity) : own)
  }

  /// A term for each verdict that asks for one, from the first of its remedies that the model can have.
  func recommendation(for diagnosis: inout Diagnosis, _ samples: SpreadSamples) throws -> Recommendation? {
    var chosen: [(remedy: Remedy, unit: Unit)] = []
    for index in diagnosis.verdicts.indices where !diagnosis.verdicts[index].remedies.isEmpty {
      let remedies = diagnosis.verdicts[index].remedies
      if let known = remedies.first, chosen.contains(where: { $0.remedy == known }) { continue }
      var found: (remedy: Remedy, unit: Unit)?
      for remedy in remedies where found == nil {
        guard let unit = try unit(remedy, samples), unit.intended > 0, unit.intended.isFinite else { continue }
        found = (remedy, unit)
      }
      diagnosis.verdicts[index].remedies = found.map { [$0.remedy] } ?? []
      if let found, !chosen.contains(where: { $0.remedy == found.remedy }) { chosen.append(found) }
    }
    guard !chosen.isEmpty else { return nil }
    let measured = diagnosis.dataLoss.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    let basis = measured ?? 1
    let share = min(Self.share, 2 * Self.share / Double(chosen.count))
    let differs = chosen.contains { ($0.unit.own - $0.unit.intended).magnitude > 1e-3 * $0.unit.intended }
    let terms = chosen.map { remedy, unit -> Recommendation.Term in
      let factor = Self.rounded(max(share * basis / unit.intended, 10 * present(remedy)))
      return Recommendation.Term(remedy: remedy, factor: factor, penalty: factor * unit.intended)
    }
    return Recommendation(
      terms: terms, needsIntendedSemantics: differs, basis: basis, isBasisMeasured: measured != nil)
  }

  /// The l2 factor of a regularizer that is there already and was not enough.
  private func present(_ remedy: Remedy) -> Double {
    var edited = model
    let removal = RegularizerEdit(pattern: remedy.layer, change: .remove([remedy.field]))
    guard let changes = try? edited.edit([removal]), case .l1l2(_, let factor)? = changes.first?.old else { return 0 }
    return factor
  }

  /// To 1, 2 or 5 times a power of ten.
  static func rounded(_ value: Double) -> Double {
    guard value > 0, value.isFinite else { return value }
    var exponent = 0
    var digits = value
    while digits < 1 { (digits, exponent) = (digits * 10, exponent - 1) }
    while digits >= 10 { (digits, exponent) = (digits / 10, exponent + 1) }
    let nice = [1.0, 2, 5, 10].min { (digits / $0 - 1).magnitude < (digits / $1 - 1).magnitude } ?? digits
    // By way of text, so that 1e-4 is the number that text gives.
    return Double("\(Int(nice))e\(exponent)") ?? nice
  }
}
