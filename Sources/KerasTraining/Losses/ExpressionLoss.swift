import KerasGraph
import KerasModel

/// A custom loss whose meaning a mapping gives.
struct ExpressionLoss: Loss {
  static let names: [String] = []
  private let expression: LossExpression?

  init(_ config: LossConfig) { expression = nil }

  init(_ expression: LossExpression) { self.expression = expression }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    guard let expression else { throw GraphError(.unsupported(op: "loss", reason: "it has no expression")) }
    do throws(ModelError) {
      return try expression.values(truth: truth, prediction: prediction, in: &graph)
    } catch {
      throw GraphError(.unsupported(op: "the loss '\(expression.text)'", reason: error.description))
    }
  }
}
