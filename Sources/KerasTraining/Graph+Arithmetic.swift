import KerasCore
import KerasGraph

/// Expressions as Keras' backend functions write them, on the op graph.
extension Graph {
  mutating func apply(_ op: Op, _ operands: Value...) throws(GraphError) -> Value { try add(op, operands)[0] }

  mutating func scalar(_ value: Double) -> Value { addConstant(TensorData(Float(value))) }

  mutating func plus(_ a: Value, _ b: Value) throws(GraphError) -> Value { try apply(.binary(.add), a, b) }
  mutating func plus(_ a: Value, _ b: Double) throws(GraphError) -> Value { try plus(a, scalar(b)) }
  mutating func minus(_ a: Value, _ b: Value) throws(GraphError) -> Value { try apply(.binary(.subtract), a, b) }
  mutating func minus(_ a: Double, _ b: Value) throws(GraphError) -> Value { try minus(scalar(a), b) }
  mutating func times(_ a: Value, _ b: Value) throws(GraphError) -> Value { try apply(.binary(.multiply), a, b) }
  mutating func times(_ a: Value, _ b: Double) throws(GraphError) -> Value { try times(a, scalar(b)) }
  mutating func quotient(_ a: Value, _ b: Value) throws(GraphError) -> Value { try apply(.binary(.divide), a, b) }
  mutating func maximum(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try apply(.binary(.maximum), a, scalar(b))
  }
  mutating func unary(_ function: Unary, _ a: Value) throws(GraphError) -> Value { try apply(.unary(function), a) }
  mutating func clipped(_ a: Value, _ low: Double, _ high: Double) throws(GraphError) -> Value {
    try unary(.clip(minimum: Float(low), maximum: Float(high)), a)
  }
  mutating func float(_ a: Value) throws(GraphError) -> Value {
    type(a).dtype == .float32 ? a : try apply(.cast(.float32), a)
  }

  /// Over the last axis.
  mutating func lastAxis(
    _ reduction: Reduction, _ a: Value, keepDimensions: Bool = false
  ) throws(GraphError) -> Value {
    let rank = shape(a).rank
    guard rank > 0 else { return a }
    return try apply(.reduce(reduction, axes: [rank - 1], keepDimensions: keepDimensions), a)
  }

  /// Over every axis, to a scalar.
  mutating func total(_ reduction: Reduction, _ a: Value) throws(GraphError) -> Value {
    let rank = shape(a).rank
    guard rank > 0 else { return a }
    return try apply(.reduce(reduction, axes: Array(0..<rank), keepDimensions: false), a)
  }

  /// The number of elements of a value as a float scalar, also where dimensions are not yet known.
  mutating func elementCount(of a: Value) throws(GraphError) -> Value {
    var known = 1.0
    var count: Value?
    for (axis, size) in shape(a).dimensions.enumerated() {
      if let size {
        known *= Double(size)
      } else {
        let dimension = try apply(.dimension(axis: axis, .float32), a)
        count = if let other = count { try times(other, dimension) } else { dimension }
      }
    }
    guard let count else { return scalar(known) }
    return known == 1 ? count : try times(count, known)
  }

  /// A value with axes of size 1 appended until it has `rank` axes.
  mutating func withTrailingAxes(_ a: Value, rank: Int) throws(GraphError) -> Value {
    let own = shape(a).rank
    guard own < rank else { return a }
    let kept = (0..<own).map { axis in shape(a)[axis].map { TargetDimension.fixed($0) } ?? .ofOperand(0, axis: axis) }
    return try apply(.reshape(kept + Array(repeating: .fixed(1), count: rank - own)), a)
  }

  /// 1 where the class along the last axis is the one an index names, else 0; `indices` lacks that axis.
  mutating func oneHot(_ indices: Value, like scores: Value) throws(GraphError) -> Value {
    let axis = shape(scores).rank - 1
    let classes = try apply(.iota(axis: axis), scores)
    let wanted = try withTrailingAxes(try apply(.cast(.int32), indices), rank: axis + 1)
    return try float(try apply(.compare(.equal), classes, wanted))
  }
}
