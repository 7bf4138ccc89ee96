import KerasKit

/// A model's description for people and for scripts.
enum InspectionText {
  static func text(_ model: Inspection) -> String {
    var parts = [head(model), layerTable(model), totals(model)]
    if let training = training(model) { parts.append(training) }
    if let regularizers = regularizers(model) { parts.append(regularizers) }
    if !model.diagnostics.isEmpty {
      parts.append(
        model.diagnostics.map { diagnostic in
          let place = diagnostic.layer.map { "layer '\($0)': " } ?? ""
          return WrappedText.paragraph(
            label: "\(diagnostic.severity.rawValue) ", "\(diagnostic.rule): \(place)\(diagnostic.message)")
        }.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  private static func head(_ model: Inspection) -> String {
    let source = model.source
    let stamp = source.versionStamp ?? source.config?["keras_version"]?.stringValue
    let lines = [
      ("file", source.file), ("format", source.format.rawValue),
      ("saved by", stamp.map { "Keras \($0)" } ?? "not stated"),
      ("backend", model.canonical.backend ?? "not stated"),
      (
        "model",
        "\(model.canonical.config["config"]?["name"]?.stringValue ?? "") "
          + "(\(model.canonical.config["class_name"]?.stringValue ?? ""))"
      ),
    ]
    return lines.map { label, value in
      Terminal.colored(label, .bold) + String(repeating: " ", count: 10 - label.count) + Terminal.printable(value)
    }.joined(separator: "\n")
  }

  private static func layerTable(_ model: Inspection) -> String {
    var table = TextTable(("Layer (type)", .left), ("Output Shape", .left), ("Param #", .right))
    for layer in model.layers {
      let components = layer.path.split(separator: "/")
      let indent = String(repeating: "  ", count: max(0, components.count - 1))
      let shapes = layer.outputShapes.map(\.description).joined(separator: ", ")
      table.add(
        "\(indent)\(components.last ?? "") (\(layer.className))", shapes, NumberText.grouped(layer.parameterCount))
    }
    return table.text
  }

  private static func counts(_ model: Inspection) -> (total: Int, trainable: Int) {
    var (total, trainable) = (0, 0)
    for variable in model.variables {
      let count = checkedProduct(variable.spec.shape) ?? 0
      total += count
      if variable.trainable { trainable += count }
    }
    return (total, trainable)
  }

  private static func totals(_ model: Inspection) -> String {
    let (total, trainable) = counts(model)
    return """
      Total params: \(NumberText.grouped(total))
      Trainable params: \(NumberText.grouped(trainable))
      Non-trainable params: \(NumberText.grouped(total - trainable))
      """
  }

  private static func training(_ model: Inspection) -> String? {
    guard let compile = model.canonical.compile else { return nil }
    var lines = [Terminal.colored("Training configuration", .bold)]
    if let optimizer = compile["optimizer"], !optimizer.isNull {
      let fields = optimizer["config"]?.objectValue?.filter { $0.key != "name" && !$0.value.isNull } ?? [:]
      lines.append(
        "  optimizer  \(optimizer["class_name"]?.stringValue ?? optimizer.text())  "
          + fields.map { "\($0.key) \($0.value.doubleValue.map(NumberText.factor) ?? $0.value.text())" }.joined(
            separator: ", "))
    }
    for key in ["loss", "loss_weights", "metrics", "weighted_metrics"] {
      guard let value = compile[key], !value.isNull, value != .array([]) else { continue }
      lines.append("  \(key)  \(value.stringValue ?? value.text())")
    }
    return lines.map { Terminal.hasColor ? $0 : Terminal.printable($0) }.joined(separator: "\n")
  }

  private static func regularizers(_ model: Inspection) -> String? {
    let found = model.regularizers
    if found.isEmpty { return nil }
    var table = TextTable(("Regularizer", .left), ("class", .left), ("factors", .left))
    for (layer, field, config) in found {
      let factors = (config["config"] ?? config).objectValue ?? [:]
      table.add(
        "\(layer) \(field)", config["class_name"]?.stringValue ?? "ActivityRegularization",
        factors.compactMap { key, value in value.doubleValue.map { "\(key) \(NumberText.factor($0))" } }
          .joined(separator: ", "))
    }
    return table.text
  }

  /// Which stored array became which variable.
  static func weights(_ model: Inspection) -> String {
    guard let assignment = model.assignment else { return "The file holds no weights." }
    var table = TextTable(
      ("variable", .left), ("stored as", .left), ("shape", .left), ("matched by", .left), ("conversion", .left))
    for row in assignment.rows {
      table.add(
        row.parameter, row.storedPaths.joined(separator: ", "),
        row.storedShapes.map { Shape($0).description }.joined(separator: ", "), row.reason.rawValue,
        row.conversion ?? "")
    }
    return table.text
  }

  static func json(_ model: Inspection, provenance: Bool, weights: Bool) -> JSON {
    let (total, trainable) = counts(model)
    var json: JSON = [
      "file": .string(model.source.file), "format": .string(model.source.format.rawValue),
      "keras_version": model.source.versionStamp.map { .string($0) } ?? .null,
      "backend": model.canonical.backend.map { .string($0) } ?? .null,
      "class_name": model.canonical.config["class_name"] ?? nil,
      "name": model.canonical.config["config"]?["name"] ?? nil,
    ]
    json["layers"] = .array(
      model.layers.map { layer in
        [
          "path": .string(layer.path), "class_name": .string(layer.className),
          "input_shapes": .array(layer.inputShapes.map { JSON($0) }),
          "output_shapes": .array(layer.outputShapes.map { JSON($0) }), "parameters": JSON(layer.parameterCount),
        ]
      })
    json["parameters"] = ["total": JSON(total), "trainable": JSON(trainable)]
    json["training"] = model.canonical.compile ?? .null
    json["regularizers"] = .array(
      model.regularizers.map { ["layer": .string($0.layer), "field": .string($0.field), "config": $0.config] })
    json["diagnostics"] = .array(
      model.diagnostics.map { diagnostic in
        [
          "rule": .string(diagnostic.rule), "severity": .string(diagnostic.severity.rawValue),
          "layer": diagnostic.layer.map { .string($0) } ?? .null, "message": .string(diagnostic.message),
        ]
      })
    if provenance { json["provenance"] = .array(model.canonical.provenance.map(ProvenanceText.json)) }
    if weights {
      json["weights"] = .array(
        (model.assignment?.rows ?? []).map { row in
          [
            "variable": .string(row.parameter), "stored": .array(row.storedPaths.map { .string($0) }),
            "shapes": .array(row.storedShapes.map { JSON($0) }), "matched_by": .string(row.reason.rawValue),
            "conversion": row.conversion.map { .string($0) } ?? .null,
          ]
        })
    }
    return json
  }
}
