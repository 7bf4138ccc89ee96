import KerasCore
import KerasGraph

/// How alike two images are, from their local means, variances and covariance (`_ssim` in keras/src/ops/image.py).
struct StructuralSimilarity: Sendable {
  var maximum = 1.0
  var size = 11
  var deviation = 1.5
  var k1 = 0.01
  var k2 = 0.03

  /// A number for each image of `(batch, rows, columns, channels)`; nothing is added around them.
  func mean(_ a: Value, _ b: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let bell = try context.bell(size, deviation: context.constant(Float(deviation)))
    func local(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
      try context.blurred(x, rows: bell, columns: bell, shape: [size, size], padding: .valid(2))
    }
    let (meanA, meanB) = (try local(a, &context), try local(b, &context))
    func covariance(
      _ x: Value, _ y: Value, _ meanX: Value, _ meanY: Value, _ context: inout LoweringContext
    ) throws(ModelError) -> Value {
      try context.f(
        .subtract, local(context.f(.multiply, x, y), &context), context.f(.multiply, meanX, meanY))
    }
    let c1 = Float((k1 * maximum) * (k1 * maximum))
    let c2 = Float((k2 * maximum) * (k2 * maximum))
    let product = try context.scaled(context.f(.multiply, meanA, meanB), by: 2)
    let common = try context.scaled(covariance(a, b, meanA, meanB, &context), by: 2)
    let numerator = try context.f(.multiply, context.shifted(product, by: c1), context.shifted(common, by: c2))
    let squares = try context.f(.add, context.f(.square, meanA), context.f(.square, meanB))
    let variances = try context.f(
      .add, covariance(a, a, meanA, meanA, &context), covariance(b, b, meanB, meanB, &context))
    let denominator = try context.f(.multiply, context.shifted(squares, by: c1), context.shifted(variances, by: c2))
    return try context.total(.mean, context.f(.divide, numerator, denominator), [1, 2, 3])
  }
}
