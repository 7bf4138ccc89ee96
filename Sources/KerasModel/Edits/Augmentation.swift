import KerasCore
import KerasGraph
import OrderedCollections

/// Keras' own random image layers before a model, in training only: `flip,rotate=0.1,zoom=0.2`.
///
/// The model itself is not changed, and what is written has none of them.
public struct Augmentation: Sendable {
  /// As given.
  public let text: String
  private let steps: [(className: String, fields: OrderedDictionary<String, JSON>)]

  private struct Step {
    var className: String
    /// The fields that the number after `=` is given to.
    var factors: [String] = []
    /// The number if there is none.
    var standard = 0.1
    var usesRange = false
  }

  private static let known: OrderedDictionary<String, Step> = [
    "flip": Step(className: "RandomFlip"),
    "rotate": Step(className: "RandomRotation", factors: ["factor"], standard: 0.05),
    "zoom": Step(className: "RandomZoom", factors: ["height_factor"]),
    "translate": Step(className: "RandomTranslation", factors: ["height_factor", "width_factor"]),
    "shear": Step(className: "RandomShear", factors: ["x_factor", "y_factor"]),
    "contrast": Step(className: "RandomContrast", factors: ["factor"], standard: 0.2, usesRange: true),
    "brightness": Step(className: "RandomBrightness", factors: ["factor"], standard: 0.2, usesRange: true),
    "hue": Step(className: "RandomHue", factors: ["factor"], usesRange: true),
    "saturation": Step(className: "RandomSaturation", factors: ["factor"], usesRange: true),
  ]

  /// Reads names with an optional `=number`, for `flip` with `horizontal` (else), `vertical` or `both`; applied in that order.
  ///
  /// `valueRange` is that of the pixels, which contrast, brightness and colours need. Throws `EditError.augmentation`.
  public init(_ text: String, valueRange: ClosedRange<Double>? = nil) throws(EditError) {
    self.text = text
    var steps: [(className: String, fields: OrderedDictionary<String, JSON>)] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "=", maxSplits: 1).map(\.trimmed)
      guard let name = halves.first, let step = Self.known[name] else {
        throw .augmentation("'\(part.trimmed)' is none of \(Self.known.keys.joined(separator: ", "))")
      }
      let value = halves.count == 2 ? halves[1] : nil
      var fields: OrderedDictionary<String, JSON> = [:]
      if step.factors.isEmpty {
        let modes = ["horizontal": "horizontal", "vertical": "vertical", "both": "horizontal_and_vertical"]
        guard let mode = modes[value ?? "horizontal"] else {
          throw .augmentation("'\(part.trimmed)': expected flip=horizontal, flip=vertical or flip=both")
        }
        fields["mode"] = .string(mode)
      } else {
        guard let factor = value.map({ Double($0) }) ?? step.standard, (0...1).contains(factor) else {
          throw .augmentation("'\(part.trimmed)': expected a number from 0 to 1 after \(name)=")
        }
        for key in step.factors { fields[key] = .number(factor) }
      }
      if step.usesRange {
        guard let valueRange else { throw .augmentation("\(name) needs the range of the pixels, such as 0 to 255") }
        fields["value_range"] = [.number(valueRange.lowerBound), .number(valueRange.upperBound)]
      }
      steps.append((step.className, fields))
    }
    self.steps = steps
  }

  /// The images changed at random; `nil` for what are no images: not of four axes with up to four channels.
  func applied(to images: LayerTensor, _ context: inout LoweringContext) throws(ModelError) -> LayerTensor? {
    let shape = context.shape(images.value)
    guard shape.rank == 4 else { return nil }
    func isChannels(_ size: Int?) -> Bool { size.map { (1...4).contains($0) } ?? false }
    guard isChannels(shape[3]) || isChannels(shape[1]) else { return nil }
    var result = images
    for (index, step) in steps.enumerated() {
      guard let type = LayerRegistry.type(named: step.className) else { continue }
      var fields = step.fields
      fields["data_format"] = isChannels(shape[3]) ? "channels_last" : "channels_first"
      var config = ConfigReader(className: step.className, name: "augmentation_\(index)", fields: fields)
      let layer = try type.init(&config)
      result = try context.inLayer(
        named: "augmentation_\(index)", parameterPrefix: "", specs: [], trainable: false
      ) { context throws(ModelError) in
        try layer.lower(LayerCall(inputs: [result]), &context)[0]
      }
    }
    return result
  }
}
