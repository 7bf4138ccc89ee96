import KerasCore
import KerasGraph

extension LoweringContext {
  /// The shape of a value as a target of `reshape` or `broadcast`; unknown sizes are taken from operand `operand`.
  func dimensions(of value: Value, operand: Int = 0) -> [TargetDimension] {
    shape(value).dimensions.enumerated().map { axis, size in
      size.map { .fixed($0) } ?? .ofOperand(operand, axis: axis)
    }
  }

  /// The value with a new axis of size 1 before `axis`.
  mutating func expanded(_ x: Value, axis: Int) throws(ModelError) -> Value {
    var target = dimensions(of: x)
    guard axis >= 0, axis <= target.count else {
      throw ModelError(.inputShape(expected: "at least \(axis) axes", found: shape(x)))
    }
    target.insert(.fixed(1), at: axis)
    return try op(.reshape(target), x)
  }

  mutating func sliced(_ x: Value, axis: Int, from start: Int, to limit: Int?) throws(ModelError) -> Value {
    let rank = shape(x).rank
    guard axis >= 0, axis < rank else {
      throw ModelError(.inputShape(expected: "more than \(axis) axes", found: shape(x)))
    }
    var starts = Array(repeating: 0, count: rank)
    var limits = [Int?](repeating: nil, count: rank)
    starts[axis] = start
    limits[axis] = limit
    return try op(.slice(starts: starts, limits: limits, strides: Array(repeating: 1, count: rank)), x)
  }

  mutating func scaled(_ x: Value, by factor: Float) throws(ModelError) -> Value {
    try op(.binary(.multiply), x, constant(factor))
  }

  mutating func shifted(_ x: Value, by offset: Float) throws(ModelError) -> Value {
    try op(.binary(.add), x, constant(offset))
  }

  mutating func cast(_ x: Value, to dtype: DType) throws(ModelError) -> Value {
    graph.type(x).dtype == dtype ? x : try op(.cast(dtype), x)
  }

  /// A vector over one axis, shaped to broadcast against values of `rank` axes.
  mutating func vector(_ x: Value, along axis: Int, rank: Int) throws(ModelError) -> Value {
    if axis == rank - 1 { return x }
    var target = [TargetDimension](repeating: .fixed(1), count: rank)
    target[axis] = shape(x)[0].map { .fixed($0) } ?? .ofOperand(0, axis: 0)
    return try op(.reshape(target), x)
  }

  /// How many elements lie along the given axes, as a scalar known when the graph runs.
  mutating func elementCount(_ x: Value, axes: [Int]) throws(ModelError) -> Value {
    var known: Float = 1
    var product: Value?
    for axis in axes {
      if let size = shape(x)[axis] {
        known *= Float(size)
      } else {
        let size = try op(.dimension(axis: axis, .float32), x)
        product = if let factor = product { try op(.binary(.multiply), factor, size) } else { size }
      }
    }
    guard let product else { return constant(known) }
    return known == 1 ? product : try scaled(product, by: known)
  }
}

extension Shape {
  /// The size of an axis that a layer's weights depend on; throws if it is unknown or absent.
  func known(axis: Int) throws(ModelError) -> Int {
    guard let resolved = resolvedAxis(axis) else {
      throw ModelError(.inputShape(expected: "an axis \(axis)", found: self))
    }
    guard let size = self[resolved] else {
      throw ModelError(.inputShape(expected: "a known size of axis \(axis)", found: self))
    }
    return size
  }

  func expectRank(_ rank: Int) throws(ModelError) {
    guard self.rank == rank else { throw ModelError(.inputShape(expected: "\(rank) axes", found: self)) }
  }

  func axis(_ axis: Int) throws(ModelError) -> Int {
    guard let resolved = resolvedAxis(axis) else {
      throw ModelError(.inputShape(expected: "an axis \(axis)", found: self))
    }
    return resolved
  }
}

/// The only input's shape.
func single(_ shapes: [Shape]) throws(ModelError) -> Shape {
  guard shapes.count == 1 else { throw ModelError(.inputCount(expected: "1 input", found: shapes.count)) }
  return shapes[0]
}

extension Shape {
  /// All sizes; throws if one is unknown.
  func knownSizes() throws(ModelError) -> [Int] {
    guard let concrete else { throw ModelError(.inputShape(expected: "known sizes", found: self)) }
    return concrete
  }
}
