extension Tensor {
  /// The same elements in another shape; one size may be -1, which is what remains.
  func reshaped(_ target: [Int]) throws(PredictionError) -> Tensor {
    var shape = target
    if let open = target.firstIndex(of: -1) {
      let rest = target.indices.reduce(1) { $1 == open ? $0 : $0 * target[$1] }
      guard rest > 0, count % rest == 0 else { throw .shapes(operation: "reshape", [self.shape, target]) }
      shape[open] = count / rest
    }
    guard shape.allSatisfy({ $0 >= 0 }), shape.elementCount == count else {
      throw .shapes(operation: "reshape", [self.shape, target])
    }
    return Tensor(shape, values)
  }

  /// Axis i of the result is axis `permutation[i]` of this.
  func transposed(_ permutation: [Int]) -> Tensor {
    let steps = shape.steps
    return picked(permutation.map { shape[$0] }, steps: permutation.map { steps[$0] })
  }

  func broadcast(to target: [Int]) throws(PredictionError) -> Tensor {
    if shape == target { return self }
    guard target.count >= shape.count, target.allSatisfy({ $0 >= 0 }),
      try broadcastShape(shape, target, in: "broadcast") == target
    else { throw .shapes(operation: "broadcast", [shape, target]) }
    return picked(target, steps: shape.steps(broadcastTo: target))
  }

  /// `limits` are exclusive; `nil` is the end, negative numbers count from there.
  func sliced(_ starts: [Int], _ limits: [Int?], _ strides: [Int]) throws(PredictionError) -> Tensor {
    let own = shape.steps
    var (sizes, steps, start) = ([Int](), [Int](), 0)
    for axis in shape.indices {
      let (first, size) = try slice(of: shape, axis, from: starts[axis], to: limits[axis], by: strides[axis])
      sizes.append(size)
      steps.append(own[axis] * strides[axis])
      start += own[axis] * first
    }
    return picked(sizes, steps: steps, start: start)
  }

  func reversed(axes: [Int]) -> Tensor {
    var (steps, start) = (shape.steps, 0)
    for axis in axes where shape[axis] > 0 {
      start += steps[axis] * (shape[axis] - 1)
      steps[axis] = -steps[axis]
    }
    return picked(shape, steps: steps, start: start)
  }

  /// Surrounded by a value, so many places before and after on each axis.
  func padded(_ before: [Int], _ after: [Int], with value: Element) -> Tensor {
    let result = shape.indices.map { shape[$0] + before[$0] + after[$0] }
    let steps = result.steps
    let start = shape.indices.reduce(0) { $0 + before[$1] * steps[$1] }
    return Tensor(
      result, placed(in: [Element](repeating: value, count: result.elementCount), steps: steps, start: start))
  }

  /// Zeros in the shape of another array, with these elements at a slice of it.
  func filling(
    _ starts: [Int], _ limits: [Int?], _ strides: [Int], of shape: [Int], with value: Element
  ) throws(PredictionError) -> Tensor {
    let own = shape.steps
    var (steps, start) = ([Int](), 0)
    for axis in shape.indices {
      let (first, size) = try slice(of: shape, axis, from: starts[axis], to: limits[axis], by: strides[axis])
      guard size == self.shape[axis] else { throw .shapes(operation: "slice", [self.shape, shape]) }
      steps.append(own[axis] * strides[axis])
      start += own[axis] * first
    }
    return Tensor(shape, placed(in: [Element](repeating: value, count: shape.elementCount), steps: steps, start: start))
  }

  /// Other elements with these put among them, in the order of a walk over this shape.
  private func placed(in elements: [Element], steps: [Int], start: Int) -> [Element] {
    var result = elements
    let walk = Traversal(shape, steps: [shape.steps, steps], starts: [0, start])
    let (size, from, to) = (walk.rowCount, walk.rowSteps[0], walk.rowSteps[1])
    result.withUnsafeMutableBufferPointer { target in
      values.withUnsafeBufferPointer { source in
        walk.forEachRow { offsets in
          let (read, write) = (offsets[0], offsets[1])
          for index in 0..<size { target[write + index * to] = source[read + index * from] }
        }
      }
    }
    return result
  }

  static func concatenated(_ parts: [Tensor], axis: Int) throws(PredictionError) -> Tensor {
    var shape = parts[0].shape
    for part in parts.dropFirst() {
      var aligned = part.shape
      guard aligned.count == shape.count else { throw .shapes(operation: "concatenate", parts.map(\.shape)) }
      aligned[axis] = shape[axis]
      guard aligned == shape else { throw .shapes(operation: "concatenate", parts.map(\.shape)) }
      shape[axis] += part.shape[axis]
    }
    let outer = shape.around(axis).outer
    let rows = parts.map { $0.shape.around(axis).size * $0.shape.around(axis).inner }
    var values: [Element] = []
    values.reserveCapacity(shape.elementCount)
    for block in 0..<outer {
      for (part, row) in zip(parts, rows) { values += part.values[block * row..<(block + 1) * row] }
    }
    return Tensor(shape, values)
  }

  /// 0, 1, 2 … along an axis, in this shape.
  func indices(along axis: Int) -> Tensor<Int32> {
    let (_, size, inner) = shape.around(axis)
    return Tensor<Int32>(shape, (0..<count).map { Int32(truncatingIfNeeded: $0 / max(inner, 1) % max(size, 1)) })
  }

  /// The size of an axis.
  func size(of axis: Int) -> Tensor<Int32> { Tensor<Int32>(Int32(truncatingIfNeeded: shape[axis])) }
}

/// Where a slice of an axis begins, and how many elements it has.
private func slice(
  of shape: [Int], _ axis: Int, from start: Int, to limit: Int?, by stride: Int
) throws(PredictionError) -> (first: Int, size: Int) {
  let first = start < 0 ? start + shape[axis] : start
  let end = limit.map { $0 < 0 ? $0 + shape[axis] : $0 } ?? shape[axis]
  guard first >= 0, first <= end, end <= shape[axis] else { throw .shapes(operation: "slice", [shape]) }
  return (first, (end - first + stride - 1) / stride)
}

// MARK: Rows of tables

extension Tensor {
  /// Whole rows of this table: the shape of the indices, then that of a row.
  func rows(_ indices: Tensor<Int32>) throws(PredictionError) -> Tensor {
    let width = shape.dropFirst().reduce(1, *)
    var values: [Element] = []
    values.reserveCapacity(indices.count * width)
    for index in indices.values {
      guard index >= 0, index < shape[0] else { throw .indexOutOfRange(Int(index), rows: shape[0]) }
      values += self.values[Int(index) * width..<(Int(index) + 1) * width]
    }
    return Tensor(indices.shape + shape.dropFirst(), values)
  }
}

extension Tensor<Float> {
  /// A table of another's shape: the sums of these rows by the indices they belong to.
  func summedRows(_ indices: Tensor<Int32>, in table: [Int]) throws(PredictionError) -> Tensor {
    let width = table.dropFirst().reduce(1, *)
    guard count == indices.count * width else {
      throw .shapes(operation: "scatterAddRows", [shape, indices.shape, table])
    }
    var result = [Float](repeating: 0, count: table.elementCount)
    for (place, index) in indices.values.enumerated() {
      guard index >= 0, index < table[0] else { throw .indexOutOfRange(Int(index), rows: table[0]) }
      for column in 0..<width { result[Int(index) * width + column] += values[place * width + column] }
    }
    return Tensor(table, result)
  }
}
