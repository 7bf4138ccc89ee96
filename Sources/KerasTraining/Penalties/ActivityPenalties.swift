import KerasCore
import KerasGraph
import KerasModel

/// Turns what layers asked for into what a release added to the loss; `TrainingSemantics.activityRule` decides.
struct ActivityPenalties {
  /// One application's penalty on one tensor.
  struct Term {
    var layer: String
    /// What can be penalised by itself in every release: the layer, or the Bidirectional with both its directions.
    var unit: String
    var regularizer: Regularizer
    var tensor: Value
    var rule: ActivityRule
  }

  let records: [ActivityRecord]
  let semantics: TrainingSemantics
  /// A value whose axis 0 is the model's batch.
  let batchReference: Value?

  /// What is penalised and how, in the order of the layers.
  func applications() -> [Term] {
    var terms: [Term] = []
    var merged: Set<[Value]> = []
    for record in records {
      let isShared = records.count { $0.layer == record.layer } > 1
      guard let rule = semantics.activityRule(at: record.place(isShared: isShared)) else { continue }
      // Both directions report the same wrapper's output: it counts once.
      if record.wrappers.contains(.bidirectional), semantics.bidirectionalActivity == .merged,
        !merged.insert(record.wrapperOutputs).inserted
      {
        continue
      }
      let tensors =
        switch rule.tensor {
        case .output: record.outputs
        case .input: record.inputs
        case .merged: record.wrapperOutputs
        }
      for tensor in tensors {
        terms.append(
          Term(layer: record.layer, unit: record.unit, regularizer: record.regularizer, tensor: tensor, rule: rule))
      }
    }
    return terms
  }

  /// The terms as scalars, one per application of a layer.
  func terms(in graph: inout Graph) throws(GraphError) -> [Penalty] {
    try scalars(in: &graph).map { Penalty(name: $0.term.layer + "/activity_regularizer", value: $0.value) }
  }

  /// The same beside what they are of.
  func scalars(in graph: inout Graph) throws(GraphError) -> [(term: Term, value: Value)] {
    var terms: [(term: Term, value: Value)] = []
    for term in applications() {
      guard var value = try term.regularizer.penalty(on: term.tensor, in: &graph) else { continue }
      switch term.rule.divisor {
      case .none: break
      case .rows: value = try graph.quotient(value, try graph.apply(.dimension(axis: 0, .float32), term.tensor))
      case .batch:
        let reference = batchReference ?? term.tensor
        value = try graph.quotient(value, try graph.apply(.dimension(axis: 0, .float32), reference))
      }
      if term.rule.factor != 1 { value = try graph.times(value, term.rule.factor) }
      terms.append((term, value))
    }
    return terms
  }
}

extension ActivityRecord {
  /// The layer's path, or that of the Bidirectional whose direction it is.
  var unit: String {
    guard wrappers.last == .bidirectional, let slash = layer.lastIndex(of: "/") else { return layer }
    return String(layer[..<slash])
  }
}
