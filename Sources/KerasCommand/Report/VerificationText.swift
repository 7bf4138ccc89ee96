import KerasConversion
import KerasKit

/// How a model compares with its case.
enum VerificationText {
  static func text(
    _ verification: Verification, _ record: ConversionRecord?, _ consumer: Consumer? = nil
  ) -> String {
    var lines: [String] = []
    if let record {
      let release = record.kerasVersion.map { " of Keras \($0)" } ?? ""
      lines.append(Terminal.printable("converted from \(record.source)\(release) by \(record.tool)"))
      if let digest = record.sha256 { lines.append("source SHA-256 \(Terminal.printable(digest))") }
    }
    let difference = NumberText.short(verification.difference, digits: 2)
    if verification.isEqual {
      lines.append(
        "equal: outputs within \(difference), "
          + (consumer.map { "as \($0.name) computes them" } ?? "\(verification.layerCount) layers compared"))
    } else {
      let program = consumer.map { " as \($0.name) computes them" } ?? ""
      lines.append(
        "different: outputs by \(difference)\(program) (allowed: \(NumberText.short(verification.tolerance)))")
      if let first = verification.firstDivergence {
        lines.append(
          Terminal.printable(
            "the first layer that diverges is '\(first.layer)', by \(NumberText.short(first.difference, digits: 2))"))
      } else if let consumer, !consumer.showsResults {
        lines.append("\(consumer.name) shows no results of layers: which one diverges is not known")
      } else {
        lines.append("no layer that both have diverges: what follows the last of them does")
      }
    }
    return lines.joined(separator: "\n")
  }

  static func json(
    _ verification: Verification, _ record: ConversionRecord?, _ consumer: Consumer? = nil
  ) -> JSON {
    func number(_ value: Double) -> JSON { value.isFinite ? .number(value) : .string("\(value)") }
    return [
      "equal": .bool(verification.isEqual), "difference": number(verification.difference),
      "tolerance": .number(verification.tolerance), "layers": JSON(verification.layerCount),
      "first_divergence": verification.firstDivergence.map {
        ["layer": .string($0.layer), "difference": number($0.difference)]
      } ?? .null,
      "program": consumer.map { .string($0.name) } ?? .null,
      "source": record.map { $0.json["source"] ?? .null } ?? .null,
    ]
  }
}
