import KerasCore

extension OperandCheck {
  func transpose(_ permutation: [Int]) throws(GraphError) -> TensorType {
    let x = try only()
    guard permutation.sorted() == Array(0..<x.shape.rank) else {
      throw GraphError(.rank(op: op, expected: "the rank of the permutation \(permutation)", found: x.shape))
    }
    return TensorType(x.dtype, Shape(permutation.map { x.shape[$0] }))
  }

  func concatenate(_ axis: Int) throws(GraphError) -> TensorType {
    guard var result = operands.first else { throw countError("at least 1") }
    try self.axis(axis, of: result)
    for operand in operands.dropFirst() {
      try sameType(result, operand)
      var aligned = operand.shape
      guard aligned.rank == result.shape.rank else { throw mismatch("the ranks differ", result.shape, operand.shape) }
      aligned[axis] = result.shape[axis]
      var merged = try merged(result.shape, aligned, "dimensions other than axis \(axis) differ")
      merged[axis] = try sum(result.shape[axis], operand.shape[axis])
      result.shape = merged
    }
    return result
  }

  func slice(_ starts: [Int], _ limits: [Int?], _ strides: [Int]) throws(GraphError) -> TensorType {
    let x = try only()
    return TensorType(x.dtype, try slicedShape(x.shape, starts, limits, strides))
  }

  func sliceGradient(_ starts: [Int], _ limits: [Int?], _ strides: [Int]) throws(GraphError) -> TensorType {
    try count(2)
    let sliced = try slicedShape(operands[1].shape, starts, limits, strides)
    _ = try merged(sliced, operands[0].shape, "the slice of that shape differs from this gradient")
    return TensorType(operands[0].dtype, operands[1].shape)
  }

  func pad(_ before: [Int], _ after: [Int]) throws(GraphError) -> TensorType {
    let x = try only()
    guard before.count == x.shape.rank, after.count == x.shape.rank else {
      throw GraphError(.rank(op: op, expected: "rank \(before.count)", found: x.shape))
    }
    guard (before + after).allSatisfy({ $0 >= 0 }) else { throw unsupported("padding is negative") }
    var shape = x.shape
    for axis in 0..<shape.rank { shape[axis] = try sum(shape[axis], before[axis], after[axis]) }
    return TensorType(x.dtype, shape)
  }

  func reverse(_ axes: [Int]) throws(GraphError) -> TensorType {
    let x = try only()
    for axis in axes { try self.axis(axis, of: x) }
    return x
  }

  private func slicedShape(
    _ shape: Shape, _ starts: [Int], _ limits: [Int?], _ strides: [Int]
  ) throws(GraphError) -> Shape {
    guard starts.count == shape.rank, limits.count == shape.rank, strides.count == shape.rank else {
      throw GraphError(.rank(op: op, expected: "rank \(starts.count)", found: shape))
    }
    var result: [Int?] = []
    for axis in 0..<shape.rank {
      guard strides[axis] > 0 else { throw unsupported("a stride is not positive") }
      let length: Int?
      if let size = shape[axis] {
        guard let range = sliceRange(start: starts[axis], limit: limits[axis], size: size) else {
          throw mismatch("axis \(axis) has no elements \(starts[axis])..<\(limits[axis].map(String.init) ?? "")", shape)
        }
        length = range.count
      } else {
        length = try lengthOfUnknown(starts[axis], limits[axis])
      }
      result.append(length.map { $0 / strides[axis] + ($0 % strides[axis] == 0 ? 0 : 1) })
    }
    return Shape(result)
  }

  /// The length of a slice that does not depend on where the axis ends, or counts from there on both sides.
  private func lengthOfUnknown(_ start: Int, _ limit: Int?) throws(GraphError) -> Int? {
    let end = limit ?? 0
    guard limit == nil || (start < 0) == (end < 0) else { return nil }
    if limit == nil && start >= 0 { return nil }
    let (length, overflow) = end.subtractingReportingOverflow(start)
    guard !overflow, length >= 0 else { throw unsupported("a limit lies before its start") }
    return length
  }
}

/// The elements a slice takes of an axis of `size`, or `nil` if they are not all there.
///
/// A negative `start` or `limit` counts from the end; no `limit` means the end.
public func sliceRange(start: Int, limit: Int?, size: Int) -> Range<Int>? {
  let first = start < 0 ? start + size : start
  let end = limit.map { $0 < 0 ? $0 + size : $0 } ?? size
  guard first >= 0, first <= end, end <= size else { return nil }
  return first..<end
}
