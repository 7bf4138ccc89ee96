import KerasConversion
import KerasKit

/// What a conversion did, for people and for scripts.
enum ConversionText {
  /// `provenance` is printed if given.
  static func text(_ report: ConversionReport, _ provenance: [Provenance]?) -> String {
    var lines = report.notes.map { Terminal.printable("\($0)") }
    if let provenance { lines.append(ProvenanceText.text(provenance)) }
    if let rounding = report.rounding { lines += text(rounding) }
    switch report.proof {
    case .verified(let verification):
      lines.append("verified: read back, outputs equal within \(NumberText.short(verification.difference, digits: 2))")
    case .notVerified(let reason): lines.append(Terminal.printable("not read back: \(reason)"))
    }
    switch report.consumer {
    case .computed(let difference)?:
      lines.append(
        "verified: the program asked for computes the same within \(NumberText.short(difference, digits: 2))")
    case .onlyRead(let program, let reason)?:
      lines.append(Terminal.printable("checked: \(program) reads the file without complaint; \(reason)"))
    case nil: break
    }
    lines.append(Terminal.printable("wrote \(report.path)"))
    return lines.joined(separator: "\n")
  }

  private static func text(_ rounding: RoundingReport) -> [String] {
    let worst = rounding.arrays.prefix(3).map { "\($0.name) \(NumberText.short($0.difference, digits: 2))" }
    return [
      "weights in \(rounding.format.rawValue): outputs move by \(NumberText.short(rounding.outputDifference, digits: 2)) of "
        + "their largest on \(rounding.samples) made samples; \(rounding.arrays.count) arrays, "
        + (rounding.untouched > 0 ? "\(rounding.untouched) stay float32, " : "") + "most changed: "
        + Terminal.printable(worst.joined(separator: ", "))
    ]
  }

  static func json(_ report: ConversionReport, _ provenance: [Provenance]) -> JSON {
    var json: JSON = [
      "output": .string(report.path), "format": .string(report.format),
      "notes": json(report.notes),
      "record": report.record.json,
    ]
    switch report.proof {
    case .verified(let verification):
      json["verified"] = ["difference": .number(verification.difference), "layers": JSON(verification.layerCount)]
    case .notVerified(let reason): json["not_verified"] = .string(reason)
    }
    switch report.consumer {
    case .computed(let difference)?: json["program_difference"] = .number(difference)
    case .onlyRead(_, let reason)?: json["program_only_read"] = .string(reason)
    case nil: break
    }
    if let rounding = report.rounding {
      json["rounding"] = [
        "format": .string(rounding.format.rawValue), "output_difference": .number(rounding.outputDifference),
        "arrays": .array(
          rounding.arrays.map { ["name": .string($0.name), "difference": .number($0.difference)] }),
      ]
    }
    if !provenance.isEmpty { json["provenance"] = .array(provenance.map { ProvenanceText.json($0) }) }
    return json
  }

  private static func json(_ notes: [ExportNote]) -> JSON {
    .array(
      notes.map { note in
        [
          "kind": .string(note.kind.rawValue), "layer": note.layer.map { .string($0) } ?? .null,
          "message": .string(note.message),
        ]
      })
  }

  // MARK: Folders

  /// A table, and before it all notes if they are asked for.
  static func text(_ items: [BatchConversion.Item], _ output: String, withNotes: Bool = false) -> String {
    var table = TextTable(
      ("source", .left), ("result", .left), ("difference", .right), ("rewrites", .right), ("lost", .right),
      ("target, or why not", .left))
    for item in items {
      let isDone = item.status == .converted || item.status == .unchanged
      table.add(
        item.source, item.status.rawValue, item.difference.map { NumberText.short($0, digits: 2) } ?? "",
        count(.rewritten, item), count(.lost, item),
        isDone ? item.target : item.message)
    }
    let counts = Dictionary(grouping: items, by: \.status).mapValues(\.count)
    let order: [BatchConversion.Status] = [.converted, .unchanged, .skipped, .failed]
    let summary = order.compactMap { status in counts[status].map { "\($0) \(status.rawValue)" } }
    var notes = ""
    for item in withNotes ? items : [] where !item.notes.isEmpty {
      notes += ([item.source] + item.notes.map { "  \($0)" }).map { Terminal.printable($0) + "\n" }.joined() + "\n"
    }
    return notes + table.text + "\n"
      + (items.isEmpty ? "no models found" : summary.joined(separator: ", ") + Terminal.printable(" in \(output)"))
  }

  private static func count(_ kind: ExportNote.Kind, _ item: BatchConversion.Item) -> String {
    let count = item.notes.count { $0.kind == kind }
    return count > 0 ? "\(count)" : ""
  }

  static func json(_ items: [BatchConversion.Item]) -> JSON {
    .array(
      items.map { item in
        [
          "source": .string(item.source), "target": .string(item.target), "status": .string(item.status.rawValue),
          "difference": item.difference.map { .number($0) } ?? .null, "notes": json(item.notes),
          "message": .string(item.message),
        ]
      })
  }
}
