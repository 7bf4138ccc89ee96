import KerasKit

/// The record of an upgrade for people: a line per field.
enum ProvenanceText {
  static func text(_ records: [Provenance]) -> String {
    if records.isEmpty { return "Every field is as saved." }
    var table = TextTable(
      ("layer", .left), ("change", .left), ("in the file", .left), ("canonical", .left), ("rule", .left), ("at", .left))
    for record in records {
      table.add(
        record.layer, record.kind.rawValue, side(record.oldKey, record.oldValue), side(record.newKey, record.newValue),
        record.rule, record.location.pointer?.description ?? "")
    }
    return table.text
  }

  static func json(_ record: Provenance) -> JSON {
    [
      "kind": .string(record.kind.rawValue), "rule": .string(record.rule), "layer": .string(record.layer),
      "pointer": .string(record.location.pointer?.description ?? ""),
      "old_key": record.oldKey.map { .string($0) } ?? .null, "old_value": record.oldValue ?? .null,
      "new_key": record.newKey.map { .string($0) } ?? .null, "new_value": record.newValue ?? .null,
    ]
  }

  private static func side(_ key: String?, _ value: JSON?) -> String {
    guard let key else { return "" }
    let text = value?.text() ?? ""
    return "\(key) = \(text.count > 60 ? text.prefix(57) + "…" : text)"
  }
}
