import KerasCore
import KerasGraph
import KerasModel

/// A metric's value for each sample (and time step); reported is their mean over everything seen.
protocol Metric: Sendable {
  var targetsAreIndices: Bool { get }

  /// Values in the shape of `prediction` without its last axis.
  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value
}

/// A loss reported as a metric.
struct LossMetric: Metric {
  let loss: any Loss
  var targetsAreIndices: Bool { loss.targetsAreIndices }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    try loss.values(truth: truth, prediction: prediction, semantics: semantics, in: &graph)
  }
}

/// The share of elements on the right side of the threshold.
struct BinaryAccuracy: Metric {
  var threshold = 0.5
  var targetsAreIndices: Bool { false }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let decided = try graph.float(try graph.apply(.compare(.greater), prediction, graph.scalar(threshold)))
    return try graph.lastAxis(.mean, try graph.float(try graph.apply(.compare(.equal), truth, decided)))
  }
}

/// Whether the largest prediction is where the largest target is, or at the named class.
struct CategoricalAccuracy: Metric {
  var targetsAreIndices: Bool

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let axis = graph.shape(prediction).rank - 1
    let chosen = try graph.apply(.argMax(axis: axis), prediction)
    let right =
      targetsAreIndices ? try graph.apply(.cast(.int32), truth) : try graph.apply(.argMax(axis: axis), truth)
    return try graph.float(try graph.apply(.compare(.equal), right, chosen))
  }
}

/// Whether fewer than k predictions are above the right class'.
struct TopKAccuracy: Metric {
  var count: Int
  var targetsAreIndices: Bool

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let axis = graph.shape(prediction).rank - 1
    let index = targetsAreIndices ? truth : try graph.apply(.argMax(axis: axis), truth)
    let chosen = try graph.oneHot(index, like: prediction)
    let score = try graph.lastAxis(.sum, try graph.times(chosen, prediction), keepDimensions: true)
    let above = try graph.float(try graph.apply(.compare(.greater), prediction, score))
    let rank = try graph.lastAxis(.sum, above)
    return try graph.float(try graph.apply(.compare(.less), rank, graph.scalar(Double(count))))
  }
}

/// The share of elements that are equal (the class `Accuracy`).
struct EqualityAccuracy: Metric {
  var targetsAreIndices: Bool { false }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    try graph.lastAxis(.mean, try graph.float(try graph.apply(.compare(.equal), truth, prediction)))
  }
}

/// The cosine of the angle between target and prediction: its sign is not the loss' from Keras 2.3 and tf.keras 1.13 on.
struct CosineMetric: Metric {
  let loss: CosineSimilarity
  var targetsAreIndices: Bool { false }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    guard !semantics.averagesMetricsByBatch else {
      return try loss.values(truth: truth, prediction: prediction, semantics: semantics, in: &graph)
    }
    return try loss.cosine(truth, prediction, in: &graph)
  }
}

/// |t − p| divided by a normalizer, nothing where that is 0.
struct MeanRelativeError: Metric {
  let normalizer: [Double]
  var targetsAreIndices: Bool { false }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let error = try graph.unary(.absolute, try graph.minus(truth, prediction))
    let divisor: TensorData
    do {
      divisor = try TensorData(
        shape: normalizer.count == 1 ? [] : [normalizer.count], floats: normalizer.map { Float($0) })
    } catch {
      throw GraphError(.unsupported(op: "MeanRelativeError", reason: "\(error)"))
    }
    return try graph.lastAxis(
      .mean, try graph.apply(.binary(.divideNoNaN), error, graph.addConstant(divisor)))
  }
}

/// A metric as a release understood it.
enum ResolvedMetric {
  case mean(any Metric)
  case streaming(any StreamingMetric)

  var takesIndices: Bool {
    switch self {
    case .mean(let metric): metric.targetsAreIndices
    case .streaming(let metric): metric.takesIndices
    }
  }
  var takesScores: Bool {
    switch self {
    case .mean(let metric): !metric.targetsAreIndices
    case .streaming(let metric): metric.takesScores
    }
  }
}
