import KerasCore
import KerasGraph
import KerasModel

/// A named term added to the loss: `dense_1/kernel_regularizer`, `dense_1/activity_regularizer`.
struct Penalty {
  var name: String
  var value: Value
}

extension Regularizer {
  /// l1·Σ|x| + l2·Σx², or the orthogonality penalty of Keras 2.8 and later, as a scalar.
  func penalty(on x: Value, in graph: inout Graph) throws(GraphError) -> Value? {
    switch self {
    case .l1l2(let l1, let l2):
      var terms: [Value] = []
      // Factors pass through float32, as Keras casts them.
      if l1 != 0 { terms.append(try graph.times(try graph.total(.sum, try graph.unary(.absolute, x)), l1)) }
      if l2 != 0 { terms.append(try graph.times(try graph.total(.sum, try graph.unary(.square, x)), l2)) }
      guard let first = terms.first else { return nil }
      return terms.count == 2 ? try graph.plus(first, terms[1]) : first
    case .orthogonal(let factor, let mode):
      return try orthogonality(of: x, factor: factor, byRows: mode == "rows", in: &graph)
    }
  }

  /// factor·½·Σ|cos| over pairs of rows (or columns), divided by the number of pairs.
  private func orthogonality(
    of x: Value, factor: Double, byRows: Bool, in graph: inout Graph
  ) throws(GraphError) -> Value? {
    guard graph.shape(x).rank == 2, let count = graph.shape(x)[byRows ? 0 : 1], count > 1 else { return nil }
    let axis = byRows ? 1 : 0
    let square = try graph.unary(.square, x)
    let norm = try graph.apply(.reduce(.sum, axes: [axis], keepDimensions: true), square)
    let unit = try graph.times(x, try graph.unary(.reciprocalSquareRoot, try graph.maximum(norm, 1e-12)))
    let product = try graph.apply(.matmul(transposeA: !byRows, transposeB: byRows), unit, unit)
    let rows = try graph.apply(.iota(axis: 0), product)
    let columns = try graph.apply(.iota(axis: 1), product)
    let apart = try graph.float(try graph.apply(.compare(.notEqual), rows, columns))
    let sum = try graph.total(.sum, try graph.unary(.absolute, try graph.times(product, apart)))
    return try graph.times(sum, factor * 0.5 / (Double(count) * Double(count - 1) / 2))
  }
}
