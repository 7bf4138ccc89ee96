import KerasCore
import KerasGraph
import KerasModel

/// A model's graph with its losses, penalties and metrics as scalars.
struct LossGraph {
  struct MetricTotal {
    enum Kind {
      /// Σ of the weighted values and Σ of the weights: their quotient over all batches is reported.
      case mean(sum: Value, weight: Value)
      case streaming(any StreamingMetric, MetricTap)
    }
    var name: String
    var kind: Kind
  }

  /// What the streaming metrics of an output take.
  struct Tap {
    var truth: Value
    var prediction: Value
    var mask: Value?
    var weights: Value?
  }

  private(set) var graph: Graph
  let inputNames: [String]
  /// Sizes that each step draws, which are inputs of the graph too.
  let randomSizes: [RandomSize]
  let parameters: [(name: String, spec: WeightSpec, trainable: Bool)]
  let updates: [VariableUpdate]
  let activities: [ActivityRecord]
  /// The graph input that takes an output's targets; `nil` for an output without loss or metric.
  private(set) var targetInputs: [String?] = []
  /// The graph input that takes an output's sample weights.
  private(set) var weightInputs: [String?] = []
  /// Each output's loss before its weight; `nil` without loss.
  private(set) var outputLosses: [Value?] = []
  /// Σ of the outputs' losses, each times its weight.
  private(set) var dataLoss: Value
  private(set) var penalties: [Penalty] = []
  /// `dataLoss` and all penalties.
  private(set) var total: Value
  private(set) var metrics: [MetricTotal] = []
  private(set) var taps: [(key: MetricTap, values: Tap)] = []
  let meansByBatch: Bool

  init(
    _ forward: ForwardGraph, compile: CompileConfiguration, semantics: TrainingSemantics, usesSampleWeights: Bool,
    weightRanks: [Int] = [], addsPenalties: Bool
  ) throws(TrainingError) {
    meansByBatch = semantics.averagesMetricsByBatch
    graph = forward.graph
    graph.scope = ""
    inputNames = forward.inputNames
    parameters = forward.parameters
    randomSizes = forward.randomSizes
    updates = forward.updates
    activities = forward.activities
    dataLoss = graph.scalar(0)
    total = dataLoss
    var terms: [Value] = []
    for (index, output) in compile.outputs.enumerated() {
      let weightRank = weightRanks.indices.contains(index) ? weightRanks[index] : 1
      let term = try addOutput(
        index, output, forward, semantics, weightRank: usesSampleWeights ? weightRank : nil)
      if let term { terms.append(term) }
    }
    dataLoss = try sum(terms)
    if addsPenalties {
      penalties = try graphStep { () throws(GraphError) in
        try Self.weightPenalties(forward.parameters, semantics, in: &graph)
          + ActivityPenalties(
            records: forward.activities, semantics: semantics,
            batchReference: forward.inputNames.first.flatMap { graph.input(named: $0) }
          ).terms(in: &graph)
      }
    }
    total = try sum([dataLoss] + penalties.map(\.value))
  }

  private mutating func sum(_ terms: [Value]) throws(TrainingError) -> Value {
    guard var result = terms.first else { return graph.scalar(0) }
    for term in terms.dropFirst() {
      let left = result
      result = try graphStep { () throws(GraphError) in try graph.plus(left, term) }
    }
    return result
  }

  /// Adds one output's loss and metrics and gives its weighted loss.
  private mutating func addOutput(
    _ index: Int, _ output: CompileConfiguration.Output, _ forward: ForwardGraph, _ semantics: TrainingSemantics,
    weightRank: Int?
  ) throws(TrainingError) -> Value? {
    let prediction = forward.outputs[index]
    let shape = graph.shape(prediction)
    var resolved: [(request: CompileConfiguration.MetricRequest, metric: ResolvedMetric)] = []
    for request in output.metrics {
      let metric = try MetricRegistry.metric(
        request, lastDimension: shape.dimensions.last ?? nil, loss: output.loss, semantics: semantics)
      resolved.append((request, metric))
    }
    guard output.loss != nil || !resolved.isEmpty else {
      targetInputs.append(nil)
      weightInputs.append(nil)
      outputLosses.append(nil)
      return nil
    }
    let hasIndices = output.loss?.targetsAreIndices ?? resolved.contains { !$0.metric.takesScores }
    let targetShape =
      output.loss?.targetShape(for: shape) ?? (hasIndices ? Shape(Array(shape.dimensions.dropLast())) : shape)
    let targetName = "target/\(index)"
    let truth = graph.addInput(targetName, TensorType(.float32, targetShape))
    targetInputs.append(targetName)
    var weights: Value?
    if let weightRank {
      let name = "sample_weight/\(index)"
      weights = graph.addInput(name, TensorType(.float32, Shape(Array(shape.dimensions.prefix(weightRank)))))
      weightInputs.append(name)
    } else {
      weightInputs.append(nil)
    }
    let mask = forward.outputMasks[index]
    let several = forward.outputs.count > 1
    for (request, metric) in resolved {
      guard hasIndices ? metric.takesIndices : metric.takesScores else {
        throw .unsupported(
          field: "metrics", reason: "'\(request.name)' takes other targets than the loss '\(output.lossName)'")
      }
      let name = (several ? forward.outputNames[index] + "_" : "") + request.reportedName
      switch metric {
      case .mean(let metric):
        try addMetric(name, metric, truth, prediction, mask, request.isWeighted ? weights : nil, semantics)
      case .streaming(let metric):
        let key = MetricTap(output: index, isWeighted: request.isWeighted && weights != nil)
        metrics.append(MetricTotal(name: name, kind: .streaming(metric, key)))
        guard !taps.contains(where: { $0.key == key }) else { continue }
        let seen = try graphStep { () throws(GraphError) in
          // Values of their own, for an output that is an input would be that input's memory.
          Tap(
            truth: try graph.plus(truth, 0), prediction: try graph.plus(prediction, 0),
            mask: semantics.masksAllMetrics ? try mask.map { value throws(GraphError) in try graph.float(value) } : nil,
            weights: key.isWeighted ? try weights.map { value throws(GraphError) in try graph.plus(value, 0) } : nil)
        }
        taps.append((key, seen))
      }
    }
    guard let loss = output.loss else {
      outputLosses.append(nil)
      return nil
    }
    return try graphStep { () throws(GraphError) in
      let values = try loss.values(truth: truth, prediction: prediction, semantics: semantics, in: &graph)
      var counted = mask
      if let own = try loss.mask(truth: truth, values: values, semantics: semantics, in: &graph) {
        counted =
          try counted.map { value throws(GraphError) in try graph.apply(.binary(.logicalAnd), value, own) } ?? own
      }
      let reduced = try output.reduction.reduce(
        values, mask: counted, weights: weights, semantics: semantics, in: &graph)
      outputLosses.append(reduced)
      return output.weight == 1 ? reduced : try graph.times(reduced, output.weight)
    }
  }

  private mutating func addMetric(
    _ name: String, _ metric: any Metric, _ truth: Value, _ prediction: Value, _ mask: Value?, _ weights: Value?,
    _ semantics: TrainingSemantics
  ) throws(TrainingError) {
    let entry = try graphStep { () throws(GraphError) in
      var values = try metric.values(truth: truth, prediction: prediction, semantics: semantics, in: &graph)
      let rank = graph.shape(values).rank
      var counted = try graph.plus(try graph.times(values, 0), 1)
      for factor in [try mask.map { value throws(GraphError) in try graph.float(value) }, weights] {
        guard let factor else { continue }
        let wide = try graph.withTrailingAxes(factor, rank: rank)
        values = try graph.times(values, wide)
        counted = try graph.times(counted, wide)
      }
      return MetricTotal(
        name: name, kind: .mean(sum: try graph.total(.sum, values), weight: try graph.total(.sum, counted)))
    }
    metrics.append(entry)
  }

  /// One term per regularized variable; a variable shared between calls counts once.
  static func weightPenalties(
    _ parameters: [(name: String, spec: WeightSpec, trainable: Bool)], _ semantics: TrainingSemantics,
    in graph: inout Graph
  ) throws(GraphError) -> [Penalty] {
    var penalties: [Penalty] = []
    for parameter in parameters where parameter.trainable || semantics.penalizesFrozenWeights {
      guard let regularizer = parameter.spec.regularizer, let value = graph.parameter(named: parameter.name) else {
        continue
      }
      if let term = try regularizer.penalty(on: value, in: &graph) {
        penalties.append(Penalty(name: parameter.name + "_regularizer", value: term))
      }
    }
    return penalties
  }

  /// Adds the gradients of the total in the trainable variables it depends on.
  mutating func addGradients() throws(TrainingError) -> [(name: String, spec: WeightSpec, gradient: Value)] {
    var trained: [(name: String, spec: WeightSpec, value: Value)] = []
    for parameter in parameters where parameter.trainable {
      if let value = graph.parameter(named: parameter.name) { trained.append((parameter.name, parameter.spec, value)) }
    }
    let gradients = try graphStep { () throws(GraphError) in
      try graph.gradients(of: total, with: trained.map(\.value))
    }
    return zip(trained, gradients).compactMap { entry, gradient in
      gradient.map { (entry.name, entry.spec, $0) }
    }
  }

  mutating func setOutputs(_ values: [Value]) { graph.outputs = values }
}
