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

  /// The layer of this program for a saved one of a class that is not one of Keras' own; `nil` if it is not known.
  static func replacement(for saved: SavedLayer) throws(ModelError) -> SavedLayer? {
    let bare = saved.className.components(after: ">")
    func fits(_ name: String, _ field: String?) -> Bool {
      (name == saved.className || name == bare) && field.map { saved.fields[$0] != nil } ?? true
    }
    // A field that Keras' class of that name never had tells the author's from it.
    let formula = KnownFormula.rows.first { row in row.names.contains { fits($0, row.field) } }
    if let formula, formula.field != nil { return try formula.applied(to: saved) }
    let isOwn = LayerRegistry.type(named: saved.className) != nil || CanonicalFields.of(saved.className) != nil
    guard !isOwn, ClassRenames.row(for: saved.className, dialect: .keras0) == nil else { return nil }
    if let formula { return try formula.applied(to: saved) }
    if let quantized = QKerasClasses.replacement(for: saved) { return quantized }
    guard let row = rows.first(where: { fits($0.name, $0.field) }), let mapping = try? row.mapping else { return nil }
    return try mapping.applied(to: saved)
  }
}
