import Foundation
import KerasCore
import KerasGraph

private typealias Operand = CustomFunction.Operand

private func matrices(_ x: Operand) -> [SmallMatrix] {
  let (rows, columns) = (x.shape[x.shape.count - 2], x.shape[x.shape.count - 1])
  let size = rows * columns
  return (0..<(size == 0 ? 0 : x.values.count / size)).map {
    SmallMatrix(rows, columns, Array(x.values[$0 * size..<($0 + 1) * size]))
  }
}

/// The shape of a stack of matrices, of which the last two axes change.
private func stack(_ shape: Shape, square: Bool = false, _ last: (Int?, Int?) -> [Int?]) throws(GraphError) -> Shape {
  guard shape.rank >= 2 else { throw GraphError(.rank(op: "matrix", expected: "at least 2 axes", found: shape)) }
  let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
  if square, let rows, let columns, rows != columns {
    throw GraphError(.shapes(op: "matrix", reason: "it should be square", [shape]))
  }
  return Shape(Array(shape.dimensions.dropLast(2)) + last(rows, columns))
}

/// A function of one stack of matrices, each giving `values` of it.
private func each(
  _ name: String, square: Bool = false, _ last: @escaping @Sendable (Int?, Int?) -> [Int?],
  _ values: @escaping @Sendable (SmallMatrix) -> [Double],
  backward: (@Sendable (SmallMatrix, [Double], [Double]) -> SmallMatrix)? = nil
) -> CustomFunction {
  CustomFunction(
    name, shape: { try stack($0[0], square: square, last) }, forward: { matrices($0[0]).flatMap(values) },
    backward: backward.map { backward in
      { @Sendable operands, result, gradient in
        let all = matrices(operands[0])
        let size = all.isEmpty ? 0 : result.values.count / all.count
        return [
          all.enumerated().flatMap { index, matrix in
            let part = index * size..<(index + 1) * size
            return backward(matrix, Array(result.values[part]), Array(gradient.values[part])).values
          }
        ]
      }
    })
}

/// A function of pairs of matrices of two stacks.
private func pairs(
  _ name: String, _ last: @escaping @Sendable (Shape, Shape) -> [Int?],
  _ values: @escaping @Sendable (SmallMatrix, SmallMatrix) -> SmallMatrix,
  backward: (@Sendable (SmallMatrix, SmallMatrix, SmallMatrix) -> (SmallMatrix, SmallMatrix))? = nil
) -> CustomFunction {
  CustomFunction(
    name,
    shape: { shapes in
      guard shapes[0].rank == shapes[1].rank else {
        throw GraphError(.shapes(op: name, reason: "the stacks should have as many axes", shapes))
      }
      return try stack(shapes[0]) { _, _ in last(shapes[0], shapes[1]) }
    },
    forward: { operands in zip(matrices(operands[0]), matrices(operands[1])).flatMap { values($0, $1).values } },
    backward: backward.map { backward in
      { @Sendable operands, result, gradient in
        var (ofA, ofB): ([Double], [Double]) = ([], [])
        let all = zip(zip(matrices(operands[0]), matrices(result)), matrices(gradient))
        for ((a, x), g) in all {
          let (da, db) = backward(a, x, g)
          ofA += da.values
          ofB += db.values
        }
        return [ofA, ofB]
      }
    })
}

private func scaled(_ matrix: SmallMatrix, _ factor: Double) -> SmallMatrix {
  SmallMatrix(matrix.rows, matrix.columns, matrix.values.map { $0 * factor })
}

extension BackendFunction {
  static let inverse = each("inv", square: true, { [$0, $1] }, { $0.inverse.values }) { a, y, g in
    let back = SmallMatrix(a.rows, a.rows, y).transposed
    return scaled(back * SmallMatrix(a.rows, a.rows, g) * back, -1)
  }
  static let determinant = each("det", square: true, { _, _ in [] }, { [$0.determinant] }) { a, y, g in
    scaled(a.inverse.transposed, y[0] * g[0])
  }
  static let logDeterminant = each(
    "logdet", square: true, { _, _ in [] }, { [$0.logDeterminant.logarithm.reduce(0) { $0 + log($1) }] }
  ) { a, _, g in scaled(a.inverse.transposed, g[0]) }
  static let determinantSign = each("determinant's sign", square: true, { _, _ in [] }, { [$0.logDeterminant.sign] }) {
    a, _, _ in
    scaled(a, 0)
  }
  static let cholesky = each("cholesky", square: true, { [$0, $1] }, { $0.cholesky.values }) { a, y, g in
    let n = a.rows
    let lower = SmallMatrix(n, n, y)
    // L⁻ᵀ Φ(Lᵀ G) L⁻¹, with Φ the lower half and half the diagonal, made symmetric.
    var inner = lower.transposed * SmallMatrix(n, n, g)
    for row in 0..<n {
      for column in 0..<n { inner[row, column] *= row > column ? 1 : row == column ? 0.5 : 0 }
    }
    let back = lower.inverse
    let whole = back.transposed * inner * back
    var result = whole
    for row in 0..<n {
      for column in 0..<n { result[row, column] = 0.5 * (whole[row, column] + whole[column, row]) }
    }
    return result
  }
  static let reducedQ = each("qr", { [$0, least($0, $1)] }, { $0.qr(isComplete: false).q.values })
  static let reducedR = each("qr", { [least($0, $1), $1] }, { $0.qr(isComplete: false).r.values })
  static let completeQ = each("qr", { rows, _ in [rows, rows] }, { $0.qr(isComplete: true).q.values })
  static let completeR = each("qr", { [$0, $1] }, { $0.qr(isComplete: true).r.values })
  static let singularValues = each("svd", { [least($0, $1)] }, { $0.singular.values })
  static let pseudoinverse = each("pinv", { [$1, $0] }, { $0.pseudoinverse(limit: limit($0)).values })
  static let rank = each("matrix_rank", { _, _ in [] }) { matrix in
    let values = matrix.singular.values
    return [Double(values.count { $0 > limit(matrix) * (values.first ?? 0) })]
  }
  static let solution = pairs(
    "solve", { [$0.dimensions.last ?? nil, $1.dimensions.last ?? nil] }, { $0.solve($1) },
    backward: { a, x, g in
      let ofB = a.transposed.solve(g)
      return (scaled(ofB * x.transposed, -1), ofB)
    })
  static let lowerSolution = pairs(
    "solve_triangular", { [$0.dimensions.last ?? nil, $1.dimensions.last ?? nil] }, { $0.substituted($1, lower: true) },
    backward: { triangular($0, $1, $2, lower: true) })
  static let upperSolution = pairs(
    "solve_triangular", { [$0.dimensions.last ?? nil, $1.dimensions.last ?? nil] },
    { $0.substituted($1, lower: false) },
    backward: { triangular($0, $1, $2, lower: false) })
  static let leastSquares = pairs(
    "lstsq", { [$0.dimensions.last ?? nil, $1.dimensions.last ?? nil] }, { $0.pseudoinverse(limit: limit($0)) * $1 })

  /// The gradients of a triangular solution; the half of a that was not read has none.
  private static func triangular(
    _ a: SmallMatrix, _ x: SmallMatrix, _ g: SmallMatrix, lower: Bool
  ) -> (SmallMatrix, SmallMatrix) {
    let ofB = a.transposed.substituted(g, lower: !lower)
    var ofA = scaled(ofB * x.transposed, -1)
    for row in 0..<a.rows {
      for column in 0..<a.rows where lower ? column > row : column < row { ofA[row, column] = 0 }
    }
    return (ofA, ofB)
  }

  private static func least(_ a: Int?, _ b: Int?) -> Int? {
    guard let a, let b else { return nil }
    return min(a, b)
  }

  /// Below this share of the largest singular value float32 tells nothing from zero.
  private static func limit(_ matrix: SmallMatrix) -> Double {
    Double(max(matrix.rows, matrix.columns)) * Double(Float.ulpOfOne)
  }
}
