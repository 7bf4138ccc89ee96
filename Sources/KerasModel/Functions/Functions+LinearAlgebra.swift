import Foundation
import KerasCore
import KerasGraph

extension BackendFunction {
  /// keras/src/ops/linalg.py and TensorFlow's `tf.linalg`, over the last two axes.
  static let linearAlgebra: Table = [
    ("inv", square(inverse)), ("det", square(determinant)), ("logdet", square(logDeterminant)),
    (
      "slogdet",
      BackendFunction("x") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let sign = try context.op(.custom(determinantSign), x)
        return .sequence([.tensor(sign), .tensor(try context.op(.custom(logDeterminant), x))])
      }
    ),
    (
      "cholesky",
      BackendFunction("x upper") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let lower = try context.op(.custom(cholesky), x)
        return .tensor(try arguments.bool("upper", default: false) ? transposed(lower, &context) : lower)
      }
    ),
    (
      "cholesky_inverse",
      BackendFunction("x upper") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let isUpper = try arguments.bool("upper", default: false)
        let other = try transposed(x, &context)
        let product = try context.op(
          .matmul(transposeA: false, transposeB: false), isUpper ? other : x, isUpper ? x : other)
        return .tensor(try context.op(.custom(inverse), product))
      }
    ),
    (
      "solve",
      BackendFunction("a b adjoint") { arguments, context throws(ModelError) in
        try solved(arguments, &context) { a, context throws(ModelError) in
          (solution, try arguments.bool("adjoint", default: false) ? transposed(a, &context) : a)
        }
      }
    ),
    (
      "solve_triangular",
      BackendFunction("a b lower adjoint") { arguments, context throws(ModelError) in
        let isLower = try arguments.bool("lower", default: false)
        return try solved(arguments, &context) { a, context throws(ModelError) in
          guard try arguments.bool("adjoint", default: false) else {
            return (isLower ? lowerSolution : upperSolution, a)
          }
          return (isLower ? upperSolution : lowerSolution, try transposed(a, &context))
        }
      }
    ),
    (
      "qr",
      BackendFunction("x mode full_matrices") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let isFull = try arguments.bool("full_matrices", default: false)
        let mode = try arguments.optionalString("mode") ?? "reduced"
        let isComplete = isFull || mode == "complete"
        return .sequence([
          .tensor(try context.op(.custom(isComplete ? completeQ : reducedQ), x)),
          .tensor(try context.op(.custom(isComplete ? completeR : reducedR), x)),
        ])
      }
    ),
    (
      "svd",
      BackendFunction("x full_matrices compute_uv") { arguments, context throws(ModelError) in
        guard try !arguments.bool("compute_uv", default: true) else {
          throw ModelError(.unsupported("\(arguments.function) with vectors, whose signs differ by library"))
        }
        return .tensor(try context.op(.custom(singularValues), arguments.float("x", &context)))
      }
    ),
    (
      "lstsq",
      BackendFunction("a b rcond") { arguments, context throws(ModelError) in
        try solved(arguments, &context) { a, context throws(ModelError) in (leastSquares, a) }
      }
    ),
    ("pinv", square(pseudoinverse)),
    (
      "matrix_rank",
      BackendFunction("x tol") { arguments, context throws(ModelError) in
        guard arguments["tol"].isNone else { throw arguments.unsupported("tol", "None") }
        let rank = try context.op(.custom(rank), arguments.float("x", &context))
        return .tensor(try context.cast(rank, to: .int32))
      }
    ),
  ]

  private static func square(_ function: CustomFunction) -> BackendFunction {
    .map("x rcond") { x, context throws(ModelError) in try context.op(.custom(function), x) }
  }

  private static func transposed(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    guard rank >= 2 else { throw ModelError(.inputShape(expected: "a matrix", found: context.shape(x))) }
    return try context.op(.transpose(Array(0..<rank - 2) + [rank - 1, rank - 2]), x)
  }

  /// Of a · x = b, where b is a matrix, or a vector for each a.
  private static func solved(
    _ arguments: FunctionArguments, _ context: inout LoweringContext,
    _ choose: (Value, inout LoweringContext) throws(ModelError) -> (CustomFunction, Value)
  ) throws(ModelError) -> CallValue {
    let a = try arguments.float("a", &context)
    var b = try arguments.float("b", &context)
    let isVector = context.shape(b).rank == context.shape(a).rank - 1
    if isVector { b = try context.op(.reshape(context.dimensions(of: b) + [.fixed(1)]), b) }
    let (function, matrix) = try choose(a, &context)
    let x = try context.op(.custom(function), matrix, b)
    guard isVector else { return .tensor(x) }
    return .tensor(try context.op(.reshape(context.dimensions(of: x).dropLast()), x))
  }
}
