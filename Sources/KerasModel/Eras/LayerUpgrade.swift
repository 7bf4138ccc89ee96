import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// The canonical object of a layer, without its connections.
  ///
  /// `path` holds the names of the models around it; `name` is the layer's own, unless the file's is taken.
  mutating func layer(_ saved: SavedLayer, name: String, path: [String]) throws(ModelError) -> JSON {
    do {
      if saved.isModel {
        var named = saved
        named.name = name
        return try model(named, path: path + [name])
      }
      return try plainLayer(saved, name: name, path: path + [name])
    } catch {
      var error = error.inLayer((path + [name]).joined(separator: "/"))
      if error.location == nil { error.location = location(saved.pointer) }
      throw error
    }
  }

  private mutating func plainLayer(_ saved: SavedLayer, name: String, path: [String]) throws(ModelError) -> JSON {
    let original = saved.className
    let saved = try mapped(saved, name: name, path: path)
    if saved.className == "InputLayer" { return inputLayer(saved, name: name, path: path) }
    if saved.className == "Merge" { return try mergeLayer(saved, name: name, path: path) }
    if saved.className == "AutoEncoder" { return try autoEncoder(saved, name: name, path: path) }
    if saved.className == "ConvRNN2D" { return try convolutionalRecurrence(saved, name: name, path: path) }
    if let reason = RefusedClasses.reason(saved.className) { throw ModelError(.unsupported(reason)) }
    if let module = saved.operationModule {
      var fields = saved.fields
      fields["name"] = .string(name)
      var object = layerObject(className: saved.className, name: name, config: fields, pointer: saved.pointer)
      object["module"] = .string(module)
      object["registered_name"] = .string(saved.className)
      return object
    }
    var className = saved.className
    var implied: [(key: String, value: JSON)] = []
    if let row = ClassRenames.row(for: className.components(after: ">"), dialect: era.dialect) {
      className = row.new
      implied = row.fields
      record(
        .renamed, "class-\(saved.className)", path, saved.pointer, old: ("class_name", .string(saved.className)),
        new: ("class_name", .string(className)))
    }
    var fields: OrderedDictionary<String, JSON> = [
      "name": .string(name), "trainable": saved.fields["trainable"] ?? true,
      "dtype": dtype(saved.fields["dtype"], className: className),
    ]
    try translateFields(of: saved, className: className, into: &fields, path: path)
    for (key, value) in implied where fields[key] == nil {
      fields[key] = value
      record(.defaulted, "class-\(saved.className)", path, saved.fieldsPointer, new: (key, value))
    }
    addDefaults(to: &fields, className: className, saved: saved, path: path)
    applyClassRules(to: &fields, className: className, saved: saved, path: path)
    if className == LambdaLayer.className { translateLambda(&fields, saved: saved, path: path) }
    var object = layerObject(className: className, name: name, config: fields, pointer: saved.pointer)
    if original != saved.className { object["saved_class_name"] = .string(original.components(after: ">")) }
    return object
  }

  func layerObject(
    className: String, name: String, config: OrderedDictionary<String, JSON>, pointer: JSONPointer
  ) -> JSON {
    [
      "module": "keras.layers", "class_name": .string(className), "config": .object(config), "registered_name": nil,
      "name": .string(name), "source_pointer": .string(pointer.description),
    ]
  }

  // MARK: Fields

  private mutating func translateFields(
    of saved: SavedLayer, className: String, into fields: inout OrderedDictionary<String, JSON>, path: [String]
  ) throws(ModelError) {
    let known = CanonicalFields.of(className)
    let values = ValueTranslation(
      era: era, className: className, oldClassName: saved.className, saved: saved.fields)
    var gathered: Set<String> = []
    for (key, value) in saved.fields where !["name", "trainable", "dtype"].contains(key) && !gathered.contains(key) {
      let pointer = saved.fieldsPointer.appending(key)
      if let row = FieldRenames.row(for: key, className: className, dialect: era.dialect),
        !isOwn(key, row, known, saved)
      {
        var old = value
        if row.old.count > 1 {
          old = .array(row.old.compactMap { saved.fields[$0] })
          gathered.formUnion(row.old)
        }
        for new in row.new {
          let translated = try values.translate(new, old)
          // `mode: 0` is plain batch normalisation, a sequence's first axis the batch.
          if new == "keraskit>mode" && old == 0 || new == "keraskit>time_major" && old == false {
            record(.dropped, "rename-\(key)", path, pointer, old: (key, old))
            continue
          }
          fields[new] = translated.value
          // Of fields gathered into one, each has its own row.
          for old in row.old {
            guard let own = saved.fields[old] else { continue }
            record(
              translated.rule == nil && translated.value == own ? .renamed : .translated,
              translated.rule ?? "rename-\(old)", path, saved.fieldsPointer.appending(old), old: (old, own),
              new: (new, translated.value))
          }
        }
      } else if let inner = try innerLayers(key, value, saved: saved, className: className, path: path) {
        fields[key] = inner
      } else if known?.keys.contains(key) == true || DroppedFields.general.contains(key) {
        let translated = try values.translate(key, value)
        fields[key] = translated.value
        if let rule = translated.rule {
          record(.translated, rule, path, pointer, old: (key, value), new: (key, translated.value))
        }
      } else if let row = DroppedFields.row(for: key, className: className) {
        record(.dropped, row.rule, path, pointer, old: (key, value))
        if let text = row.note { note(row.rule, .note, path, pointer, text) }
        if !row.harmless.isEmpty, !row.harmless.contains(value) {
          note(
            row.rule, .error, path, pointer,
            "The field '\(key)' is \(value.text()), which current Keras cannot express.")
        }
      } else if known == nil {
        fields[key] = value
      } else {
        record(.dropped, "unknown-config-key", path, pointer, old: (key, value))
        note(
          "unknown-config-key", .warning, path, pointer,
          "Nothing is known about the field '\(key)' of \(saved.className).")
      }
    }
    dropCustomPenalties(in: &fields, className: className, saved: saved, path: path)
    if let activation = fields["activation"], activation["class_name"] != nil, activation["class_name"] != "function" {
      let pointer = saved.fieldsPointer.appending("activation")
      fields["activation"] = try layer(SavedLayer(activation, at: pointer), name: "activation", path: path)
    }
  }

  /// Whether the key is the class's own field already: `alpha` of ELU, `dims` of Permute, `rate` of a Keras 2 file.
  private func isOwn(
    _ key: String, _ row: FieldRenames.Row, _ known: OrderedDictionary<String, JSON?>?, _ saved: SavedLayer
  ) -> Bool {
    row.classes.isEmpty && known?.keys.contains(key) == true && saved.fields[row.new[0]] == nil && row.new[0] != key
      || row.new[0] == key
  }

  /// The layers a wrapper or an RNN holds.
  private mutating func innerLayers(
    _ key: String, _ value: JSON, saved: SavedLayer, className: String, path: [String]
  ) throws(ModelError) -> JSON? {
    let isPipeline = className == "Pipeline" && key == "layers"
    guard isPipeline || ["layer", "backward_layer", "cell", "cells"].contains(key) else { return nil }
    let pointer = saved.fieldsPointer.appending(key)
    if let list = value.arrayValue {
      var layers: [JSON] = []
      for (index, json) in list.enumerated() {
        layers.append(try innerLayer(json, at: pointer.appending(index), wrapper: className, path: path))
      }
      return .array(layers)
    }
    return value.objectValue == nil ? value : try innerLayer(value, at: pointer, wrapper: className, path: path)
  }

  mutating func innerLayer(
    _ json: JSON, at pointer: JSONPointer, wrapper: String, path: [String]
  ) throws(ModelError) -> JSON {
    let saved = try SavedLayer(json, at: pointer)
    let name = saved.name ?? SavedLayer.snakeCase(saved.className)
    var inner = try layer(saved, name: name, path: path)
    // tf.keras and Keras 3 force it inside Bidirectional, Keras 3 not where it is null; standalone Keras had no such thing.
    if wrapper == "Bidirectional", var config = inner["config"]?.objectValue, let returns = config["return_sequences"] {
      let isNull = saved.fields["zero_output_for_mask"] == .some(.null)
      let forced = era.dialect == .keras3 && !isNull || era.version.isTensorFlow
      let zeroes = JSON.bool(forced && returns == true)
      if config["zero_output_for_mask"] != zeroes {
        record(
          .defaulted, "bidirectional-mask-zero", path + [name], saved.fieldsPointer,
          new: ("zero_output_for_mask", zeroes))
      }
      config["zero_output_for_mask"] = zeroes
      inner["config"] = .object(config)
    }
    return inner
  }

  // MARK: Defaults

  private mutating func addDefaults(
    to fields: inout OrderedDictionary<String, JSON>, className: String, saved: SavedLayer, path: [String]
  ) {
    guard let known = CanonicalFields.of(className) else { return }
    let values = ValueTranslation(era: era, className: className, oldClassName: saved.className, saved: saved.fields)
    for (key, standard) in known where fields[key] == nil {
      // Left open here: the model's other layers decide.
      if key == "data_format", LayerAxes.hasDataFormat(className) {
        fields[key] = JSON.null
        continue
      }
      let row = EraDefaults.row(for: key, className: className, version: era.version)
      guard let value = row?.value ?? standard else { continue }
      let canonical = (try? values.translate(key, value).value) ?? value
      fields[key] = canonical
      record(.defaulted, row?.rule ?? "default-\(key)", path, saved.fieldsPointer, new: (key, canonical))
    }
    if fields["data_format"]?.isNull == true, !LayerAxes.hasDataFormat(className) {
      fields["data_format"] = "channels_last"
    }
  }

  /// The policy's name; a layer's weights are floating point, whatever an Embedding's old config says of its input.
  private func dtype(_ value: JSON?, className: String) -> JSON {
    if let value, let policy = value["class_name"]?.stringValue, DTypePolicy.structuredClasses.contains(policy) {
      return value
    }
    let name = value?.stringValue ?? value?["config"]?["name"]?.stringValue
    if className == "Embedding", name?.hasPrefix("int") == true { return "float32" }
    return name.map { .string($0) } ?? "float32"
  }

  // MARK: Rules that look at several fields

  /// Recurrent layers that Keras 0.2 had too.
  private static let forgetful: Set<String> = ["LSTM", "GRU", "SimpleRNN"]

  private static let dropping: Set<String> = [
    "LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell",
  ]

  private mutating func applyClassRules(
    to fields: inout OrderedDictionary<String, JSON>, className: String, saved: SavedLayer, path: [String]
  ) {
    func set(_ key: String, _ value: JSON, _ rule: String, _ kind: Provenance.Kind, _ upgrade: inout ConfigUpgrade) {
      fields[key] = value
      upgrade.record(kind, rule, path, saved.fieldsPointer, new: (key, value))
    }
    if fields["strides"]?.isNull == true, let size = fields["pool_size"] {
      set("strides", size, "default-strides", .defaulted, &self)
    }
    // Keras 1.2's LSTM and GRU gave W_regularizer to the recurrent kernels, except in the gpu variant.
    if era.dialect == .keras1, era.version >= KerasVersion(1, 2, 0), ["LSTM", "GRU"].contains(className),
      saved.fields["consume_less"] != "gpu", saved.fields["W_regularizer"]?["name"] != "WeightRegularizer",
      let kernel = fields["kernel_regularizer"], fields["recurrent_regularizer"] != kernel
    {
      record(
        .translated, "rnn-1.2-u-regularizer", path, saved.fieldsPointer.appending("U_regularizer"),
        old: ("U_regularizer", saved.fields["U_regularizer"] ?? .null), new: ("recurrent_regularizer", kernel))
      fields["recurrent_regularizer"] = kernel
    }
    if className == "BatchNormalization", fields["keraskit>mode"] == 1, era.dialect == .keras0 {
      set("keraskit>mode1_std", true, "bn-mode1", .translated, &self)
    }
    if className == "BatchNormalization", era.dialect == .keras0, saved.fields["axis"] == nil {
      set("keraskit>per_element", true, "bn-0.1-2-axis", .defaulted, &self)
    }
    // tf.keras kept the old order as an option.
    let reversed = Releases.before(2, 2, 3, kind: .standalone).contains(era.version)
    if className == "StackedRNNCells", era.dialect == .keras2, reversed, saved.fields["reverse_state_order"] == nil {
      set("reverse_state_order", true, "stacked-state-order", .defaulted, &self)
    }
    if ["PReLU", "SReLU"].contains(className), era.dialect == .keras1, saved.fields["shared_axes"] == nil {
      set("keraskit>shared_axes_from_weights", true, "prelu-shared-axes", .defaulted, &self)
    }
    if className == "SReLU", era.isTheano {
      set("keraskit>caps_left", true, "srelu-theano", .translated, &self)
    }
    if className == "Dropout", era.version < KerasVersion(0, 3, 0) {
      set("keraskit>dropout_scale", true, "dropout-not-inverted", .defaulted, &self)
    }
    if Self.forgetful.contains(className), era.version < KerasVersion(0, 3, 0) {
      set("keraskit>mask_resets_state", true, "rnn-mask-reset", .defaulted, &self)
    }
    // layers/recurrent.py of 2.0.0 and 2.0.1: `x_h = K.bias_add(x_r, self.bias_h)`.
    if className == "GRU", era.dialect == .keras2, era.version < KerasVersion(2, 0, 2), !era.version.isTensorFlow,
      saved.fields["implementation"] == 1, saved.fields["use_bias"] != false
    {
      set("keraskit>candidate_input_of_reset", true, "gru-candidate-input", .translated, &self)
    }
    if Self.dropping.contains(className) {
      for (key, value) in RecurrentDropoutRules.fields(className, saved.fields, era, canonical: fields) {
        set(key, value, RecurrentDropoutRules.rule, .translated, &self)
      }
    }
    for row in AugmentationRules.rows where row.className == className {
      guard row.releases.contains(where: { $0.contains(era.version) }) else { continue }
      set(row.flag, true, row.rule, .defaulted, &self)
    }
    if MaskMergingRules.classes.contains(className), era.dialect < .keras3 {
      set("keraskit>mask", "all", MaskMergingRules.rule, .defaulted, &self)
    }
    if className == "Dot", isBeforeTensorFlow2 {
      set(Dot.matricesField, true, Dot.matricesRule, .defaulted, &self)
    }
    if className.hasPrefix("ConvLSTM"), era.isTheano, era.dialect < .keras3,
      fields["kernel_size"]?.arrayValue?.contains(where: { ($0.intValue ?? 1) % 2 == 0 }) == true
    {
      set("keraskit>recurrent_padding", "keraskit>same_theano", "same-padding-theano", .translated, &self)
    }
    let counted = Releases(since: KerasVersion(2, 0, 4), before: KerasVersion(2, 1, 5), kind: .standalone)
    if className.hasPrefix("AveragePooling"), era.isTheano, counted.contains(era.version), fields["padding"] != "valid"
    {
      set("keraskit>count_padding", true, "avgpool-same-count", .defaulted, &self)
    }
  }
}
