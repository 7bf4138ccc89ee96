/// An array of numbers with its shape, in C order: the last axis changes fastest.
public struct Tensor<Element: Sendable>: Sendable {
  public let shape: [Int]
  public let values: [Element]

  /// Throws `PredictionError.elementCount` unless there is exactly one value for each place of the shape.
  public init(shape: [Int], values: [Element]) throws(PredictionError) {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { throw .elementCount(shape: shape, found: values.count) }
      count = product
    }
    guard count == values.count else { throw .elementCount(shape: shape, found: values.count) }
    (self.shape, self.values) = (shape, values)
  }

  /// Of as many values as the shape has places.
  init(_ shape: [Int], _ values: [Element]) { (self.shape, self.values) = (shape, values) }

  init(_ scalar: Element) { self.init([], [scalar]) }

  var count: Int { values.count }
}

extension Tensor: Equatable where Element: Equatable {}

extension [Int] {
  /// The number of elements of an array of this shape.
  var elementCount: Int { reduce(1, *) }

  /// How far apart in memory neighbours along each axis lie, for an array of this shape in C order.
  var steps: [Int] {
    var steps = [Int](repeating: 1, count: count)
    for axis in indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * self[axis + 1] }
    return steps
  }

  /// The steps with which an array of this shape is read as one of another shape that it is broadcast to.
  func steps(broadcastTo shape: [Int]) -> [Int] {
    let own = steps
    let lead = shape.count - count
    return shape.indices.map { axis in
      axis < lead || self[axis - lead] == 1 ? 0 : own[axis - lead]
    }
  }

  /// The sizes before an axis, of it and after it: an array of any shape seen as one of three axes.
  func around(_ axis: Int) -> (outer: Int, size: Int, inner: Int) {
    (self[..<axis].reduce(1, *), self[axis], self[(axis + 1)...].reduce(1, *))
  }
}

/// numpy's rule for the shape that two arrays have together.
func broadcastShape(_ a: [Int], _ b: [Int], in operation: String) throws(PredictionError) -> [Int] {
  let rank = max(a.count, b.count)
  var shape: [Int] = []
  for axis in 0..<rank {
    let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
    let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
    guard x == y || x == 1 || y == 1 else { throw .shapes(operation: operation, [a, b]) }
    shape.append(x == 1 ? y : x)
  }
  return shape
}
