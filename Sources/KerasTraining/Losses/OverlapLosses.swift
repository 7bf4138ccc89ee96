import KerasCore
import KerasGraph
import KerasModel

/// The axes a loss object's config sums over; every one if it names none.
private func summedAxes(_ config: LossConfig) -> [Int]? {
  let field = config.fields["axis"]
  if let axis = field?.intValue { return [axis] }
  return field?.arrayValue?.compactMap(\.intValue)
}

extension Graph {
  fileprivate mutating func sum(_ a: Value, over axes: [Int]?) throws(GraphError) -> Value {
    guard let axes else { return try total(.sum, a) }
    let rank = shape(a).rank
    return try apply(.reduce(.sum, axes: axes.map { $0 < 0 ? $0 + rank : $0 }, keepDimensions: false), a)
  }
}

/// 1 − 2Σtp / (Σt + Σp + ε), over everything or over `axis`.
struct Dice: Loss {
  static let names = ["dice", "Dice"]
  private let axes: [Int]?

  init(_ config: LossConfig) { axes = summedAxes(config) }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let common = try graph.sum(try graph.times(truth, prediction), over: axes)
    let both = try graph.plus(try graph.sum(truth, over: axes), try graph.sum(prediction, over: axes))
    let share = try graph.quotient(try graph.times(common, 2), try graph.plus(both, kerasEpsilon))
    return try graph.minus(1, share)
  }
}

/// 1 − Σtp / (Σtp + αΣ(1 − p)t + βΣp(1 − t) + ε): as Keras computes it, α weighs what was missed.
struct Tversky: Loss {
  static let names = ["tversky", "Tversky"]
  private let axes: [Int]?
  private let alpha: Double
  private let beta: Double

  init(_ config: LossConfig) {
    axes = summedAxes(config)
    alpha = config.double("alpha", default: 0.5)
    beta = config.double("beta", default: 0.5)
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let common = try graph.sum(try graph.times(truth, prediction), over: axes)
    let missed = try graph.sum(try graph.times(try graph.minus(1, prediction), truth), over: axes)
    let wrong = try graph.sum(try graph.times(prediction, try graph.minus(1, truth)), over: axes)
    let weighted = try graph.plus(try graph.times(missed, alpha), try graph.times(wrong, beta))
    let whole = try graph.plus(try graph.plus(common, weighted), kerasEpsilon)
    return try graph.minus(1, try graph.quotient(common, whole))
  }
}
