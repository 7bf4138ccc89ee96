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
          value = try graph.quotient(value, try sampleCount(of: tensor, rule, in: &graph))
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
    /// Axis 1 counts as samples too.
    var countsSteps = false
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
    if record.wrappers.contains(.timeDistributed) {
      switch semantics.timeDistributedActivity {
      case .dropped: return nil
      case .whole: return Rule(tensors: tensors)
      case .doubledForFixedBatch:
        return Rule(tensors: tensors, factor: record.hasFixedBatch && record.nesting == 0 ? 2 : 1)
      case .perStep: return Rule(tensors: tensors, countsSteps: true)
      }
    }
    return Rule(tensors: tensors)
  }

  private func place(of record: ActivityRecord) -> TrainingSemantics.ActivityTensor {
    guard record.nesting > 0 else { return .output }
    return record.nestedFirstInSequential ? semantics.firstNestedActivity : semantics.nestedActivity
  }

  private func isShared(_ record: ActivityRecord) -> Bool {
    records.count { $0.layer == record.layer } > 1
  }

  private func sampleCount(of tensor: Value, _ rule: Rule, in graph: inout Graph) throws(GraphError) -> Value {
    let batch = try graph.apply(.dimension(axis: 0, .float32), tensor)
    guard rule.countsSteps, graph.shape(tensor).rank > 2 else { return batch }
    return try graph.times(batch, try graph.apply(.dimension(axis: 1, .float32), tensor))
  }
}
