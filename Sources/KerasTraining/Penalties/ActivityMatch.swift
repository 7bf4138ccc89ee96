import KerasCore
import KerasGraph
import KerasModel

/// What a layer's l1 and l2 are to be multiplied by so that one release's loss equals another's.
public struct ActivityMatch: Sendable {
  public enum Outcome: Sendable, Hashable {
    /// Both l1 and l2 times this number.
    case factor(Double)
    /// No constant does it, and why.
    case refused(String)
  }

  /// The path of the regularized layer, or of the Bidirectional around it.
  public var layer: String
  public var regularizer: Regularizer
  public var outcome: Outcome
  /// The factor holds for batches of the size asked for only: an epoch's last, smaller batch differs.
  public var isOfFullBatches = false
}

extension ActivityMatch {
  /// The factors for a model's layers with which `reader` computes the penalties that `writer` does.
  ///
  /// `batchSize` is that of training. `shapes` are shapes of data by input, without which a model whose config leaves the
  /// number of steps open has none. Throws `TrainingError` if the model cannot be lowered.
  public static func factors(
    for network: Network, reader: TrainingSemantics, writer: TrainingSemantics, batchSize: Int,
    shapes: [String: [Int]] = [:]
  ) throws(TrainingError) -> [ActivityMatch] {
    let lowered = try modelStep { () throws(ModelError) in try network.lowered() }
    let sized = try [batchSize, 2 * batchSize].map { (size: Int) throws(TrainingError) in
      try Sized(lowered, batchSize: size, shapes: shapes)
    }
    func applications(_ semantics: TrainingSemantics) -> [String: [ActivityPenalties.Term]] {
      let penalties = ActivityPenalties(records: lowered.activities, semantics: semantics, batchReference: nil)
      return Dictionary(grouping: penalties.applications(), by: \.unit)
    }
    let (read, written) = (applications(reader), applications(writer))
    return ActivityGraph.layers(lowered.activities).compactMap { layer in
      guard let regularizer = lowered.activities.first(where: { $0.unit == layer })?.regularizer else { return nil }
      let (from, to) = (read[layer] ?? [], written[layer] ?? [])
      var match = ActivityMatch(
        layer: layer, regularizer: regularizer, outcome: sized[0].outcome(from, to, reader, writer))
      match.isOfFullBatches = match.outcome != sized[1].outcome(from, to, reader, writer)
      return match
    }
  }
}

/// A model's graph for one batch size.
private struct Sized {
  let graph: Graph
  let batchSize: Int

  init(_ lowered: LoweredModel, batchSize: Int, shapes: [String: [Int]]) throws(TrainingError) {
    var types: [String: TensorType] = [:]
    for name in lowered.inputNames {
      guard let value = lowered.graph.input(named: name) else { continue }
      var type = lowered.graph.type(value)
      if let shape = shapes[name], shape.count == type.shape.rank { type.shape = Shape(shape) }
      if type.shape.rank > 0 { type.shape[0] = batchSize }
      types[name] = type
    }
    graph = try graphStep { () throws(GraphError) in try lowered.graph.specialized(inputs: types) }
    self.batchSize = batchSize
  }

  func outcome(
    _ from: [ActivityPenalties.Term], _ to: [ActivityPenalties.Term], _ reader: TrainingSemantics,
    _ writer: TrainingSemantics
  ) -> ActivityMatch.Outcome {
    if to.isEmpty { return .factor(from.isEmpty ? 1 : 0) }
    if from.isEmpty { return .refused("\(reader.name) adds nothing for this layer, whatever its factors") }
    guard let read = coefficients(from), let written = coefficients(to) else {
      return .refused("the penalty is divided by the number of steps, which the config leaves open: --data tells it")
    }
    // Directions with regularizers of their own: the merged output has that of the first alone.
    let isOne = Set((from + to).map(\.regularizer)).count == 1
    guard isOne, Set(read.keys) == Set(written.keys) else { return .refused(difference(from, to, reader, writer)) }
    let ratios = read.compactMap { key, value in written[key].map { $0 / value } }
    guard let first = ratios.first, ratios.allSatisfy({ ($0 / first - 1).magnitude < 1e-9 }) else {
      return .refused("its applications are weighed differently by \(reader.name) and \(writer.name)")
    }
    // What is left of the divisions' rounding.
    return .factor((first - first.rounded()).magnitude < 1e-9 ? first.rounded() : first)
  }

  /// What each tensor's Σ|x| and Σx² are multiplied by; `nil` if that depends on an unknown size.
  private func coefficients(_ terms: [ActivityPenalties.Term]) -> [Value: Double]? {
    var result: [Value: Double] = [:]
    for term in terms {
      var coefficient = term.rule.factor
      switch term.rule.divisor {
      case .none: break
      case .batch: coefficient /= Double(batchSize)
      case .rows:
        guard let rows = graph.shape(term.tensor).dimensions.first ?? nil, rows > 0 else { return nil }
        coefficient /= Double(rows)
      }
      // A sum over elements does not see how they are arranged; an orthogonality does.
      let parts = if case .l1l2 = term.regularizer { parts(of: term.tensor) } else { [term.tensor] }
      for part in parts { result[part, default: 0] += coefficient }
    }
    return result
  }

  /// The tensors whose elements make up a value.
  private func parts(of value: Value) -> [Value] {
    let node = graph.nodes[value.node]
    return switch node.op {
    case .concatenate: node.operands.flatMap { parts(of: $0) }
    case .reshape, .transpose, .reverse: node.operands.first.map { parts(of: $0) } ?? [value]
    default: [value]
    }
  }

  private func difference(
    _ from: [ActivityPenalties.Term], _ to: [ActivityPenalties.Term], _ reader: TrainingSemantics,
    _ writer: TrainingSemantics
  ) -> String {
    func what(_ terms: [ActivityPenalties.Term]) -> String {
      switch terms.first?.rule.tensor {
      case .input: "the layer's inputs"
      case .merged: "the merged output of both directions"
      case _ where terms.count > 1 && terms[0].layer != terms[1].layer: "each direction's output"
      default: terms.count > 1 ? "each of its outputs" : "its outputs"
      }
    }
    return "\(writer.name) penalised \(what(to)), \(reader.name) penalises \(what(from))"
  }
}
