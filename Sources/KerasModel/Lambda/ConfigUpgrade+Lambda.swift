import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// Says what the function of a Lambda layer is taken for, or marks the layer as refused.
  mutating func translateLambda(
    _ fields: inout OrderedDictionary<String, JSON>, saved: SavedLayer, path: [String]
  ) {
    guard translatesLambdas else {
      fields["keraskit>refused"] = true
      return
    }
    let field = fields["function"] ?? .null
    guard let function = try? LambdaFunction(field) else { return }
    let meanings = meanings(in: function)
    if !meanings.isEmpty {
      fields[LambdaLayer.meaningsField] = .object(meanings)
      record(
        .translated, "lambda-meanings", path, saved.fieldsPointer.appending("function"),
        new: (LambdaLayer.meaningsField, .object(meanings)))
    }
    let python = "Python \(LambdaDescription.python(function.releases) ?? "")"
    var text =
      function.expression.map { "translated to: \($0)" }
      ?? "is followed instruction by instruction: it is no single expression (inspect --lambda shows it)"
    let unknown = function.firstUnknown
    if let unknown {
      let line = unknown.line.map { " (line \($0))" } ?? ""
      let name = path.last ?? "NAME"
      text =
        (function.expression.map { "reads: \($0)" } ?? "is no single expression (inspect --lambda shows it)")
        + ". \(unknown.name)\(line) has no meaning here: where the function comes to it, the layer is refused, and "
        + "--map \(name)='…' gives the layer a meaning"
    }
    note(
      "lambda-translated", unknown == nil ? .note : .warning, path, saved.fieldsPointer.appending("function"),
      "The function '\(function.code.name)', byte code of \(python), \(text). Nothing is executed.")
    let assumed: KeyValuePairs = [
      "image_data_format": "'channels_last'", "image_dim_ordering": "'tf'", "floatx": "'float32'",
    ]
    for (name, value) in assumed where function.settings.contains(name) {
      note(
        "lambda-setting", .warning, path, saved.fieldsPointer.appending("function"),
        "The function asks for K.\(name)(), a setting of the program that saved the model. It is taken for \(value).")
    }
  }

  /// Functions that the release at hand computed otherwise than the names say here.
  private func meanings(in function: LambdaFunction) -> OrderedDictionary<String, JSON> {
    var meanings: OrderedDictionary<String, JSON> = [:]
    if function.names("batch_dot"), isBeforeTensorFlow2 { meanings["keraskit>batch_dot"] = "keraskit>batch_matmul" }
    // clip(0.2·x + 0.5, 0, 1) before Keras 3.
    if function.names("hard_sigmoid"), era.dialect < .keras3 { meanings["hard_sigmoid"] = "keraskit>hard_sigmoid" }
    // Without half pixels: tf.image.resize of TensorFlow 1, and what standalone Keras called to interpolate.
    if function.names("resize"), isBeforeTensorFlow2 { meanings["resize"] = "keraskit>resize" }
    if function.names("resize_images"), era.dialect < .keras3, !era.version.isTensorFlow, era.backend != "theano" {
      meanings["keraskit>resize_images"] = "keraskit>resize_images_corner"
    }
    return meanings
  }

  /// Keras 1's Merge with a Python function as its mode: a Lambda of the list of its inputs.
  mutating func lambdaMerge(_ saved: SavedLayer, name: String, path: [String]) -> JSON {
    var fields: OrderedDictionary<String, JSON> = [
      "name": .string(name), "trainable": true, "dtype": "float32", "function": saved.fields["mode"] ?? .null,
      "function_type": saved.fields["mode_type"] ?? .null, "arguments": saved.fields["arguments"] ?? .null,
    ]
    record(
      .translated, "merge-lambda", path, saved.fieldsPointer.appending("mode"),
      old: ("mode", saved.fields["mode"] ?? .null), new: ("class_name", "Lambda"))
    translateLambda(&fields, saved: saved, path: path)
    return layerObject(className: LambdaLayer.className, name: name, config: fields, pointer: saved.pointer)
  }
}
