import KerasCore

extension Graph {
  mutating func reductionGradient(
    _ reduction: Reduction, _ axes: [Int], _ keepDimensions: Bool, _ x: Value, _ y: Value, _ g: Value
  ) throws(GraphError) -> Value? {
    switch reduction {
    case .any, .all: return nil
    case .sum: return try broadcast(try withKeptDimensions(g, x, axes, keepDimensions), like: x)
    case .mean:
      let share = try apply(.binary(.divide), g, try elementCount(x, axes, like: g))
      return try broadcast(try withKeptDimensions(share, x, axes, keepDimensions), like: x)
    case .maximum, .minimum:
      let extreme = try withKeptDimensions(y, x, axes, keepDimensions)
      let tied = try apply(.cast(type(x).dtype), try apply(.compare(.equal), x, extreme))
      let ties = try apply(.reduce(.sum, axes: axes, keepDimensions: true), tied)
      let share = try apply(.binary(.divide), try withKeptDimensions(g, x, axes, keepDimensions), ties)
      return try multiply(tied, share)
    case .product:
      return try productGradient(axes, x, try withKeptDimensions(g, x, axes, keepDimensions))
    }
  }

  /// The product of all others, exact also where elements are 0.
  private mutating func productGradient(_ axes: [Int], _ x: Value, _ g: Value) throws(GraphError) -> Value {
    let one = try scalar(1, like: x)
    let isZero = try compare(x, .equal, 0)
    let nonZero = try apply(.select, isZero, one, x)
    let product = try apply(.reduce(.product, axes: axes, keepDimensions: true), nonZero)
    let zeros = try apply(.reduce(.sum, axes: axes, keepDimensions: true), try apply(.cast(type(x).dtype), isZero))
    // Of the others: all zeros less this one's own.
    let otherZeros = try apply(.binary(.subtract), zeros, try apply(.cast(type(x).dtype), isZero))
    let others = try apply(.binary(.divide), product, nonZero)
    return try keep(try multiply(g, others), where: try compare(otherZeros, .equal, 0))
  }

  /// A reduction's result with the reduced axes put back as 1.
  private mutating func withKeptDimensions(
    _ reduced: Value, _ x: Value, _ axes: [Int], _ keepDimensions: Bool
  ) throws(GraphError) -> Value {
    if keepDimensions || axes.isEmpty { return reduced }
    let size = shape(x)
    var target: [TargetDimension] = []
    var kept = 0
    for axis in 0..<size.rank {
      if axes.contains(axis) {
        target.append(.fixed(1))
      } else {
        target.append(size[axis].map { .fixed($0) } ?? .ofOperand(0, axis: kept))
        kept += 1
      }
    }
    return try apply(.reshape(target), reduced)
  }

  /// The number of elements along axes as a scalar of another value's type.
  private mutating func elementCount(_ x: Value, _ axes: [Int], like other: Value) throws(GraphError) -> Value {
    var known = 1.0
    var count: Value?
    for axis in axes {
      if let size = shape(x)[axis] {
        known *= Double(size)
      } else {
        let size = try apply(.dimension(axis: axis, type(other).dtype), x)
        if let others = count { count = try multiply(others, size) } else { count = size }
      }
    }
    guard let count else { return try scalar(known, like: other) }
    return known == 1 ? count : try multiply(count, known)
  }
}
