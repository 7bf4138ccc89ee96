import KerasCore
import KerasGraph
import OrderedCollections

/// Spreads the values of each tile of an image evenly, with limited counts, and blends between tiles; at inference too.
///
/// Keras 3.15.1 (`clahe.py`): tiles of ⌈size / tiles⌉ pixels, the image mirrored where they go beyond it.
public struct ContrastLimitedAdaptiveHistogramEqualization: Layer {
  public static let className = "ContrastLimitedAdaptiveHistogramEqualization"

  private let fields: AugmentationFields
  private let grid: [Int]
  private let limit: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AugmentationFields(&config)
    grid = try config.positiveInts("tile_grid_size", count: 2, default: 8)
    limit = try config.double("clip_limit", default: 4)
    guard grid.allSatisfy({ $0 <= 1 << 10 }) else { throw fields.wrong("tile_grid_size", "at most 1024 tiles") }
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      let format = try fields.dataFormat()
      let images = try format.toChannelsLast(context.cast(x, to: .float32), &context)
      let (range, bytes) = (try fields.valueRange(), DrawRange(0, 255))
      let result = try equalized(context.rescaled(images, from: range, to: bytes), &context)
      return try format.fromChannelsLast(context.rescaled(result, from: bytes, to: range), &context)
    }
  }

  private func equalized(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let shape = context.shape(images)
    let sizes = [try shape.known(axis: 1), try shape.known(axis: 2)]
    let channels = try shape.known(axis: 3)
    let tile = [(sizes[0] + grid[0] - 1) / grid[0], (sizes[1] + grid[1] - 1) / grid[1]]
    guard tile[0] > 0, tile[1] > 0, channels > 0, channels <= 1 << 12 else {
      throw ModelError(.inputShape(expected: "images", found: shape))
    }
    var padded = images
    for axis in 0..<2 {
      let missing = tile[axis] * grid[axis] - sizes[axis]
      guard missing <= sizes[axis] else {
        throw ModelError(.inputShape(expected: "an image larger than its grid of tiles", found: shape))
      }
      guard missing > 0 else { continue }
      let end = try context.sliced(padded, axis: axis + 1, from: sizes[axis] - missing, to: nil)
      padded = try context.ops(
        .concatenate(axis: axis + 1), [padded, context.op(.reverse(axes: [axis + 1]), end)])[0]
    }
    let pixels = try context.cast(context.f(.clip(minimum: 0, maximum: 255), padded), to: .int32)
    let tables = try Tables(
      curves(pixels, tile, channels, &context), pixels: pixels, grid: grid, channels: channels, &context)
    var blended: [Value] = []
    let rows = Self.neighbours(tile[0], grid[0])
    let columns = Self.neighbours(tile[1], grid[1])
    for row in [rows.before, rows.after] {
      let left = try tables.values(row, columns.before, &context)
      let right = try tables.values(row, columns.after, &context)
      let share = try context.constant(Self.places(columns.share, axis: 2))
      blended.append(try context.blended(left, right, share: share))
    }
    let share = try context.constant(Self.places(rows.share, axis: 1))
    let whole = try context.blended(blended[0], blended[1], share: share)
    return try context.sliced(context.sliced(whole, axis: 1, from: 0, to: sizes[0]), axis: 2, from: 0, to: sizes[1])
  }

  /// Each tile's new values, `(batch · tiles · channels, 256)`.
  private func curves(
    _ pixels: Value, _ tile: [Int], _ channels: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let split = try context.op(
      .reshape([
        .inferred, .fixed(grid[0]), .fixed(tile[0]), .fixed(grid[1]), .fixed(tile[1]), .fixed(channels),
      ]), pixels)
    let count = tile[0] * tile[1]
    let parts = try context.op(
      .reshape([.inferred, .fixed(count)]), context.op(.transpose([0, 1, 3, 5, 2, 4]), split))
    let places = try context.f(
      .add, parts,
      context.f(.multiply, context.op(.iota(axis: 0), parts), context.constant(Self.integer(256))))
    let flat = try context.op(.reshape([.inferred]), places)
    let ones = try context.op(.broadcast([.ofOperand(1, axis: 0), .fixed(1)]), context.constant(1), flat)
    // Zeros in the histograms' shape.
    let empty = try context.op(.broadcast([.ofOperand(1, axis: 0), .fixed(256)]), context.constant(0), parts)
    let counts = try context.op(
      .scatterAddRows, ones, flat, context.op(.reshape([.inferred, .fixed(1)]), empty))
    var histogram = try context.op(.reshape([.inferred, .fixed(256)]), counts)
    if limit > 0 {
      let most = Float(limit * Double(count) / 256)
      let kept = try context.f(.clip(minimum: 0, maximum: most), histogram)
      let excess = try context.total(context.f(.subtract, histogram, kept), [1], keeps: true)
      histogram = try context.f(.add, kept, context.scaled(excess, by: 1 / 256))
    }
    let total = try context.op(.cumulativeSum(axis: 1, reverse: false), histogram)
    let least = try context.total(.minimum, total, [1], keeps: true)
    let rest = try context.f(.subtract, context.constant(Float(count)), least)
    let divisor = try context.op(.select, context.f(.equal, rest, 0), context.constant(1), rest)
    let curve = try context.f(.divide, context.scaled(context.f(.subtract, total, least), by: 255), divisor)
    return try context.f(.clip(minimum: 0, maximum: 255), curve)
  }

  /// The tiles before and after each pixel along an axis, and the share of the second.
  private static func neighbours(_ tile: Int, _ count: Int) -> (before: [Int], after: [Int], share: [Float]) {
    let places = (0..<tile * count).map { (Float($0) - Float(tile) / 2) / Float(tile) }
    // Beyond the outermost tiles' centres there is only one.
    func inside(_ index: Int) -> Int { min(max(index, 0), count - 1) }
    return (
      places.map { inside(Int($0.rounded(.down))) }, places.map { inside(Int($0.rounded(.down)) + 1) },
      places.map { $0 - $0.rounded(.down) }
    )
  }

  private static func places(_ numbers: [Float], axis: Int) throws(ModelError) -> TensorData {
    try LoweringContext.data { () throws(TensorDataError) in
      try TensorData(shape: axis == 1 ? [1, numbers.count, 1, 1] : [1, 1, numbers.count, 1], floats: numbers)
    }
  }

  private static func integer(_ number: Int) throws(ModelError) -> TensorData {
    try LoweringContext.data { () throws(TensorDataError) in try TensorData(shape: [], int32s: [Int32(number)]) }
  }

  /// All tiles' curves as one column, to be read at each pixel.
  private struct Tables {
    private let column: Value
    /// The place of a pixel's value in the first tile's curve of its channel.
    private let base: Value
    private let grid: [Int]
    private let channels: Int

    init(
      _ curves: Value, pixels: Value, grid: [Int], channels: Int, _ context: inout LoweringContext
    ) throws(ModelError) {
      column = try context.op(.reshape([.inferred, .fixed(1)]), curves)
      self.grid = grid
      self.channels = channels
      let image = grid[0] * grid[1] * channels * 256
      let first = try context.f(
        .multiply, context.op(.iota(axis: 0), context.perSample(pixels)), context.constant(integer(image)))
      let starts = try LoweringContext.data { () throws(TensorDataError) in
        try TensorData(shape: [channels], int32s: (0..<channels).map { Int32($0 * 256) })
      }
      base = try context.f(.add, pixels, context.f(.add, first, context.constant(starts)))
    }

    func values(
      _ rows: [Int], _ columns: [Int], _ context: inout LoweringContext
    ) throws(ModelError) -> Value {
      let offsets = try LoweringContext.data { () throws(TensorDataError) in
        let numbers = rows.flatMap { row in
          columns.map { Int32((row * grid[1] + $0) * channels * 256) }
        }
        return try TensorData(shape: [1, rows.count, columns.count, 1], int32s: numbers)
      }
      let places = try context.f(.add, base, context.constant(offsets))
      let found = try context.op(.gatherRows, column, places)
      return try context.op(.reshape(context.dimensions(of: places, operand: 1)), found, places)
    }
  }
}
