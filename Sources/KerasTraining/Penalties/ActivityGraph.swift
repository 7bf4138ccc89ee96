import KerasCore
import KerasGraph
import KerasModel

/// A model's graph whose outputs are its activity penalties under several releases' meanings.
///
/// Layers run as in evaluation: without dropout, with moving statistics. No training configuration is needed.
public struct ActivityGraph: Sendable {
  public struct Term: Sendable {
    /// The path of the regularized layer, `encoder/dense_1`, or of the Bidirectional around it.
    public var layer: String
    /// Which output of the graph it is.
    public var output: Int
  }

  /// The model; its graph's outputs are the penalties, scalars of one batch, in place of the model's own.
  public let lowered: LoweredModel
  /// The terms of each meaning asked for, in the order of the layers; a layer applied several times has several.
  public let terms: [[Term]]
  /// Every layer with an activity regularizer, in order.
  public let layers: [String]

  /// Throws `TrainingError` if the model cannot be lowered.
  public init(_ network: Network, under meanings: [TrainingSemantics]) throws(TrainingError) {
    var lowered = try modelStep { () throws(ModelError) in try network.lowered() }
    var graph = lowered.graph
    graph.scope = ""
    var values: [Value] = []
    var terms: [[Term]] = []
    for semantics in meanings {
      let penalties = try graphStep { () throws(GraphError) in
        try ActivityPenalties(
          records: lowered.activities, semantics: semantics,
          batchReference: lowered.inputNames.first.flatMap { graph.input(named: $0) }
        ).scalars(in: &graph)
      }
      terms.append(penalties.enumerated().map { Term(layer: $1.term.unit, output: values.count + $0) })
      values += penalties.map(\.value)
    }
    graph.outputs = values
    lowered.graph = graph
    self.lowered = lowered
    self.terms = terms
    layers = Self.layers(lowered.activities)
  }

  static func layers(_ records: [ActivityRecord]) -> [String] {
    var layers: [String] = []
    for record in records where !layers.contains(record.unit) { layers.append(record.unit) }
    return layers
  }
}
