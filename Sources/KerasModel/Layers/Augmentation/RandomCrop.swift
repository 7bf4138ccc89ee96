import KerasCore
import KerasGraph
import OrderedCollections

/// In training a part of `height` rows and `width` columns at a random place, the same for a whole batch.
///
/// At inference Keras 3.8 and later give back the images, 3.6 and 3.7 a part about the centre. Releases before cut them to
/// the aspect ratio and resize them bilinearly, also in training where they are too small; before 2.7 they resize first and
/// then cut. 2.10 and 2.11 draw a place for each image.
public struct RandomCrop: ImageAugmentation {
  public static let className = "RandomCrop"

  let fields: AugmentationFields
  private let window: ImageWindow

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AugmentationFields(&config, flags: [Self.resizes, Self.resizesFirst, Self.centres, Self.perSample])
    window = ImageWindow(height: try config.positiveInt("height"), width: try config.positiveInt("width"))
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let format = try fields.dataFormat()
    guard context.isTraining || fields.has(Self.resizes) || fields.has(Self.centres) else {
      return try fields.unchanged(call, &context)
    }
    return try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      let images = try format.toChannelsLast(context.cast(x, to: .float32), &context)
      let result =
        if context.isTraining {
          try transformed(images, by: draw(images, &context), &context)
        } else {
          try fields.has(Self.resizes) ? resized(images, &context) : centred(images, &context)
        }
      return try format.fromChannelsLast(result, &context)
    }
  }

  /// The first row and column, whole numbers.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    guard try isCut(context.shape(images)) else { return Draws() }
    let pattern = try fields.has(Self.perSample) ? context.perSample(images) : context.perBatch(images)
    var draws = Draws()
    for (name, axis, size) in [("height_start", 1, window.height), ("width_start", 2, window.width)] {
      let places = try context.shape(images).known(axis: axis) - size + 1
      draws[name] = try context.f(.floor, context.uniform(like: pattern, DrawRange(0, Double(places))))
    }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard try isCut(context.shape(images)) else {
      return try fields.has(Self.resizes) ? resized(images, &context) : centred(images, &context)
    }
    func places(
      _ start: Value, _ count: Int, _ shape: [Int], _ context: inout LoweringContext
    ) throws(ModelError) -> Value {
      let steps = try LoweringContext.data { () throws(TensorDataError) in
        try TensorData(shape: shape, floats: (0..<count).map { Float($0) })
      }
      return try context.f(.add, start, context.constant(steps))
    }
    let rows = try places(draws("height_start"), window.height, [1, window.height, 1, 1], &context)
    let columns = try places(draws("width_start"), window.width, [1, 1, window.width, 1], &context)
    return try PixelTable(images, &context).gathered(rows: rows, columns: columns, &context)
  }

  /// Whether the images are large enough: Keras 3 asks for more than the window.
  private func isCut(_ shape: Shape) throws(ModelError) -> Bool {
    let least = fields.has(Self.resizes) ? 0 : 1
    let (rows, columns) = (try shape.known(axis: 1), try shape.known(axis: 2))
    return rows - window.height >= least && columns - window.width >= least
  }

  /// tf.keras at inference.
  private func resized(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard fields.has(Self.resizesFirst) else {
      return try window.resized(window.croppedToAspect(images, &context), .bilinear, &context)
    }
    let shape = context.shape(images)
    let (rows, columns) = (try shape.known(axis: 1), try shape.known(axis: 2))
    guard rows > 0, columns > 0 else { throw ModelError(.inputShape(expected: "images", found: shape)) }
    let isTall = Double(rows) / Double(columns) > Double(window.height) / Double(window.width)
    let whole = ImageWindow(
      height: isTall ? Int(Double(window.width * rows) / Double(columns)) : window.height,
      width: isTall ? window.width : Int(Double(window.height * columns) / Double(rows)))
    let scaled = try whole.resized(images, .bilinear, &context)
    return try window.cut(scaled, rows: window.height, columns: window.width, &context)
  }

  /// Keras 3 in training where the images are not larger: the window from where a part of its aspect ratio would begin,
  /// resized if it goes beyond the image.
  private func centred(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let shape = context.shape(images)
    let (rows, columns) = (try shape.known(axis: 1), try shape.known(axis: 2))
    let wanted = window.aspectPart(rows: rows, columns: columns)
    let (top, left) = ((rows - wanted.rows) / 2, (columns - wanted.columns) / 2)
    var part = try context.sliced(images, axis: 1, from: top, to: min(top + window.height, rows))
    part = try context.sliced(part, axis: 2, from: left, to: min(left + window.width, columns))
    return try window.resized(part, .bilinear, &context)
  }

  private static let resizes = "keraskit>resizes"
  private static let resizesFirst = "keraskit>resizes_first"
  private static let centres = "keraskit>centres"
  private static let perSample = "keraskit>per_sample"
}
