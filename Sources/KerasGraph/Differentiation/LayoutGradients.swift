import KerasCore

extension Graph {
  mutating func matmulGradients(
    _ a: Value, _ b: Value, _ transposeA: Bool, _ transposeB: Bool, _ g: Value, _ wanted: [Bool]
  ) throws(GraphError) -> [Value?] {
    var ofA: Value?
    var ofB: Value?
    if wanted[0] {
      let full =
        transposeA
        ? try apply(.matmul(transposeA: transposeB, transposeB: true), b, g)
        : try apply(.matmul(transposeA: false, transposeB: !transposeB), g, b)
      ofA = try summed(full, to: a)
    }
    if wanted[1] {
      var (left, right) = (a, g)
      if !transposeA, shape(b).rank == 2, shape(a).rank > 2 {
        // One product over all rows at once instead of one per leading index, summed.
        left = try flattenedRows(a)
        right = try flattenedRows(g)
      }
      let full =
        transposeB
        ? try apply(.matmul(transposeA: true, transposeB: transposeA), right, left)
        : try apply(.matmul(transposeA: !transposeA, transposeB: false), left, right)
      ofB = try summed(full, to: b)
    }
    return [ofA, ofB]
  }

  private mutating func flattenedRows(_ a: Value) throws(GraphError) -> Value {
    let last = shape(a).rank - 1
    let width = shape(a)[last].map { TargetDimension.fixed($0) } ?? .ofOperand(0, axis: last)
    return try apply(.reshape([.inferred, width]), a)
  }

  /// Each operand's part of the gradient: a range where its place is known, else the rows counted at run time.
  mutating func concatenationGradients(
    _ axis: Int, _ operands: [Value], _ g: Value, _ wanted: [Bool]
  ) throws(GraphError) -> [Value?] {
    let sizes = operands.map { shape($0)[axis] }
    let unknown = sizes.indices.filter { sizes[$0] == nil }
    let rank = shape(g).rank
    let total = shape(g)[axis]
    var gradients: [Value?] = []
    for index in operands.indices {
      guard wanted[index] else {
        gradients.append(nil)
        continue
      }
      // With one unknown size every place is known from one end or the other.
      let isBeforeAll = unknown.allSatisfy { $0 > index }
      let isBehindAll = unknown.allSatisfy { $0 < index }
      guard unknown.count <= 1 || isBeforeAll || isBehindAll else {
        gradients.append(try gatheredPart(axis, operands[index], behind: operands[..<index], g))
        continue
      }
      var starts = [Int](repeating: 0, count: rank)
      var limits = [Int?](repeating: nil, count: rank)
      let before = sizes[..<index].reduce(0) { $0 + ($1 ?? 0) }
      let after = sizes[(index + 1)...].reduce(0) { $0 + ($1 ?? 0) }
      // Counted from the end where the unknown size lies before.
      let countsBack = unknown.first.map { $0 < index } ?? false
      if total == 0 {
        limits[axis] = 0
      } else if countsBack {
        // An empty part at the very end cannot be written as a negative range; it has no elements to pass on.
        let size = sizes[index] ?? 0
        guard size + after > 0 else {
          gradients.append(nil)
          continue
        }
        starts[axis] = -(size + after)
        limits[axis] = after == 0 ? nil : -after
      } else {
        starts[axis] = before
        limits[axis] = sizes[index].map { before + $0 } ?? (after == 0 ? nil : -after)
      }
      let ones = [Int](repeating: 1, count: rank)
      gradients.append(try apply(.slice(starts: starts, limits: limits, strides: ones), g))
    }
    return gradients
  }

  /// The rows of `g` along an axis that came from `operand`, whose number and place only the run-time shapes tell.
  private mutating func gatheredPart(
    _ axis: Int, _ operand: Value, behind earlier: ArraySlice<Value>, _ g: Value
  ) throws(GraphError) -> Value {
    // The counted shape matters here, not what is in it.
    let count = try apply(.dimension(axis: axis, .int32), operand)
    let counted =
      if let size = shape(operand)[axis] { try apply(.broadcast([.fixed(size)]), count) } else {
        try apply(.broadcast([.ofOperand(1, axis: axis)]), count, operand)
      }
    var rows = try apply(.iota(axis: 0), counted)
    for other in earlier {
      rows = try apply(.binary(.add), rows, try apply(.dimension(axis: axis, .int32), other))
    }
    var toFront = Array(0..<shape(g).rank)
    toFront.remove(at: axis)
    toFront.insert(axis, at: 0)
    let part = try apply(.gatherRows, try apply(.transpose(toFront), g), rows)
    return try apply(.transpose(inversePermutation(toFront)), part)
  }
}
