import KerasKit

/// What a file without an architecture holds, for people and for scripts.
enum StoredWeightsText {
  static func text(_ source: ModelSource, note: String) -> String {
    var table = TextTable(
      ("Layer", .left), ("array", .left), ("shape", .left), ("type", .left), ("like", .left))
    for group in groups(source) {
      let likely = LikelyLayer(group)?.text ?? ""
      for (index, array) in group.arrays.enumerated() {
        table.add(
          index == 0 ? group.name : "", array.name, Shape(array.shape).description, array.dtype.rawValue,
          index == 0 ? likely : "")
      }
      if group.arrays.isEmpty { table.add(group.name, "", "", "", "no weights") }
    }
    let head = [
      ("file", source.file), ("format", source.format.rawValue),
      ("saved by", source.versionStamp.map { "Keras \($0)" } ?? "not stated"),
      ("backend", source.backend ?? "not stated"),
    ]
    return head.map { label, value in
      Terminal.colored(label, .bold) + String(repeating: " ", count: 10 - label.count) + Terminal.printable(value)
    }.joined(separator: "\n") + "\n\n" + table.text
      + "\n\nTotal params: \(NumberText.grouped(parameterCount(source)))\n\n"
      + WrappedText.paragraph(label: "note ", note)
  }

  static func json(_ source: ModelSource, note: String) -> JSON {
    [
      "file": .string(source.file), "format": .string(source.format.rawValue),
      "keras_version": source.versionStamp.map { .string($0) } ?? .null,
      "backend": source.backend.map { .string($0) } ?? .null, "note": .string(note),
      "parameters": ["total": JSON(parameterCount(source))],
      "stored": .array(
        groups(source).map { group in
          [
            "name": .string(group.name), "like": LikelyLayer(group).map { .string($0.text) } ?? .null,
            "arrays": .array(
              group.arrays.map { array in
                [
                  "name": .string(array.name), "path": .string(array.path), "shape": JSON(array.shape),
                  "dtype": .string(array.dtype.rawValue),
                ]
              }),
          ]
        }),
    ]
  }

  private static func groups(_ source: ModelSource) -> [WeightGroup] {
    switch source.weights {
    case .none: []
    case .groups(let groups), .paths(let groups): groups
    }
  }

  private static func parameterCount(_ source: ModelSource) -> Int {
    var total = 0
    for array in groups(source).flatMap(\.arrays) {
      total = total.addingReportingOverflow(checkedProduct(array.shape) ?? 0).partialValue
    }
    return total
  }
}
