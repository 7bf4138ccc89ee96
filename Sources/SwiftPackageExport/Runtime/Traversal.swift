/// A walk over all places of a shape, row by row, through arrays that lie in memory with steps of their own.
struct Traversal {
  /// Places in a row, and how far apart neighbours in it lie in each array.
  let rowCount: Int
  let rowSteps: [Int]
  private let outerShape: [Int]
  /// For each array, the steps of the axes outside the row.
  private let outerSteps: [[Int]]
  private let starts: [Int]

  /// `steps` has the steps of each axis for each array, `starts` where each array's walk begins.
  init(_ shape: [Int], steps: [[Int]], starts: [Int]? = nil) {
    // Neighbouring axes that all arrays pass without a jump are one.
    var (sizes, merged) = ([Int](), [[Int]](repeating: [], count: steps.count))
    for axis in shape.indices where shape[axis] != 1 {
      if let last = sizes.indices.last, steps.indices.allSatisfy({ merged[$0][last] == steps[$0][axis] * shape[axis] })
      {
        sizes[last] *= shape[axis]
        for array in steps.indices { merged[array][last] = steps[array][axis] }
      } else {
        sizes.append(shape[axis])
        for array in steps.indices { merged[array].append(steps[array][axis]) }
      }
    }
    rowCount = sizes.last ?? 1
    rowSteps = merged.map { $0.last ?? 0 }
    outerShape = Array(sizes.dropLast())
    outerSteps = merged.map { Array($0.dropLast()) }
    self.starts = starts ?? [Int](repeating: 0, count: steps.count)
  }

  /// Calls `body` with the place in each array where a row begins, in C order.
  @inline(__always)
  func forEachRow(_ body: ([Int]) -> Void) {
    guard rowCount > 0, !outerShape.contains(0) else { return }
    var offsets = starts
    var index = [Int](repeating: 0, count: outerShape.count)
    while true {
      body(offsets)
      var axis = outerShape.count - 1
      while axis >= 0 {
        index[axis] += 1
        for array in offsets.indices { offsets[array] += outerSteps[array][axis] }
        if index[axis] < outerShape[axis] { break }
        for array in offsets.indices { offsets[array] -= outerSteps[array][axis] * outerShape[axis] }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

extension Tensor {
  /// An array of elements picked from this one, in the order of a walk over it.
  func picked(_ shape: [Int], steps: [Int], start: Int = 0) -> Tensor {
    let walk = Traversal(shape, steps: [steps], starts: [start])
    let (size, step) = (walk.rowCount, walk.rowSteps[0])
    return Tensor(
      shape,
      [Element](unsafeUninitializedCapacity: shape.elementCount) { result, count in
        values.withUnsafeBufferPointer { source in
          var place = 0
          walk.forEachRow { offsets in
            let offset = offsets[0]
            for index in 0..<size { result.initializeElement(at: place + index, to: source[offset + index * step]) }
            place += size
          }
          count = place
        }
      })
  }

  /// The elements' images under a function.
  @inline(__always)
  func mapped<Result>(_ function: (Element) -> Result) -> Tensor<Result> {
    Tensor<Result>(
      shape,
      [Result](unsafeUninitializedCapacity: count) { result, count in
        values.withUnsafeBufferPointer { source in
          for index in source.indices { result.initializeElement(at: index, to: function(source[index])) }
          count = source.count
        }
      })
  }

  /// A function of two arrays' elements, with numpy's broadcasting.
  @inline(__always)
  func combined<Other, Result>(
    _ other: Tensor<Other>, _ operation: String, _ function: (Element, Other) -> Result
  ) throws(PredictionError) -> Tensor<Result> {
    let shape = try broadcastShape(self.shape, other.shape, in: operation)
    let walk = Traversal(
      shape, steps: [self.shape.steps(broadcastTo: shape), other.shape.steps(broadcastTo: shape)])
    let (size, stepA, stepB) = (walk.rowCount, walk.rowSteps[0], walk.rowSteps[1])
    return Tensor<Result>(
      shape,
      [Result](unsafeUninitializedCapacity: shape.elementCount) { result, count in
        values.withUnsafeBufferPointer { a in
          other.values.withUnsafeBufferPointer { b in
            var place = 0
            walk.forEachRow { offsets in
              let (startA, startB) = (offsets[0], offsets[1])
              if stepA == 1, stepB == 1 {
                for index in 0..<size {
                  result.initializeElement(at: place + index, to: function(a[startA + index], b[startB + index]))
                }
              } else if stepA == 1, stepB == 0 {
                let same = b[startB]
                for index in 0..<size {
                  result.initializeElement(at: place + index, to: function(a[startA + index], same))
                }
              } else {
                for index in 0..<size {
                  result.initializeElement(
                    at: place + index, to: function(a[startA + index * stepA], b[startB + index * stepB]))
                }
              }
              place += size
            }
            count = place
          }
        }
      })
  }
}
