import KerasCore
import KerasGraph

/// How CategoryEncoding, Discretization and the lookups put out category numbers.
enum CategoricalEncoding: String, Sendable, CaseIterable {
  case int
  case oneHot = "one_hot"
  case multiHot = "multi_hot"
  case count

  /// Encodes numbers from 0 to `depth` − 1; others leave no trace.
  ///
  /// `weights` are those of `count`.
  func encode(
    _ categories: Value, depth: Int, weights: Value? = nil, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    if self == .int { return try context.cast(categories, to: .int32) }
    var x = try context.op(.unary(.floor), context.cast(categories, to: .float32))
    let rank = context.shape(x).rank
    guard rank > 0 else { throw ModelError(.inputShape(expected: "at least 1 axis", found: context.shape(x))) }
    if self == .oneHot, rank > 1, context.shape(x)[rank - 1] == 1 {
      x = try context.op(.reshape(Array(context.dimensions(of: x).dropLast())), x)
    }
    let axis = context.shape(x).rank
    guard let numbers = try? TensorData(shape: [depth], floats: (0..<depth).map { Float($0) }) else {
      throw ModelError(.unsupported("\(depth) categories"))
    }
    let equal = try context.op(.compare(.equal), context.expanded(x, axis: axis), context.constant(numbers))
    var hot = try context.cast(equal, to: .float32)
    if self == .oneHot { return hot }
    if let weights { hot = try context.op(.binary(.multiply), hot, context.expanded(weights, axis: axis)) }
    return try context.op(
      .reduce(self == .count ? .sum : .maximum, axes: [max(axis - 1, 0)], keepDimensions: false), hot)
  }
}
