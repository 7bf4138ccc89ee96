import KerasKit

/// What came out where diff ran both models.
struct DiffRun {
  /// What the samples are: a file, or made with a seed.
  var samples: String
  var count: Int
  var outputs: [OutputDifference]
  var layers: [LayerDifference]
  var tolerance: Double

  var differs: Bool { outputs.contains { !($0.relative <= tolerance) } }

  /// The first layer whose outputs lie apart, those in another order left out.
  var firstDivergence: LayerDifference? { layers.first { !($0.relative <= tolerance) && !$0.isReordered } }

  var lines: [String] {
    var lines = [Terminal.colored("run", .bold) + " of both on \(count) samples (\(Terminal.printable(samples)))"]
    let largest = layers.filter { !$0.isReordered }.max { $0.relative < $1.relative }
    if let first = firstDivergence {
      let name = first.pathA == first.pathB ? first.pathA : "\(first.pathA) → \(first.pathB)"
      var text = "  first layer that diverges: \(name) (\(first.className)), "
      text += first.relative.isFinite ? "at most \(NumberText.short(first.relative)) apart" : "of another shape"
      lines.append(Terminal.colored(Terminal.printable(text), .red))
      if let side = first.zeroSide {
        lines.append("    where they differ \(side) puts out zeros, as some releases do at masked steps")
      }
    } else if let largest {
      lines.append(
        Terminal.colored("  all \(layers.count) matched layers agree", .green)
          + ": at most \(NumberText.short(largest.relative)) apart, in \(Terminal.printable(largest.pathA))")
    } else {
      lines.append("  no layers to compare")
    }
    let moved = layers.filter { !($0.relative <= tolerance) && $0.isReordered }
    if !moved.isEmpty {
      lines.append(
        "  the same numbers in another order: "
          + Terminal.printable(moved.map(\.pathA).formatted(limit: 8)))
    }
    for output in outputs {
      let isNear = output.relative <= tolerance
      lines.append(
        "  "
          + Terminal.colored("output '\(Terminal.printable(output.name))'", isNear ? .green : .red)
          + " \(isNear ? "agrees" : "differs"): at most \(NumberText.short(output.relative)) apart, relative to its largest"
      )
    }
    return lines
  }

  var json: JSON {
    func number(_ value: Double) -> JSON { value.isFinite ? .number(value) : .null }
    func json(_ layer: LayerDifference) -> JSON {
      [
        "a": .string(layer.pathA), "b": .string(layer.pathB), "class_name": .string(layer.className),
        "agrees": .bool(layer.relative <= tolerance), "relative": number(layer.relative),
        "reordered": .bool(layer.isReordered), "zero_side": layer.zeroSide.map { .string($0) } ?? .null,
      ]
    }
    return [
      "samples": .string(samples), "count": .number(Double(count)), "tolerance": .number(tolerance),
      "first_divergence": firstDivergence.map(json) ?? .null, "layers": .array(layers.map(json)),
    ]
  }
}

extension [String] {
  /// The first few by comma, and how many more there are.
  fileprivate func formatted(limit: Int) -> String {
    prefix(limit).joined(separator: ", ") + (count > limit ? " and \(count - limit) more" : "")
  }
}
