import KerasCore
import KerasGraph
import KerasModel

/// max(1 − t·p, 0).
private func margin(
  _ truth: Value, _ prediction: Value, _ semantics: TrainingSemantics, in graph: inout Graph
) throws(GraphError) -> Value {
  let truth = semantics.hingeConvertsBinaryTargets ? try signed(truth, in: &graph) : truth
  return try graph.maximum(try graph.minus(1, try graph.times(truth, prediction)), 0)
}

/// 2t − 1 if every target is 0 or 1, else t (tf.keras 1.14 and later, Keras 3).
private func signed(_ truth: Value, in graph: inout Graph) throws(GraphError) -> Value {
  let isZero = try graph.apply(.compare(.equal), truth, graph.scalar(0))
  let isOne = try graph.apply(.compare(.equal), truth, graph.scalar(1))
  let isBinary = try graph.total(.all, try graph.apply(.binary(.logicalOr), isZero, isOne))
  return try graph.apply(.select, isBinary, try graph.plus(try graph.times(truth, 2), -1), truth)
}

struct Hinge: Loss {
  static let names = ["hinge", "Hinge"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    try graph.lastAxis(.mean, try margin(truth, prediction, semantics, in: &graph))
  }
}

struct SquaredHinge: Loss {
  static let names = ["squared_hinge", "SquaredHinge"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    try graph.lastAxis(.mean, try graph.unary(.square, try margin(truth, prediction, semantics, in: &graph)))
  }
}

/// max(0, max((1 − t)·p) − Σ t·p + 1).
struct CategoricalHinge: Loss {
  static let names = ["categorical_hinge", "CategoricalHinge"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let positive = try graph.lastAxis(.sum, try graph.times(truth, prediction))
    let negative = try graph.lastAxis(.maximum, try graph.times(try graph.minus(1, truth), prediction))
    return try graph.maximum(try graph.plus(try graph.minus(negative, positive), 1), 0)
  }
}
