import KerasCore
import KerasGraph
import KerasModel

/// Binary crossentropy times (1 − p of the truth)^γ, with `apply_class_balancing` also times α or 1 − α.
struct BinaryFocalCrossentropy: Loss {
  static let names = ["binary_focal_crossentropy", "BinaryFocalCrossentropy"]
  private let isBalanced: Bool
  private let alpha: Double
  private let gamma: Double
  private let labelSmoothing: Double
  private let fromLogits: Bool

  init(_ config: LossConfig) {
    isBalanced = config.bool("apply_class_balancing")
    alpha = config.double("alpha", default: 0.25)
    gamma = config.double("gamma", default: 2)
    labelSmoothing = config.double("label_smoothing", default: 0)
    fromLogits = config.bool("from_logits")
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    var t = truth
    if labelSmoothing != 0 {
      t = try graph.plus(try graph.times(t, 1 - labelSmoothing), 0.5 * labelSmoothing)
    }
    let p = fromLogits ? try graph.unary(.sigmoid, prediction) : prediction
    let no = try graph.minus(1, t)
    let crossentropy = try graph.binaryCrossentropy(t, prediction, fromLogits: fromLogits, semantics)
    let right = try graph.plus(try graph.times(t, p), try graph.times(no, try graph.minus(1, p)))
    let focus = try graph.apply(.binary(.power), try graph.minus(1, right), graph.scalar(gamma))
    var focal = try graph.times(focus, crossentropy)
    if isBalanced {
      focal = try graph.times(
        focal, try graph.plus(try graph.times(t, alpha), try graph.times(no, 1 - alpha)))
    }
    return try graph.lastAxis(.mean, focal)
  }
}

/// Σ α·(1 − p)^γ·(−t·log p), p divided by its sum and clipped.
struct CategoricalFocalCrossentropy: Loss {
  static let names = ["categorical_focal_crossentropy", "CategoricalFocalCrossentropy"]
  private let alpha: Double
  private let gamma: Double
  private let labelSmoothing: Double
  private let fromLogits: Bool

  init(_ config: LossConfig) {
    alpha = config.double("alpha", default: 0.25)
    gamma = config.double("gamma", default: 2)
    labelSmoothing = config.double("label_smoothing", default: 0)
    fromLogits = config.bool("from_logits")
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let axis = graph.shape(prediction).rank - 1
    let t = try graph.smoothed(truth, labelSmoothing, like: prediction)
    let scores = fromLogits ? try graph.apply(.softmax(axis: axis), prediction) : prediction
    let share = try graph.quotient(scores, try graph.lastAxis(.sum, scores, keepDimensions: true))
    let p = try graph.clipped(share, kerasEpsilon, 1 - kerasEpsilon)
    let cost = try graph.unary(.negate, try graph.times(t, try graph.unary(.logarithm, p)))
    let focus = try graph.apply(.binary(.power), try graph.minus(1, p), graph.scalar(gamma))
    return try graph.lastAxis(.sum, try graph.times(try graph.times(focus, alpha), cost))
  }
}

/// (1 − p^q) / q for the probability p of the named class.
struct CategoricalGeneralizedCrossEntropy: Loss {
  static let names = ["categorical_generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy"]
  private let q: Double
  var targetsAreIndices: Bool { true }

  init(_ config: LossConfig) { q = config.double("q", default: 0.5) }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let chosen = try graph.oneHot(truth, like: prediction)
    let p = try graph.lastAxis(.sum, try graph.times(chosen, prediction))
    let power = try graph.apply(.binary(.power), p, graph.scalar(q))
    return try graph.times(try graph.minus(1, power), 1 / q)
  }
}
