import KerasCore
import KerasGraph
import KerasModel

struct MeanSquaredError: Loss {
  static let names = ["mean_squared_error", "mse", "MeanSquaredError"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    try graph.lastAxis(.mean, try graph.unary(.square, try graph.minus(prediction, truth)))
  }
}

struct MeanAbsoluteError: Loss {
  static let names = ["mean_absolute_error", "mae", "MeanAbsoluteError"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    try graph.lastAxis(.mean, try graph.unary(.absolute, try graph.minus(prediction, truth)))
  }
}

/// 100·mean|(t − p) / max(|t|, ε)|.
struct MeanAbsolutePercentageError: Loss {
  static let names = ["mean_absolute_percentage_error", "mape", "MeanAbsolutePercentageError"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let size = try graph.maximum(try graph.unary(.absolute, truth), kerasEpsilon)
    let relative = try graph.quotient(try graph.minus(truth, prediction), size)
    return try graph.times(try graph.lastAxis(.mean, try graph.unary(.absolute, relative)), 100)
  }
}

/// mean(log(max(t, ε) + 1) − log(max(p, ε) + 1))².
struct MeanSquaredLogarithmicError: Loss {
  static let names = ["mean_squared_logarithmic_error", "msle", "MeanSquaredLogarithmicError"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let first = try graph.unary(.logarithm, try graph.plus(try graph.maximum(prediction, kerasEpsilon), 1))
    let second = try graph.unary(.logarithm, try graph.plus(try graph.maximum(truth, kerasEpsilon), 1))
    return try graph.lastAxis(.mean, try graph.unary(.square, try graph.minus(first, second)))
  }
}

/// mean(e + softplus(−2e) − log 2), which is log(cosh e).
struct LogCosh: Loss {
  static let names = ["log_cosh", "logcosh", "LogCosh", "LogCoshError"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let error = try graph.minus(prediction, truth)
    let tail = try graph.unary(.softplus, try graph.times(error, -2))
    return try graph.lastAxis(.mean, try graph.plus(try graph.plus(error, tail), -0.693_147_180_559_945_3))
  }
}

/// ½e² up to |e| = δ, then linear; the mean over the last axis.
struct Huber: Loss {
  static let names = ["huber", "huber_loss", "Huber"]
  let delta: Double
  init(_ config: LossConfig) { delta = config.double("delta", default: 1) }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let error = try graph.minus(prediction, truth)
    let size = try graph.unary(.absolute, error)
    let small = try graph.times(try graph.unary(.square, error), 0.5)
    let large = try graph.plus(try graph.times(size, delta), -0.5 * delta * delta)
    let isSmall = try graph.apply(.compare(.lessOrEqual), size, graph.scalar(delta))
    return try graph.lastAxis(.mean, try graph.apply(.select, isSmall, small, large))
  }
}

/// mean(p − t·log(p + ε)).
struct Poisson: Loss {
  static let names = ["poisson", "poisson_loss", "Poisson"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let logarithm = try graph.unary(.logarithm, try graph.plus(prediction, kerasEpsilon))
    return try graph.lastAxis(.mean, try graph.minus(prediction, try graph.times(truth, logarithm)))
  }
}

/// Σ t·log(t / p), both clipped to [ε, 1].
struct KLDivergence: Loss {
  static let names = ["kl_divergence", "kld", "kullback_leibler_divergence", "KLDivergence"]
  init(_ config: LossConfig) {}

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let t = try graph.clipped(truth, kerasEpsilon, 1)
    let p = try graph.clipped(prediction, kerasEpsilon, 1)
    let ratio = try graph.unary(.logarithm, try graph.quotient(t, p))
    return try graph.lastAxis(.sum, try graph.times(t, ratio))
  }
}

/// The cosine of the angle between target and prediction along an axis, in the sign and scale of the release.
struct CosineSimilarity: Loss {
  static let names = ["cosine_similarity", "cosine_proximity", "cosine", "CosineSimilarity", "CosineProximity"]
  private let axis: Int?

  init(_ config: LossConfig) { axis = config.axis }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    switch semantics.cosineForm {
    case .negativeMean:
      let product = try graph.times(try normalized(truth, in: &graph), try normalized(prediction, in: &graph))
      return try graph.unary(.negate, try graph.along(axis, .mean, product))
    case .negativeSum: return try graph.unary(.negate, try cosine(truth, prediction, in: &graph))
    case .positiveSum: return try cosine(truth, prediction, in: &graph)
    }
  }

  /// Σ of the products of the normalized vectors.
  func cosine(_ truth: Value, _ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let product = try graph.times(try normalized(truth, in: &graph), try normalized(prediction, in: &graph))
    return try graph.along(axis, .sum, product)
  }

  /// TensorFlow's `l2_normalize`, whose ε is 1e-12 on the square.
  private func normalized(_ x: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let square = try graph.along(axis, .sum, try graph.unary(.square, x), keepDimensions: true)
    return try graph.times(x, try graph.unary(.reciprocalSquareRoot, try graph.maximum(square, 1e-12)))
  }
}

extension Graph {
  /// Over an axis, the last if it is `nil`.
  mutating func along(
    _ axis: Int?, _ reduction: Reduction, _ a: Value, keepDimensions: Bool = false
  ) throws(GraphError) -> Value {
    let rank = shape(a).rank
    guard let axis, rank > 0 else { return try lastAxis(reduction, a, keepDimensions: keepDimensions) }
    let place = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(place) else {
      throw GraphError(.unsupported(op: "loss", reason: "the axis \(axis) of \(shape(a))"))
    }
    return try apply(.reduce(reduction, axes: [place], keepDimensions: keepDimensions), a)
  }

  /// The value with that axis last.
  mutating func withLast(_ axis: Int?, _ a: Value) throws(GraphError) -> Value {
    let rank = shape(a).rank
    guard let axis, rank > 0 else { return a }
    let place = axis < 0 ? axis + rank : axis
    guard (0..<rank).contains(place) else {
      throw GraphError(.unsupported(op: "loss", reason: "the axis \(axis) of \(shape(a))"))
    }
    guard place != rank - 1 else { return a }
    return try apply(.transpose((0..<rank).filter { $0 != place } + [place]), a)
  }
}
