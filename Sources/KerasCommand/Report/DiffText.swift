import KerasKit

/// The differences of two models, for people and for scripts.
enum DiffText {
  static func text(
    _ diff: ModelDiff, run: DiffRun?, isVerbose: Bool
  ) -> String {
    var lines = ["A  \(Terminal.printable(diff.fileA))", "B  \(Terminal.printable(diff.fileB))", ""]
    lines += diff.model.map { line($0, indent: "") }
    for layer in diff.layers where layer.effect != nil || isVerbose { lines += text(layer) }
    let equal = diff.layers.count { $0.effect == nil }
    if equal > 0 { lines.append("\(equal) of \(diff.layers.count) layers are the same in all\(weightsNote(diff)).") }
    if !diff.compile.isEmpty {
      lines += [Terminal.colored("training configuration", .bold)] + diff.compile.map { line($0) }
    }
    let states = diff.optimizerState.filter { !$0.isSame }
    if !states.isEmpty { lines += [Terminal.colored("optimizer state", .bold)] + states.map(line) }
    lines += diff.reorderings.map(line) + (run?.lines ?? [])
    lines += diff.incomparable.map { WrappedText.paragraph(label: "note ", $0) }
    return (lines + ["", verdict(diff)]).joined(separator: "\n")
  }

  private static func verdict(_ diff: ModelDiff) -> String {
    switch diff.effect {
    case nil: Terminal.colored("Same: no differences.", .green)
    case .note: Terminal.colored("Same: the differences change nothing that is computed.", .green)
    case .training: Terminal.colored("Different: the models train differently; predictions are not affected.", .yellow)
    case .inference: Terminal.colored("Different: the models differ in what they predict with.", .red)
    }
  }

  private static func weightsNote(_ diff: ModelDiff) -> String {
    let count = diff.layers.reduce(0) { $0 + $1.weights.count }
    return count == 0 ? "" : ", their weights too"
  }

  private static func text(_ layer: ModelDiff.Layer) -> [String] {
    let name: String
    switch (layer.pathA, layer.pathB) {
    case (let a?, let b?): name = a == b ? a : "\(a) → \(b)"
    case (let a?, nil): name = "\(a) (only in A)"
    case (nil, let b): name = "\(b ?? "") (only in B)"
    }
    let kind = layer.className.isEmpty ? "" : " (\(Terminal.printable(layer.className)))"
    var lines = [
      Terminal.colored(Terminal.printable(name), .bold) + kind + (layer.isReordered ? ", at another place" : "")
    ]
    lines += layer.fields.map { line($0) }
    if let connections = layer.connections { lines.append(line(connections)) }
    if layer.pathA != nil, layer.pathB != nil { lines += layer.weights.filter { !$0.isSame }.map(line) }
    return lines
  }

  private static func line(_ field: ModelDiff.Field) -> String { line(field, indent: "  ") }

  private static func line(_ field: ModelDiff.Field, indent: String) -> String {
    func side(_ value: JSON?, _ saved: String?) -> String {
      let text = value?.text() ?? "absent"
      return (text.count > 60 ? text.prefix(57) + "…" : text) + (saved.map { " [\($0)]" } ?? "")
    }
    let label = field.effect == .note ? "note " : "\(field.effect.rawValue) "
    return indent + label
      + Terminal.printable(
        "\(field.name): \(side(field.a, field.savedInA)) → \(side(field.b, field.savedInB))")
  }

  private static func line(_ weight: ModelDiff.Weight) -> String {
    let text =
      switch (weight.shapeA, weight.shapeB) {
      case (let a?, nil): "only in A, \(Shape(a))"
      case (nil, let b?): "only in B, \(Shape(b))"
      case (let a?, let b?):
        weight.relation.map { "\($0.word)\(detail($0))" + (a == b ? "" : ", \(Shape(a)) → \(Shape(b))") } ?? "not read"
      case (nil, nil): "not read"
      }
    return "  weight " + Terminal.printable("\(weight.name): \(text)")
  }

  private static func detail(_ relation: ArrayRelation) -> String {
    switch relation {
    case .withinRounding(let largest): ", at most \(NumberText.short(largest))"
    case .transposed(let axes): " \(axes)"
    case .flattenOrder(let channels): ", (h, w, c) ↔ (c, h, w) with \(channels) channels"
    case .permuted(let axes): ", entries of axis \(axes.map(String.init).joined(separator: " and "))"
    case .scaled(let factor): " by \(NumberText.short(factor))"
    case .trained(let distance, let cosine), .unrelated(let distance, let cosine):
      ", distance \(NumberText.short(distance)) of A's norm, cosine \(NumberText.short(cosine))"
    default: ""
    }
  }

  private static func line(_ found: ModelDiff.UnitReordering) -> String {
    let units = "units of \(found.layer) are reordered (\(found.moved) of \(found.units))"
    if let problem = found.problem {
      return Terminal.colored(Terminal.printable("\(units), inconsistently: \(problem)"), .red)
    }
    let followers = found.followers.isEmpty ? "" : " (followed by \(found.followers.joined(separator: ", ")))"
    return Terminal.colored(Terminal.printable("\(units), consistently: computes the same\(followers)"), .green)
  }

  // MARK: JSON

  static func json(_ diff: ModelDiff, run: DiffRun?) -> JSON {
    [
      "a": .string(diff.fileA), "b": .string(diff.fileB), "same": .bool(diff.isSame),
      "effect": diff.effect.map { .string($0.rawValue) } ?? .null,
      "model": .array(diff.model.map(json)),
      "layers": .array(
        diff.layers.map { layer in
          [
            "a": layer.pathA.map { .string($0) } ?? .null, "b": layer.pathB.map { .string($0) } ?? .null,
            "class_name": .string(layer.className), "reordered": .bool(layer.isReordered),
            "effect": layer.effect.map { .string($0.rawValue) } ?? .null,
            "fields": .array(layer.fields.map(json)), "connections": layer.connections.map(json) ?? .null,
            "weights": .array(layer.weights.map(json)),
          ]
        }),
      "compile": .array(diff.compile.map(json)), "optimizer_state": .array(diff.optimizerState.map(json)),
      "reorderings": .array(
        diff.reorderings.map { found in
          [
            "layer": .string(found.layer), "moved": .number(Double(found.moved)),
            "units": .number(Double(found.units)), "consistent": .bool(found.isConsistent),
            "followers": .array(found.followers.map { .string($0) }),
            "problem": found.problem.map { .string($0) } ?? .null,
          ]
        }),
      "run": run?.json ?? .null,
      "outputs": .array(
        (run?.outputs ?? []).map { output in
          [
            "name": .string(output.name), "agrees": .bool(output.relative <= (run?.tolerance ?? 0)),
            "relative": output.relative.isFinite ? .number(output.relative) : .null,
          ]
        }),
      "not_compared": .array(diff.incomparable.map { .string($0) }),
    ]
  }

  private static func json(_ field: ModelDiff.Field) -> JSON {
    [
      "field": .string(field.name), "effect": .string(field.effect.rawValue), "a": field.a ?? .null,
      "b": field.b ?? .null, "saved_in_a": field.savedInA.map { .string($0) } ?? .null,
      "saved_in_b": field.savedInB.map { .string($0) } ?? .null,
    ]
  }

  private static func json(_ weight: ModelDiff.Weight) -> JSON {
    func shape(_ shape: [Int]?) -> JSON { shape.map { JSON($0) } ?? .null }
    func number(_ value: Double) -> JSON { value.isFinite ? .number(value) : .null }
    var json: JSON = [
      "name": .string(weight.name), "shape_a": shape(weight.shapeA), "shape_b": shape(weight.shapeB),
      "relation": .string(weight.relation?.word ?? "missing"),
      "reordered_consistently": .bool(weight.isReorderedConsistently),
    ]
    switch weight.relation {
    case .withinRounding(let largest): json["largest"] = number(largest)
    case .transposed(let axes), .permuted(let axes): json["axes"] = JSON(axes)
    case .flattenOrder(let channels): json["channels"] = JSON(channels)
    case .scaled(let factor): json["factor"] = number(factor)
    case .trained(let distance, let cosine), .unrelated(let distance, let cosine):
      json["distance"] = number(distance)
      json["cosine"] = number(cosine)
    default: break
    }
    return json
  }
}
