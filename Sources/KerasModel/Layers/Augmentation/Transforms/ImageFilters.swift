import KerasCore
import KerasGraph

/// Images `(batch, rows, columns, channels)` filtered channel by channel, zeros around them.
extension LoweringContext {
  /// Correlated with a square kernel of numbers.
  mutating func filtered(_ images: Value, _ kernel: [Float], size: Int) throws(ModelError) -> Value {
    let data = try Self.data { () throws(TensorDataError) in
      try TensorData(shape: [size, size, 1, 1], floats: kernel)
    }
    return try depthwise(images, constant(data))
  }

  /// Correlated with one kernel `(rows, columns, 1, 1)` for all channels.
  mutating func depthwise(
    _ images: Value, _ kernel: Value, padding: Padding = .same
  ) throws(ModelError) -> Value {
    // Channels become samples, so that one kernel does for any number of them.
    let planes = try op(.transpose([0, 3, 1, 2]), images)
    let sizes = dimensions(of: planes)
    let flat = try op(.reshape([.inferred, sizes[2], sizes[3], .fixed(1)]), planes)
    let result = try op(
      .convolution(Convolution(strides: [1, 1], padding: padding, dilations: [1, 1])), flat, kernel)
    let (before, after) = (dimensions(of: planes, operand: 1), dimensions(of: result))
    let back = try op(.reshape([before[0], before[1], after[1], after[2]]), result, planes)
    return try op(.transpose([0, 2, 3, 1]), back)
  }

  /// A normal distribution's values at `count` steps about 0, of sum 1, as `(1, 1, 1, count)`; `deviation` has 1 element.
  ///
  /// Steps further than `reach` from 0, if given, count as 0.
  mutating func bell(_ count: Int, deviation: Value, reach: Value? = nil) throws(ModelError) -> Value {
    let steps = try vector((0..<count).map { Float($0) - Float(count - 1) / 2 })
    let ratio = try f(.divide, steps, deviation)
    var values = try f(.exponential, scaled(f(.square, ratio), by: -0.5))
    if let reach {
      let isNear = try f(.lessOrEqual, f(.absolute, steps), reach)
      values = try select(isNear, values, 0)
    }
    let rank = shape(values).rank
    return try f(.divide, values, total(values, [rank - 1], keeps: true))
  }

  /// Blurred by the product of two bells, as Keras' `gaussian_blur`: a kernel of the given shape whose elements in C order
  /// are the product's, however many rows and columns that has.
  mutating func blurred(
    _ images: Value, rows: Value, columns: Value, shape: [Int], padding: Padding = .same
  ) throws(ModelError) -> Value {
    let down = try op(.reshape([.inferred, .fixed(1)]), rows)
    let along = try op(.reshape([.fixed(1), .inferred]), columns)
    let product = try f(.multiply, down, along)
    let kernel = try op(.reshape([.fixed(shape[0]), .fixed(shape[1]), .fixed(1), .fixed(1)]), product)
    return try depthwise(images, kernel, padding: padding)
  }

  mutating func vector(_ numbers: [Float]) throws(ModelError) -> Value {
    constant(
      try Self.data { () throws(TensorDataError) in try TensorData(shape: [numbers.count], floats: numbers) })
  }

  /// The images with hue and saturation changed by `body`; `(batch, rows, columns, 1)` each.
  mutating func inHueSaturationValue(
    _ images: Value,
    _ body: (Value, Value, inout LoweringContext) throws(ModelError) -> (Value, Value)
  ) throws(ModelError) -> Value {
    let converted = try BackendFunction.call("rgb_to_hsv", [.tensor(images)], &self)
    guard case .tensor(let channels) = converted else { throw ModelError(.unsupported("rgb_to_hsv")) }
    let hue = try sliced(channels, axis: 3, from: 0, to: 1)
    let saturation = try sliced(channels, axis: 3, from: 1, to: 2)
    let changed = try body(hue, saturation, &self)
    let value = try sliced(channels, axis: 3, from: 2, to: 3)
    let joined = try ops(.concatenate(axis: 3), [changed.0, changed.1, value])[0]
    let result = try BackendFunction.call("hsv_to_rgb", [.tensor(joined)], &self)
    guard case .tensor(let colours) = result else { throw ModelError(.unsupported("hsv_to_rgb")) }
    return colours
  }
}
