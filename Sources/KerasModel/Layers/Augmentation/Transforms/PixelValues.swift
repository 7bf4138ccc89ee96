import KerasCore
import KerasGraph

/// The small steps on pixels that random layers are made of.
extension LoweringContext {
  /// The middle of an image's axis, (size − 1) / 2.
  mutating func centre(of images: Value, axis: Int) throws(ModelError) -> Value {
    try scaled(shifted(size(of: images, axis: axis), by: -1), by: 0.5)
  }

  mutating func clipped(_ images: Value, to range: DrawRange) throws(ModelError) -> Value {
    let (low, high) = (min(range.lower, range.upper), max(range.lower, range.upper))
    return try f(.clip(minimum: Float(low), maximum: Float(high)), images)
  }

  /// Pixels of one value range in another, as Keras' `_transform_value_range`.
  mutating func rescaled(_ images: Value, from old: DrawRange, to new: DrawRange) throws(ModelError) -> Value {
    if old == new { return images }
    guard old.lower != old.upper else {
      throw ModelError(
        .invalidField(
          "value_range", expected: "two different numbers", found: [.number(old.lower), .number(old.upper)]))
    }
    let part = try f(.divide, shifted(images, by: Float(-old.lower)), Float(old.upper - old.lower))
    return try shifted(scaled(part, by: Float(new.upper - new.lower)), by: Float(new.lower))
  }

  /// A colour image's grey one, `(batch, rows, columns, 1)`; a grey image as it is.
  mutating func grey(_ images: Value) throws(ModelError) -> Value {
    let result = try BackendFunction.call("rgb_to_grayscale", [.tensor(images)], &self)
    guard case .tensor(let value) = result else { throw ModelError(.unsupported("rgb_to_grayscale")) }
    return value
  }
}
