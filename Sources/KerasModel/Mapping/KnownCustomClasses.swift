import KerasCore

/// Custom classes that public files carry, and what computes the same: read from their authors' sources.
///
/// A class of Keras of the same name always wins; where an author's class can be told from it by its package or a field, the
/// row says so.
enum KnownCustomClasses {
  struct Row: Sendable {
    /// The class name, with the package if the file must state it: `Addons>GroupNormalization`.
    var name: String
    /// In the notation of `ObjectMapping`, or a class of `Layers/Custom` by its name `keraskit>…`.
    var target: String
    /// A field the config must have.
    var field: String?

    var mapping: ObjectMapping {
      get throws(ExpressionError) {
        target.hasPrefix("keraskit>")
          ? ObjectMapping(name: name, className: target) : try ObjectMapping(name: name, target: target)
      }
    }
  }

  static let rows: [Row] = [
    // efficientnet 1.1 (qubvel), model.py: Dropout with a noise_shape that skips unknown axes; nothing at inference.
    Row(name: "FixedDropout", target: "Dropout"),
    // tensorflow-addons 0.23, layers/normalizations.py.
    Row(name: "Addons>GroupNormalization", target: "GroupNormalization"),
    Row(name: "InstanceNormalization", target: "GroupNormalization(groups=-1)", field: "groups"),
    Row(name: "Addons>InstanceNormalization", target: "GroupNormalization(groups=-1)"),
    // keras-contrib: ε outside the root, no groups.
    Row(name: "InstanceNormalization", target: "keraskit>InstanceNormalization"),
    // flyyufelix/DenseNet-Keras, ResNet-101 and ResNet-152.
    Row(name: "Scale", target: "keraskit>Scale", field: "axis"),
    // pierluigiferrari/ssd_keras and rykov8/ssd_keras.
    Row(name: "L2Normalization", target: "keraskit>L2Normalization", field: "gamma_init"),
    Row(name: "Normalize", target: "keraskit>L2Normalization", field: "scale"),
    // x · sigmoid(x) and x · tanh(softplus(x)) as layers.
    Row(name: "Swish", target: "Activation(activation=silu)"),
    Row(name: "Mish", target: "Activation(activation=mish)"),
    // keras-resnet 0.2 and keras-retinanet, layers: BatchNormalization that can be frozen.
    Row(name: "BatchNormalizationFreeze", target: "BatchNormalization"),
  ]

  /// The mapping for a saved layer of a class that is not one of Keras' own.
  static func mapping(for saved: SavedLayer) -> ObjectMapping? {
    let bare = saved.className.components(after: ">")
    let isOwn = LayerRegistry.type(named: saved.className) != nil || CanonicalFields.of(saved.className) != nil
    guard !isOwn else { return nil }
    let row = rows.first { row in
      (row.name == saved.className || row.name == bare) && row.field.map { saved.fields[$0] != nil } ?? true
    }
    return row.flatMap { try? $0.mapping }
  }
}
