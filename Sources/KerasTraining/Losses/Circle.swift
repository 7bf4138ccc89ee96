import KerasCore
import KerasGraph
import KerasModel

/// Circle loss of Keras 3.9 and later: similar classes' embeddings together, others apart; predictions are normalized.
///
/// Of every pair d = max(1 − p·pᵀ, 0): softplus(log Σ exp(−γ·max(m + d, 0)·(m − d)) over pairs of one class
/// + log Σ exp(γ·max(1 + m − d, 0)·(1 − m − d)) over the others); samples whose loss is 0 do not count.
struct Circle: Loss {
  static let names = ["circle", "Circle"]
  private let gamma: Double
  private let margin: Double
  private let removesDiagonal: Bool
  var targetsAreIndices: Bool { true }

  init(_ config: LossConfig) {
    gamma = config.double("gamma", default: 80)
    margin = config.double("margin", default: 0.4)
    removesDiagonal = config.fields["remove_diagonal"]?.boolValue ?? true
  }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let similarity = try graph.apply(.matmul(transposeA: false, transposeB: true), prediction, prediction)
    let distance = try graph.maximum(try graph.minus(1, similarity), 0)
    let row = try graph.apply(.reshape([.ofOperand(0, axis: 0), .fixed(1)]), truth)
    let column = try graph.apply(.reshape([.fixed(1), .ofOperand(0, axis: 0)]), truth)
    var isSame = try graph.apply(.compare(.equal), row, column)
    let isOther = try graph.apply(.unary(.logicalNot), isSame)
    if removesDiagonal {
      let isOff = try graph.apply(
        .compare(.notEqual), try graph.apply(.iota(axis: 0), similarity), try graph.apply(.iota(axis: 1), similarity))
      isSame = try graph.apply(.binary(.logicalAnd), isSame, isOff)
    }
    let near = try graph.maximum(try graph.plus(distance, margin), 0)
    let nearCost = try graph.times(try graph.times(near, try graph.minus(margin, distance)), -gamma)
    let far = try graph.maximum(try graph.minus(1 + margin, distance), 0)
    let farCost = try graph.times(try graph.times(far, try graph.minus(1 - margin, distance)), gamma)
    let both = try graph.plus(
      try logSum(nearCost, where: isSame, in: &graph), try logSum(farCost, where: isOther, in: &graph))
    return try graph.unary(.softplus, both)
  }

  func mask(
    truth: Value, values: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value? { try graph.apply(.compare(.greater), values, graph.scalar(0)) }

  /// log Σ exp over a row's chosen elements; far below anything for a row without one, so that its loss is 0.
  private func logSum(_ values: Value, where chosen: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let kept = try graph.apply(.select, chosen, values, try graph.plus(try graph.times(values, 0), -1e30))
    let largest = try graph.apply(.stopGradient, try graph.lastAxis(.maximum, kept, keepDimensions: true))
    let sum = try graph.lastAxis(.sum, try graph.unary(.exponential, try graph.minus(kept, largest)))
    return try graph.plus(try graph.unary(.logarithm, sum), try graph.lastAxis(.sum, largest))
  }
}
