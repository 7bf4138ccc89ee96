/// A matrix of doubles in C order, for the decompositions that no op of the graph makes.
struct SmallMatrix {
  var rows: Int
  var columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ values: [Double]) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  init(_ rows: Int, _ columns: Int) { self.init(rows, columns, [Double](repeating: 0, count: rows * columns)) }

  static func identity(_ size: Int) -> SmallMatrix {
    var result = SmallMatrix(size, size)
    for index in 0..<size { result[index, index] = 1 }
    return result
  }

  subscript(_ row: Int, _ column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  var transposed: SmallMatrix {
    var result = SmallMatrix(columns, rows)
    for row in 0..<rows { for column in 0..<columns { result[column, row] = self[row, column] } }
    return result
  }

  static func * (a: SmallMatrix, b: SmallMatrix) -> SmallMatrix {
    var result = SmallMatrix(a.rows, b.columns)
    for row in 0..<a.rows {
      for inner in 0..<a.columns {
        let factor = a[row, inner]
        for column in 0..<b.columns { result[row, column] += factor * b[inner, column] }
      }
    }
    return result
  }

  // MARK: Elimination

  /// Gauss' elimination with row exchanges: what remains above the diagonal, `rhs` carried along, the exchanges' sign.
  private func eliminated(_ rhs: SmallMatrix) -> (upper: SmallMatrix, rhs: SmallMatrix, sign: Double) {
    var (a, b, sign) = (self, rhs, 1.0)
    for pivot in 0..<rows {
      var best = pivot
      for row in pivot..<rows where abs(a[row, pivot]) > abs(a[best, pivot]) { best = row }
      if best != pivot {
        sign = -sign
        for column in 0..<columns { (a[pivot, column], a[best, column]) = (a[best, column], a[pivot, column]) }
        for column in 0..<b.columns { (b[pivot, column], b[best, column]) = (b[best, column], b[pivot, column]) }
      }
      guard a[pivot, pivot] != 0 else { continue }
      for row in (pivot + 1)..<max(rows, pivot + 1) {
        let factor = a[row, pivot] / a[pivot, pivot]
        guard factor != 0 else { continue }
        for column in pivot..<columns { a[row, column] -= factor * a[pivot, column] }
        for column in 0..<b.columns { b[row, column] -= factor * b[pivot, column] }
      }
    }
    return (a, b, sign)
  }

  /// x with self · x = rhs; infinite or not a number where there is none.
  func solve(_ rhs: SmallMatrix) -> SmallMatrix {
    let (upper, right, _) = eliminated(rhs)
    return upper.substituted(right, lower: false)
  }

  /// As `solve`, of a triangular matrix of which the other half is not read.
  func substituted(_ rhs: SmallMatrix, lower: Bool) -> SmallMatrix {
    var x = rhs
    for step in 0..<rows {
      let row = lower ? step : rows - 1 - step
      let known = lower ? 0..<row : (row + 1)..<rows
      for column in 0..<x.columns {
        var value = x[row, column]
        for inner in known { value -= self[row, inner] * x[inner, column] }
        x[row, column] = value / self[row, row]
      }
    }
    return x
  }

  var inverse: SmallMatrix { solve(.identity(rows)) }

  /// The determinant's sign, and the logarithm of its size.
  var logDeterminant: (sign: Double, logarithm: [Double]) {
    let (upper, _, sign) = eliminated(SmallMatrix(rows, 0))
    let diagonal = (0..<rows).map { upper[$0, $0] }
    return (diagonal.reduce(sign) { $0 * ($1 < 0 ? -1 : $1 > 0 ? 1 : 0) }, diagonal.map { abs($0) })
  }

  var determinant: Double {
    let (sign, sizes) = logDeterminant
    return sizes.reduce(sign, *)
  }

  /// L with L · Lᵀ = self, of which the lower half is read; not a number if there is none.
  var cholesky: SmallMatrix {
    var result = SmallMatrix(rows, rows)
    for row in 0..<rows {
      for column in 0...row {
        var value = self[row, column]
        for inner in 0..<column { value -= result[row, inner] * result[column, inner] }
        result[row, column] = row == column ? value.squareRoot() : value / result[column, column]
      }
    }
    return result
  }

  // MARK: Orthogonal factors

  /// Q and R by Householder's reflections, with LAPACK's signs.
  func qr(isComplete: Bool) -> (q: SmallMatrix, r: SmallMatrix) {
    var (r, q) = (self, SmallMatrix.identity(rows))
    for step in 0..<min(rows - 1, columns) {
      var norm = 0.0
      for row in step..<rows { norm += r[row, step] * r[row, step] }
      norm = norm.squareRoot()
      guard norm > 0 else { continue }
      var v = (0..<rows).map { $0 < step ? 0 : r[$0, step] }
      v[step] += v[step] >= 0 ? norm : -norm
      let size = v.reduce(0) { $0 + $1 * $1 }
      for column in 0..<columns {
        let share = 2 / size * (step..<rows).reduce(0) { $0 + v[$1] * r[$1, column] }
        for row in step..<rows { r[row, column] -= share * v[row] }
      }
      for row in 0..<rows {
        let share = 2 / size * (step..<rows).reduce(0) { $0 + v[$1] * q[row, $1] }
        for column in step..<rows { q[row, column] -= share * v[column] }
      }
    }
    let kept = isComplete ? rows : min(rows, columns)
    return (
      SmallMatrix(rows, kept, (0..<rows).flatMap { row in (0..<kept).map { q[row, $0] } }),
      SmallMatrix(kept, columns, (0..<kept).flatMap { row in (0..<columns).map { $0 < row ? 0 : r[row, $0] } })
    )
  }

  /// U, the singular values from the largest on, and V, by Jacobi's rotations of the columns.
  var singular: (u: SmallMatrix, values: [Double], v: SmallMatrix) {
    if rows < columns {
      let (u, values, v) = transposed.singular
      return (v, values, u)
    }
    var (a, v) = (self, SmallMatrix.identity(columns))
    for _ in 0..<60 {
      var isDone = true
      for p in 0..<columns {
        for q in (p + 1)..<max(columns, p + 1) {
          var (pp, qq, pq) = (0.0, 0.0, 0.0)
          for row in 0..<rows {
            pp += a[row, p] * a[row, p]
            qq += a[row, q] * a[row, q]
            pq += a[row, p] * a[row, q]
          }
          guard abs(pq) > 1e-15 * (pp * qq).squareRoot(), pq != 0 else { continue }
          isDone = false
          let zeta = (qq - pp) / (2 * pq)
          let tangent = (zeta >= 0 ? 1 : -1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
          let cosine = 1 / (1 + tangent * tangent).squareRoot()
          a.rotate(p, q, cosine, cosine * tangent)
          v.rotate(p, q, cosine, cosine * tangent)
        }
      }
      if isDone { break }
    }
    let sizes = (0..<columns).map { column in
      (0..<rows).reduce(0) { $0 + a[$1, column] * a[$1, column] }.squareRoot()
    }
    let order = (0..<columns).sorted { sizes[$0] > sizes[$1] }
    var (u, right) = (SmallMatrix(rows, columns), SmallMatrix(columns, columns))
    for (place, column) in order.enumerated() {
      for row in 0..<rows { u[row, place] = sizes[column] > 0 ? a[row, column] / sizes[column] : 0 }
      for row in 0..<columns { right[row, place] = v[row, column] }
    }
    return (u, order.map { sizes[$0] }, right)
  }

  private mutating func rotate(_ p: Int, _ q: Int, _ cosine: Double, _ sine: Double) {
    for row in 0..<rows {
      let (x, y) = (self[row, p], self[row, q])
      self[row, p] = cosine * x - sine * y
      self[row, q] = sine * x + cosine * y
    }
  }

  /// Moore and Penrose's inverse; singular values up to `limit` of the largest count as zero.
  func pseudoinverse(limit: Double) -> SmallMatrix {
    let (u, values, v) = singular
    var scaled = v
    for (column, value) in values.enumerated() {
      let factor = value > limit * (values.first ?? 0) ? 1 / value : 0
      for row in 0..<scaled.rows { scaled[row, column] *= factor }
    }
    return scaled * u.transposed
  }
}
