import KerasCore
import KerasGraph
import OrderedCollections

/// A layer that changes images at random in training and gives them back at inference.
///
/// Keras draws parameters for a batch (`get_random_transformation`) and applies them (`transform_images`); so do these,
/// so that the second can be compared with Keras', whose random numbers this program does not make.
protocol ImageAugmentation: Layer {
  var fields: AugmentationFields { get }

  /// Draws what a batch of images `(batch, rows, columns, channels)` is changed by.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws

  /// The images changed by what was drawn.
  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value
}

extension ImageAugmentation {
  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard context.isTraining else { return try fields.unchanged(call, &context) }
    return try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      let format = try fields.dataFormat()
      let images = try format.toChannelsLast(context.cast(x, to: .float32), &context)
      let draws = try draw(images, &context)
      return try format.fromChannelsLast(transformed(images, by: draws, &context), &context)
    }
  }
}

/// What the layers have in common that change images in training only, and at inference give back what they are given.
///
/// Measured on Keras 3.15.1 for each of them, pixels outside `value_range` included.
struct AugmentationFields: Sendable {
  private let className: String
  private let fields: OrderedDictionary<String, JSON>

  /// Reads the class's fields as Keras 3 names them, and flags of older releases; throws for one that is missing.
  init(_ config: inout ConfigReader, flags: [String] = []) throws(ModelError) {
    className = config.className
    var fields: OrderedDictionary<String, JSON> = [:]
    for (key, standard) in CanonicalFields.of(config.className) ?? [:] {
      let isStated = config.has(key)
      let value = config.json(key)
      guard isStated || standard != nil else { throw ModelError(.missingField(key)) }
      fields[key] = isStated ? value : standard ?? .null
    }
    // Keras 3.5 and later write it for every image layer.
    if fields["data_format"] == nil, config.has("data_format") { fields["data_format"] = config.json("data_format") }
    for flag in flags where try config.bool(flag, default: false) { fields[flag] = true }
    // How boxes beside the images are given.
    config.ignore("bounding_box_format")
    self.fields = fields
  }

  /// A layer inside another, whose fields its owner states.
  init(_ className: String, _ fields: OrderedDictionary<String, JSON>) {
    self.className = className
    self.fields = fields
  }

  var config: OrderedDictionary<String, JSON> { fields }

  subscript(_ key: String) -> JSON { fields[key] ?? .null }

  func has(_ flag: String) -> Bool { fields[flag] == true }

  /// The images themselves as floats.
  func unchanged(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try context.cast(x, to: .float32) }
  }

  // MARK: Fields, read when training needs them

  func wrong(_ key: String, _ expected: String) -> ModelError {
    ModelError(.invalidField(key, expected: expected, found: self[key]))
  }

  func dataFormat() throws(ModelError) -> DataFormat {
    if self["data_format"].isNull { return .channelsLast }
    guard let text = self["data_format"].stringValue, let format = DataFormat(rawValue: text) else {
      throw wrong("data_format", "channels_first or channels_last")
    }
    return format
  }

  func number(_ key: String, default standard: Double = 0) throws(ModelError) -> Double {
    if self[key].isNull { return standard }
    guard let number = self[key].doubleValue, number.isFinite else { throw wrong(key, "a number") }
    return number
  }

  /// Two numbers as they stand; one number alone is given to `single`.
  func range(
    _ key: String, single: (Double) -> DrawRange = { DrawRange(-abs($0), abs($0)) }
  ) throws(ModelError) -> DrawRange {
    if self[key].isNull { return single(0) }
    if let number = self[key].doubleValue, number.isFinite { return single(number) }
    let numbers = self[key].arrayValue?.compactMap(\.doubleValue) ?? []
    guard numbers.count == 2, self[key].arrayValue?.count == 2, numbers.allSatisfy(\.isFinite) else {
      throw wrong(key, "a number or two")
    }
    return DrawRange(numbers[0], numbers[1])
  }

  /// Two numbers, the smaller first.
  func sortedRange(
    _ key: String, single: (Double) -> DrawRange = { DrawRange(-abs($0), abs($0)) }
  ) throws(ModelError) -> DrawRange {
    let range = try range(key, single: single)
    return DrawRange(min(range.lower, range.upper), max(range.lower, range.upper))
  }

  /// From 0 to one number, or between two.
  func share(_ key: String) throws(ModelError) -> DrawRange {
    try sortedRange(key) { DrawRange(0, abs($0)) }
  }

  /// The lowest and highest value of a pixel.
  func valueRange() throws(ModelError) -> DrawRange {
    if self["value_range"].isNull { return DrawRange(0, 255) }
    return try range("value_range") { DrawRange(0, $0) }
  }

  /// How places between pixels and outside the image are read.
  func sampling() throws(ModelError) -> ImageSampling {
    let interpolation = self["interpolation"].stringValue ?? "bilinear"
    guard ["bilinear", "nearest"].contains(interpolation) else { throw wrong("interpolation", "bilinear or nearest") }
    guard let mode = ImageSampling.FillMode(rawValue: self["fill_mode"].stringValue ?? "constant") else {
      throw wrong("fill_mode", ImageSampling.FillMode.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return ImageSampling(
      isNearest: interpolation == "nearest", fillMode: mode, fillValue: Float(try number("fill_value")))
  }
}
