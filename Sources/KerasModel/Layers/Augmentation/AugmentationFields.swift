import KerasCore
import KerasGraph
import OrderedCollections

/// A layer that changes images in training only, which is refused.
public protocol RandomAugmentation: Layer {}

/// What the layers have in common that change images in training only, and at inference give back what they are given.
///
/// Measured on Keras 3.15.1 for each of them, pixels outside `value_range` included. Their training is refused: a model
/// that is trained without its augmentation is not the model that was saved.
struct AugmentationFields: Sendable {
  private let fields: OrderedDictionary<String, JSON>

  /// Reads the class's fields as Keras 3 names them; throws for one that is missing.
  init(_ config: inout ConfigReader) throws(ModelError) {
    var fields: OrderedDictionary<String, JSON> = [:]
    for (key, standard) in CanonicalFields.of(config.className) ?? [:] {
      let isStated = config.has(key)
      let value = config.json(key)
      guard isStated || standard != nil else { throw ModelError(.missingField(key)) }
      fields[key] = isStated ? value : standard ?? .null
    }
    // Keras 3.5 and later write it for every image layer.
    if fields["data_format"] == nil, config.has("data_format") { fields["data_format"] = config.json("data_format") }
    // How boxes beside the images are given.
    config.ignore("bounding_box_format")
    self.fields = fields
  }

  var config: OrderedDictionary<String, JSON> { fields }

  /// The images themselves as floats; throws `.unsupported` in training.
  func lower(
    _ call: LayerCall, className: String, _ context: inout LoweringContext
  ) throws(ModelError) -> [LayerTensor] {
    guard !context.isTraining else {
      throw ModelError(
        .unsupported("training through \(className), whose random images this program does not make"))
    }
    return try call.unmasked(&context) { x, context throws(ModelError) in try context.cast(x, to: .float32) }
  }
}
