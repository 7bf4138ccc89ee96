import KerasCore
import KerasGraph
import KerasModel

/// Turns what layers asked for into what a release added to the loss.
///
/// Measured on the original releases from 0.3.3 to 3.15: Keras 2.0.3 to 2.1.3 penalised the inputs of layers inside a
/// model called as a layer, 1.2.0 to 2.0.2 nothing there; wrappers, divisors and exceptions as in `TrainingSemantics`.
struct ActivityPenalties {
  let records: [ActivityRecord]
  let semantics: TrainingSemantics
  /// A value whose axis 0 is the model's batch.
  let batchReference: Value?

  /// The terms, one per application of a layer, in the order of the layers.
  func terms(in graph: inout Graph) throws(GraphError) -> [Penalty] {
    var terms: [Penalty] = []
    var merged: Set<[Value]> = []
    for record in records where !semantics.activityIgnoredBy.contains(record.className) {
      if semantics.dropsSharedWrapperActivity, !record.wrappers.isEmpty, isShared(record) { continue }
      guard let rule = rule(for: record, alreadyMerged: &merged) else { continue }
      for tensor in rule.tensors {
        guard var value = try record.regularizer.penalty(on: tensor, in: &graph) else { continue }
        if semantics.activityReduction == .perSample {
          // Inside a TimeDistributed axis 0 is batch · time.
          let divided = rule.dividesByModelBatch ? batchReference ?? tensor : tensor
          value = try graph.quotient(value, try graph.apply(.dimension(axis: 0, .float32), divided))
        }
        if rule.factor != 1 { value = try graph.times(value, rule.factor) }
        terms.append(Penalty(name: record.layer + "/activity_regularizer", value: value))
      }
    }
    return terms
  }

  private struct Rule {
    var tensors: [Value]
    var factor = 1.0
    var dividesByModelBatch = false
  }

  private func rule(for record: ActivityRecord, alreadyMerged: inout Set<[Value]>) -> Rule? {
    let place = place(of: record)
    guard place != .dropped else { return nil }
    let tensors = place == .input ? record.inputs : record.outputs
    if record.wrappers.contains(.bidirectional) {
      switch semantics.bidirectionalActivity {
      case .dropped: return nil
      case .eachDirection: return Rule(tensors: tensors)
      case .merged:
        // Both directions report the same wrapper's output: it counts once.
        guard alreadyMerged.insert(record.wrapperOutputs).inserted else { return nil }
        return Rule(tensors: place == .input ? record.inputs : record.wrapperOutputs)
      }
    }
    guard record.wrappers.contains(.timeDistributed) else { return Rule(tensors: tensors) }
    // A layer of a model inside the wrapper has no wrapper's output noted.
    let isInWrappedModel = record.wrapperOutputs.isEmpty
    switch semantics.timeDistributedActivity {
    case .dropped:
      // Keras 3 drops a wrapped layer's penalty, and adds a wrapped model's at each step.
      guard isInWrappedModel, semantics.penalizesEvaluation else { return nil }
      return Rule(tensors: tensors, dividesByModelBatch: true)
    case .whole: return isInWrappedModel ? nil : Rule(tensors: tensors)
    case .doubledForFixedBatch:
      if isInWrappedModel { return nil }
      return Rule(tensors: tensors, factor: record.hasFixedBatch && record.nesting == 0 ? 2 : 1)
    case .perStep: return Rule(tensors: tensors, factor: isInWrappedModel ? 2 : 1)
    }
  }

  private func place(of record: ActivityRecord) -> TrainingSemantics.ActivityTensor {
    // A model inside a TimeDistributed is not one called as a layer.
    guard record.nesting > 0, record.wrappers.isEmpty || !record.wrapperOutputs.isEmpty else { return .output }
    return record.nestedFirstInSequential ? semantics.firstNestedActivity : semantics.nestedActivity
  }

  private func isShared(_ record: ActivityRecord) -> Bool {
    records.count { $0.layer == record.layer } > 1
  }
}
