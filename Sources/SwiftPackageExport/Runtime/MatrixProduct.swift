/// C = A·B for matrices in memory: A `(rows, inner)`, B `(inner, columns)`, C `(rows, columns)`.
struct MatrixProduct {
  var rows: Int
  var inner: Int
  var columns: Int

  /// Places of the inner axis that are summed before they are added to the rest, which keeps rounding small.
  private static let block = 256
  private static let width = 8

  /// Writes the product over what `c` holds, or adds it with `adds`.
  func callAsFunction(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, adds: Bool = false
  ) {
    if !adds { c.update(repeating: 0, count: rows * columns) }
    guard rows > 0, inner > 0, columns > 0 else { return }
    if rows < 4 {
      addRows(a, b, c)
    } else {
      var panel = [SIMD8<Float>](repeating: .zero, count: min(inner, Self.block))
      for from in stride(from: 0, to: inner, by: Self.block) {
        let depth = min(Self.block, inner - from)
        for column in stride(from: 0, to: columns, by: Self.width) {
          let width = min(Self.width, columns - column)
          panel.withUnsafeMutableBufferPointer { panel in
            for k in 0..<depth {
              let line = b + (from + k) * columns + column
              var values = SIMD8<Float>.zero
              for index in 0..<width { values[index] = line[index] }
              panel[k] = values
            }
            addPanel(a + from, UnsafeBufferPointer(panel), depth, c + column, width)
          }
        }
      }
    }
  }

  /// Few rows: each row of B is read once, in order.
  private func addRows(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>) {
    for row in 0..<rows {
      let target = c + row * columns
      for from in stride(from: 0, to: inner, by: Self.block) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { sums in
          sums.initialize(repeating: 0)
          for k in from..<min(from + Self.block, inner) {
            let (factor, line) = (a[row * inner + k], b + k * columns)
            for column in 0..<columns { sums[column] += factor * line[column] }
          }
          for column in 0..<columns { target[column] += sums[column] }
        }
      }
    }
  }

  /// Adds the product with some columns of B, four rows at a time.
  private func addPanel(
    _ a: UnsafePointer<Float>, _ panel: UnsafeBufferPointer<SIMD8<Float>>, _ depth: Int,
    _ c: UnsafeMutablePointer<Float>, _ width: Int
  ) {
    var row = 0
    while row + 4 <= rows {
      let (a0, a1, a2, a3) = (a + row * inner, a + (row + 1) * inner, a + (row + 2) * inner, a + (row + 3) * inner)
      var (s0, s1, s2, s3) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
      for k in 0..<depth {
        let values = panel[k]
        s0 += a0[k] * values
        s1 += a1[k] * values
        s2 += a2[k] * values
        s3 += a3[k] * values
      }
      for index in 0..<width {
        c[row * columns + index] += s0[index]
        c[(row + 1) * columns + index] += s1[index]
        c[(row + 2) * columns + index] += s2[index]
        c[(row + 3) * columns + index] += s3[index]
      }
      row += 4
    }
    while row < rows {
      var sum = SIMD8<Float>.zero
      for k in 0..<depth { sum += a[row * inner + k] * panel[k] }
      for index in 0..<width { c[row * columns + index] += sum[index] }
      row += 1
    }
  }
}

extension Tensor<Float> {
  /// The product over the last two axes; leading axes are broadcast.
  func product(_ other: Tensor, transposeA: Bool = false, transposeB: Bool = false) throws(PredictionError) -> Tensor {
    let a = transposeA ? swappingLastAxes() : self
    let b = transposeB ? other.swappingLastAxes() : other
    let (rankA, rankB) = (a.shape.count, b.shape.count)
    let (rows, inner, columns) = (a.shape[rankA - 2], a.shape[rankA - 1], b.shape[rankB - 1])
    guard b.shape[rankB - 2] == inner else { throw .shapes(operation: "matmul", [a.shape, b.shape]) }
    // One matrix for all: their rows are one matrix's.
    if rankB == 2 {
      let lead = Array(a.shape.dropLast())
      let multiply = MatrixProduct(rows: lead.elementCount, inner: inner, columns: columns)
      var result = [Float](repeating: 0, count: lead.elementCount * columns)
      withPointers(a, b, &result) { multiply($0, $1, $2) }
      return Tensor(lead + [columns], result)
    }
    let lead = try broadcastShape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)), in: "matmul")
    let (wideA, wideB) = (
      try a.broadcast(to: lead + [rows, inner]), try b.broadcast(to: lead + [inner, columns])
    )
    let multiply = MatrixProduct(rows: rows, inner: inner, columns: columns)
    var result = [Float](repeating: 0, count: lead.elementCount * rows * columns)
    withPointers(wideA, wideB, &result) { x, y, z in
      for matrix in 0..<lead.elementCount {
        multiply(x + matrix * rows * inner, y + matrix * inner * columns, z + matrix * rows * columns)
      }
    }
    return Tensor(lead + [rows, columns], result)
  }

  private func swappingLastAxes() -> Tensor {
    var permutation = Array(shape.indices)
    permutation.swapAt(shape.count - 2, shape.count - 1)
    return transposed(permutation)
  }
}

/// Calls `body` with where the arrays lie in memory; not where one of them is empty.
func withPointers(
  _ a: Tensor<Float>, _ b: Tensor<Float>, _ result: inout [Float],
  _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
) {
  a.values.withUnsafeBufferPointer { a in
    b.values.withUnsafeBufferPointer { b in
      result.withUnsafeMutableBufferPointer { result in
        guard let a = a.baseAddress, let b = b.baseAddress, let result = result.baseAddress else { return }
        body(a, b, result)
      }
    }
  }
}
