import KerasCore
import KerasGraph

/// In training spreads each channel's values evenly over the range; the images themselves at inference.
///
/// One histogram for all images of the batch, as Keras 3.15.1 takes it (`equalization.py`).
public struct Equalization: ImageAugmentation {
  public static let className = "Equalization"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  /// Nothing is random.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws { Draws() }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let bins = Int(try fields.number("bins", default: 256))
    guard (2...1 << 16).contains(bins) else { throw fields.wrong("bins", "a number of bins") }
    let channels = try context.shape(images).known(axis: 3)
    guard channels <= 1 << 12 else {
      throw ModelError(.inputShape(expected: "fewer channels", found: context.shape(images)))
    }
    let stated = try fields.valueRange()
    let range = DrawRange(min(stated.lower, stated.upper), max(stated.lower, stated.upper))
    let bytes = DrawRange(0, 255)
    let pixels = try context.rescaled(images, from: range, to: bytes)
    // The number of a pixel's bin, and that in a list of all channels' bins.
    let scaled = try context.f(.divide, context.scaled(pixels, by: Float(bins - 1)), 255)
    let bin = try context.cast(context.f(.clip(minimum: 0, maximum: Float(bins - 1)), scaled), to: .int32)
    let starts = try LoweringContext.data { () throws(TensorDataError) in
      try TensorData(shape: [channels], int32s: (0..<channels).map { Int32($0 * bins) })
    }
    let places = try context.f(.add, bin, context.constant(starts))
    let flat = try context.op(.reshape([.inferred]), places)
    let ones = try context.op(.broadcast([.ofOperand(1, axis: 0)]), context.constant(1), flat)
    let counts = try context.op(
      .scatterAddRows, context.op(.reshape([.inferred, .fixed(1)]), ones), flat,
      context.constant(Self.zeros([channels * bins, 1])))
    let histogram = try context.op(.reshape([.fixed(channels), .fixed(bins)]), counts)
    let table = try context.op(.reshape([.fixed(channels * bins), .fixed(1)]), lookup(histogram, &context))
    let found = try context.op(.gatherRows, table, places)
    let equalized = try context.op(.reshape(context.dimensions(of: images, operand: 1)), found, images)
    let filled = try context.cast(context.f(.greater, histogram, 0), to: .float32)
    let isFlat = try context.f(.lessOrEqual, context.total(filled, [1]), 1)
    return try context.rescaled(context.op(.select, isFlat, pixels, equalized), from: bytes, to: range)
  }

  /// The new value of each channel's bins: their share of all pixels, from the first that has any.
  private func lookup(_ histogram: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let total = try context.op(.cumulativeSum(axis: 1, reverse: false), histogram)
    let all = try context.total(.maximum, total, [1], keeps: true)
    let present = try context.op(.select, context.f(.greater, total, 0), total, all)
    let first = try context.total(.minimum, present, [1], keeps: true)
    let rest = try context.f(.subtract, all, first)
    let divisor = try context.op(.select, context.f(.equal, rest, 0), context.constant(1), rest)
    let share = try context.f(.divide, context.scaled(context.f(.subtract, total, first), by: 255), divisor)
    return try context.f(.clip(minimum: 0, maximum: 255), context.f(.roundHalfToEven, share))
  }

  private static func zeros(_ shape: [Int]) throws(ModelError) -> TensorData {
    try LoweringContext.data { () throws(TensorDataError) in
      try TensorData(shape: shape, floats: Array(repeating: 0, count: shape.reduce(1, *)))
    }
  }
}
