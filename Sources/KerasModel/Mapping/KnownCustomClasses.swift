import KerasCore
import KerasFile

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

  /// Before the name of a class that is not Keras' of that name, so that it stays unknown.
  static let strangerPrefix = "custom>"

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
    Row(name: "WeightNormalization", target: "keraskit>WeightNormalization", field: "data_init"),
    Row(name: "Addons>SpectralNormalization", target: "SpectralNormalization"),
    // matterport/Mask_RCNN, mrcnn/model.py: BatchNormalization that is told whether it trains.
    Row(name: "BatchNorm", target: "BatchNormalization", field: "momentum"),
    // Dropped at inference: the branch or block goes through.
    Row(name: "DropBlock2D", target: "Dropout(rate=0)", field: "block_size"),
    Row(name: "DropPath", target: "Dropout(rate=0)"),
    Row(name: "DropConnect", target: "Dropout(rate=0)"),
    // keras-resnet 0.2 and keras-retinanet, layers: BatchNormalization that can be frozen.
    Row(name: "BatchNormalizationFreeze", target: "BatchNormalization"),
  ]

  /// The layer of this program for a saved one of a class that is not one of Keras' own, and what should be said of it;
  /// `nil` if it is not known.
  ///
  /// `arrays` are the shapes of the arrays that the file holds for it, `objects` all of a `.keras` file, `version` the
  /// release that wrote the file.
  static func replacement(
    for saved: SavedLayer, arrays: [[Int]], objects: [WeightGroup], version: KerasVersion
  ) throws(ModelError) -> (layer: SavedLayer, caution: String?)? {
    let bare = saved.className.components(after: ">")
    func isNamed(_ name: String) -> Bool { name == saved.className || name == bare }
    // Keras' own classes are told from others by the package as well as the name.
    let isOwn =
      LayerRegistry.type(named: saved.className) != nil || CanonicalFields.of(saved.className) != nil
      || ClassRenames.row(for: saved.className, dialect: .keras0) != nil
    let formula = KnownFormula.rows.first { row in
      row.names.contains(where: isNamed) && (row.isDistinct || !isOwn)
        && row.matches(saved.fields, arrays, version)
    }
    if let formula { return (try formula.applied(to: saved, arrays: arrays, objects: objects), formula.caution) }
    if isOwn, saved.className == "Attention", arrays.contains(where: { !$0.isEmpty }) {
      // Keras' own has two scalars at most: this is some author's, which no row above fits.
      var unknown = saved
      unknown.className = strangerPrefix + saved.className
      return (unknown, nil)
    }
    guard !isOwn else { return nil }
    if let quantized = QKerasClasses.replacement(for: saved) { return (quantized, nil) }
    let row = rows.first { row in isNamed(row.name) && row.field.map { saved.fields[$0] != nil } ?? true }
    guard let row, let mapping = try? row.mapping else { return nil }
    return (try mapping.applied(to: saved), nil)
  }
}
