import KerasCore
import KerasGraph

/// What was drawn for the images of a batch, by the names of Keras' `get_random_transformation`.
///
/// A number for each image is `(batch, 1, 1, 1)`, one for the whole batch `(1, 1, 1, 1)`.
struct Draws: Sendable {
  private(set) var values: [String: Value]

  init(_ values: [String: Value] = [:]) { self.values = values }

  /// Throws `.unsupported` if nothing of that name was drawn.
  func callAsFunction(_ name: String) throws(ModelError) -> Value {
    guard let value = values[name] else { throw ModelError(.unsupported("a transformation without '\(name)'")) }
    return value
  }

  subscript(_ name: String) -> Value? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// What a layer inside drew: names begin with its own.
  func inside(_ layer: String) -> Draws {
    var inner = Draws()
    for (name, value) in values where name.hasPrefix(layer + "/") {
      inner[String(name.dropFirst(layer.count + 1))] = value
    }
    return inner
  }

  mutating func add(_ inner: Draws, inside layer: String) {
    for (name, value) in inner.values { values["\(layer)/\(name)"] = value }
  }
}

/// The bounds between which a number is drawn.
struct DrawRange: Sendable, Hashable {
  var lower: Double
  var upper: Double

  init(_ lower: Double, _ upper: Double) {
    self.lower = lower
    self.upper = upper
  }
}

extension LoweringContext {
  /// Numbers of [lower, upper), one for each element of `pattern`.
  mutating func uniform(like pattern: Value, _ range: DrawRange = DrawRange(0, 1)) throws(ModelError) -> Value {
    let draw = try op(.random(.uniform, stream: nextRandomStream()), pattern)
    if range == DrawRange(0, 1) { return draw }
    return try shifted(scaled(draw, by: Float(range.upper - range.lower)), by: Float(range.lower))
  }

  /// The same between bounds that the graph computes.
  mutating func uniform(like pattern: Value, from lower: Value, to upper: Value) throws(ModelError) -> Value {
    try f(.add, f(.multiply, uniform(like: pattern), f(.subtract, upper, lower)), lower)
  }

  /// Numbers of the standard normal distribution, one for each element of `pattern`.
  mutating func normal(like pattern: Value) throws(ModelError) -> Value {
    try op(.random(.normal, stream: nextRandomStream()), pattern)
  }

  /// The first image's element, `(1, 1, 1, 1)`: what is drawn once for a batch has this shape.
  mutating func perBatch(_ images: Value) throws(ModelError) -> Value {
    try sliced(perSample(images), axis: 0, from: 0, to: 1)
  }

  /// 1 or −1 with the same chance.
  mutating func randomSign(like pattern: Value) throws(ModelError) -> Value {
    try op(.select, f(.greater, uniform(like: pattern), 0.5), constant(-1), constant(1))
  }

  /// Whether each image is changed, where the chance itself is drawn from a range (Keras 3's `factor`).
  mutating func chance(like pattern: Value, _ range: DrawRange) throws(ModelError) -> Value {
    let chance = try uniform(like: pattern, range)
    return try f(.less, uniform(like: pattern), chance)
  }
}
