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
