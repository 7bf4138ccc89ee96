import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// Keras 0's AutoEncoder: two models, of which the second is left out at inference if it says so.
  mutating func autoEncoder(_ saved: SavedLayer, name: String, path: [String]) throws(ModelError) -> JSON {
    var fields: OrderedDictionary<String, JSON> = [
      "name": .string(name), "trainable": saved.fields["trainable"] ?? true, "dtype": "float32",
    ]
    for (old, new) in [("encoder_config", "encoder"), ("decoder_config", "decoder")] {
      guard let json = saved.fields[old] else { throw ModelError(.missingField(old)) }
      let pointer = saved.fieldsPointer.appending(old)
      var inner = try SavedLayer(json, at: pointer)
      inner.name = new
      fields[new] = try layer(inner, name: new, path: path)
      record(.renamed, "rename-\(old)", path, pointer, old: (old, json), new: (new, .string(inner.className)))
    }
    fields["output_reconstruction"] = saved.fields["output_reconstruction"] ?? true
    // Keras 0.3 looks at the field in training too.
    fields["keraskit>trains_decoder"] = .bool(era.version < KerasVersion(0, 3, 0))
    return layerObject(className: "AutoEncoder", name: name, config: fields, pointer: saved.pointer)
  }

  /// `ConvRNN2D(ConvLSTM2DCell(…))` of Keras 2.2 and 2.3, which is ConvLSTM2D by another name.
  mutating func convolutionalRecurrence(_ saved: SavedLayer, name: String, path: [String]) throws(ModelError) -> JSON {
    let pointer = saved.fieldsPointer.appending("cell")
    guard let json = saved.fields["cell"] else { throw ModelError(.missingField("cell")) }
    let cell = try SavedLayer(json, at: pointer)
    guard cell.className == "ConvLSTM2DCell" else {
      throw ModelError(.unsupported("ConvRNN2D around \(cell.className); Keras itself has ConvLSTM2DCell only"))
    }
    var layer = saved
    layer.className = "ConvLSTM2D"
    layer.fields["cell"] = nil
    layer.fields.merge(cell.fields.filter { $0.key != "name" && $0.key != "trainable" && $0.key != "dtype" }) { $1 }
    record(
      .renamed, "class-ConvRNN2D", path, saved.pointer, old: ("class_name", "ConvRNN2D"),
      new: ("class_name", "ConvLSTM2D"))
    return try self.layer(layer, name: name, path: Array(path.dropLast()))
  }
}

/// Classes of Keras itself that cannot be computed, and why.
enum RefusedClasses {
  static func reason(_ className: String) -> String? { table[className] }

  private static let table = [
    "DenseFeatures": "DenseFeatures: TensorFlow's feature columns are Python code; feed their result to the next layer",
    "LambdaMerge": "LambdaMerge holds Python byte code, which is not run; rebuild the model with Merge or --map",
    "ConvLSTM2DCell": "ConvLSTM2DCell by itself; it is known inside ConvRNN2D",
    "SiameseHead": "SiameseHead outside a Graph: the shared layer it belongs to is not in this model",
    "Siamese": "Siamese outside a Graph, where the layers it shares are not stated",
  ]
}
