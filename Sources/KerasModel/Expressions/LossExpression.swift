import KerasGraph

/// A loss or metric in Python's notation over `y_true` and `y_pred`, standing for a custom function of a file:
/// `1 - 2 * K.sum(y_true * y_pred) / (K.sum(y_true) + K.sum(y_pred) + 1)`.
public struct LossExpression: Sendable {
  public let text: String
  private let program: ExpressionProgram

  /// Throws what cannot be read, with the column.
  public init(_ text: String) throws(ExpressionError) {
    self.text = text
    program = try ExpressionProgram(parsing: text)
  }

  /// Adds the value, or the values of the samples, to a graph.
  ///
  /// Throws `.unsupported` for what has no meaning here, and the graph's errors for shapes that do not fit.
  public func values(truth: Value, prediction: Value, in graph: inout Graph) throws(ModelError) -> Value {
    var context = LoweringContext(isTraining: true)
    context.graph = graph
    var evaluation = ExpressionEvaluation(names: ["y_true": .tensor(truth), "y_pred": .tensor(prediction)])
    let result = try context.float(evaluation.evaluate(program, &context), for: "the loss '\(text)'")
    graph = context.graph
    return result
  }
}
