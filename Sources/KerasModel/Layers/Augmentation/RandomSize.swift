import KerasCore
import KerasGraph

/// A size that each training step draws anew: the length of an input of the graph whose elements mean nothing.
///
/// A graph's shapes are fixed while it runs, so that a plan is made for each length that is drawn.
public struct RandomSize: Sendable, Hashable {
  /// The graph's input.
  public var name: String
  /// The size that the factor is of.
  public var base: Int
  public var lower: Double
  public var upper: Double

  /// The length for a number of [0, 1), at least 1.
  public func length(for draw: Double) -> Int {
    // TensorFlow multiplies in single precision and cuts.
    let factor = Float(lower) + Float(upper - lower) * Float(draw)
    return max(Int(factor * Float(base)), 1)
  }
}

/// What RandomHeight and RandomWidth share.
struct RandomSizeFields: Sendable {
  let fields: AugmentationFields
  private let interpolation: Interpolation

  init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AugmentationFields(&config)
    interpolation = try config.interpolation(Interpolation.all, default: .bilinear)
  }

  /// In training images resized along an axis, the same for a batch; the images themselves at inference.
  func lower(
    _ call: LayerCall, axis: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> [LayerTensor] {
    guard context.isTraining else { return try fields.unchanged(call, &context) }
    let factor = try fields.range("factor")
    guard factor.lower >= -1, factor.upper >= factor.lower, factor.upper <= 16 else {
      throw fields.wrong("factor", "a number or two from -1 on")
    }
    return try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      let images = try context.cast(x, to: .float32)
      let carrier = try context.randomSize(
        of: context.shape(images).known(axis: axis), DrawRange(1 + factor.lower, 1 + factor.upper))
      return try context.resampled(images, axis: axis, toSizeOf: carrier, interpolation)
    }
  }
}
