import KerasKit

/// What a training would do, for people and for scripts.
enum PreviewText {
  static func text(_ preview: TrainingPreview) -> String {
    var layers = TextTable(("layer", .left), ("class", .left), ("trained", .right), ("kept", .right), ("", .left))
    for layer in preview.layers {
      layers.add(
        layer.path, layer.className, NumberText.grouped(layer.trained), NumberText.grouped(layer.kept),
        layer.runsAsInInference ? "frozen, with its moving statistics" : layer.isFrozen ? "frozen" : "")
    }
    layers.add("total", "", NumberText.grouped(preview.trainedCount), NumberText.grouped(preview.keptCount), "")
    var lines = [layers.text, ""]
    var rate = "\(preview.optimizer), learning rate \(NumberText.short(preview.learningRate))"
    if preview.iterations > 0 { rate += ", after \(NumberText.grouped(preview.iterations)) steps in the file" }
    lines.append("loss       \(preview.loss.filter { !$0.isEmpty }.joined(separator: ", "))")
    lines.append("optimizer  \(rate)")
    lines.append(
      "steps      \(NumberText.grouped(preview.stepsPerEpoch)) an epoch of \(NumberText.grouped(preview.samples)) samples "
        + "in batches of \(preview.batchSize), \(preview.epochs) epochs"
        + (preview.validationSamples > 0 ? ", \(NumberText.grouped(preview.validationSamples)) to validate" : ""))
    let memory = preview.memory
    lines.append(
      "memory     \(bytes(memory.total)): weights \(bytes(memory.weights)), optimizer \(bytes(memory.optimizer)), "
        + "steps \(bytes(memory.steps)), data \(bytes(memory.data)), writing \(bytes(memory.result)), "
        + "program \(bytes(memory.program))")
    if let recomputation = preview.recomputation { lines.append("again      \(text(recomputation))") }
    if let prefix = preview.prefix { lines.append("frozen     \(text(prefix))") }
    if let obstacle = preview.prefixObstacle { lines.append("frozen     \(text(prefixObstacle: obstacle))") }
    lines.append("")
    lines.append(penalties(preview.penalties))
    return lines.joined(separator: "\n")
  }

  /// Which layers are computed once, and what is kept of them.
  static func text(_ prefix: PrefixSummary) -> String {
    let (first, last) = (prefix.layers.first ?? "", prefix.layers.last ?? "")
    var text =
      prefix.layers.count < 2
      ? "layer \(first) is computed once"
      : "layers \(first) … \(last) (\(prefix.layers.count)) are computed once"
    if prefix.isOfValidationOnly { text += " for the validation data" }
    if let count = prefix.countPerSample { text += ": \(NumberText.grouped(count)) floats per sample" }
    if let size = prefix.bytes {
      text += ", \(bytes(size)) " + (prefix.isOnDisk ? "in a temporary file" : "in memory")
    }
    return text
  }

  /// What is computed twice, and what that saves.
  static func text(_ recomputation: RecomputationSummary) -> String {
    "activations are recomputed in \(recomputation.segments) segments (\(recomputation.steps) steps run twice): "
      + "\(bytes(recomputation.byteCount)) in place of \(bytes(recomputation.byteCountBefore))"
  }

  static func json(_ recomputation: RecomputationSummary?) -> JSON {
    guard let recomputation else { return .null }
    return [
      "segments": JSON(recomputation.segments), "steps": JSON(recomputation.steps),
      "bytes_before": JSON(recomputation.byteCountBefore), "bytes": JSON(recomputation.byteCount),
    ]
  }

  static func text(prefixObstacle: String) -> String {
    "frozen layers are computed in every epoch: \(prefixObstacle)"
  }

  /// The terms of this training, and what each release would have made of the same regularizers.
  static func penalties(_ table: PenaltyTable) -> String {
    guard !table.own.terms.isEmpty || table.rows.contains(where: { !$0.terms.isEmpty }) else {
      return "no regularizers"
    }
    var terms = TextTable(("regularization before the first step", .left), (table.semantics, .right))
    for term in table.own.terms { terms.add(term.name, NumberText.short(term.value, digits: 6)) }
    terms.add("total", NumberText.short(table.own.total, digits: 6))
    var rows = TextTable(("the same under", .left), ("total", .right), ("", .left))
    for row in table.rows {
      var notes: [String] = []
      if row.isOwn { notes.append("= this training") }
      if !row.countsInEvaluation { notes.append("in training only") }
      let own = Set(row.terms.map(\.name))
      let missing = table.rows.flatMap(\.terms).map(\.name).filter { !own.contains($0) }
      if let first = missing.first {
        let others = Set(missing).count - 1
        notes.append("without \(first)" + (others > 0 ? " and \(others) more" : ""))
      }
      rows.add(row.releases, NumberText.short(row.total, digits: 6), notes.joined(separator: ", "))
    }
    var text = terms.text + "\n\n" + rows.text
    for layer in table.ignored { text += "\n\n" + ignored(layer, table.semantics) }
    return text
  }

  static func ignored(_ layer: String, _ semantics: String) -> String {
    "\(semantics) adds nothing for the activity regularizer of '\(layer)'"
  }

  static func bytes(_ count: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var value = Double(count)
    var unit = 0
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    return (unit == 0 ? "\(count)" : NumberText.short(value, digits: 3)) + " " + units[unit]
  }

  static func json(_ preview: TrainingPreview) -> JSON {
    var json: JSON = [
      "semantics": .string(preview.semantics), "samples": JSON(preview.samples),
      "validation_samples": JSON(preview.validationSamples), "batch_size": JSON(preview.batchSize),
      "steps_per_epoch": JSON(preview.stepsPerEpoch), "epochs": JSON(preview.epochs),
      "loss": .array(preview.loss.map { .string($0) }),
    ]
    json["optimizer"] = [
      "class_name": .string(preview.optimizer), "learning_rate": .number(preview.learningRate),
      "iterations": JSON(preview.iterations),
    ]
    json["parameters"] = ["trained": JSON(preview.trainedCount), "kept": JSON(preview.keptCount)]
    json["layers"] = .array(
      preview.layers.map { layer in
        [
          "path": .string(layer.path), "class_name": .string(layer.className), "trained": JSON(layer.trained),
          "kept": JSON(layer.kept), "frozen": .bool(layer.isFrozen),
          "runs_as_in_inference": .bool(layer.runsAsInInference),
        ]
      })
    let memory = preview.memory
    json["memory_bytes"] = [
      "total": JSON(memory.total), "weights": JSON(memory.weights), "optimizer": JSON(memory.optimizer),
      "steps": JSON(memory.steps), "data": JSON(memory.data), "result": JSON(memory.result),
      "program": JSON(memory.program),
    ]
    json["recomputation"] = Self.json(preview.recomputation)
    json["frozen_prefix"] =
      preview.prefix.map { prefix in
        [
          "layers": .array(prefix.layers.map { .string($0) }),
          "floats_per_sample": prefix.countPerSample.map { JSON($0) } ?? .null,
          "validation_only": .bool(prefix.isOfValidationOnly), "bytes": prefix.bytes.map { JSON($0) } ?? .null,
          "on_disk": .bool(prefix.isOnDisk),
        ]
      } ?? .null
    json["regularization"] = row(preview.penalties.own)
    json["regularization_by_release"] = .array(preview.penalties.rows.map { row($0) })
    json["ignored_activity_regularizers"] = .array(preview.penalties.ignored.map { .string($0) })
    return json
  }

  private static func row(_ row: PenaltyTable.Row) -> JSON {
    [
      "releases": .string(row.releases), "total": .number(row.total), "in_evaluation": .bool(row.countsInEvaluation),
      "as_trained": .bool(row.isOwn),
      // A layer applied several times has several terms of one name.
      "terms": .array(row.terms.map { ["name": .string($0.name), "value": .number($0.value)] }),
    ]
  }
}
