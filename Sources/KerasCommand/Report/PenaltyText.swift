import Foundation
import KerasKit

/// What activity regularizers add in each release, and the factors between two, for people.
enum PenaltyText {
  /// More layers than these are shown as their total only.
  private static let widest = 5

  static func text(_ table: ActivityTable) -> String {
    guard !table.layers.isEmpty else { return "No layer has an activity regularizer." }
    let shown = table.layers.count > widest ? [] : table.layers
    var text = TextTable(("total", .right), ("in", .left))
    if table.layers.count > 1 {
      text.header = shown + ["total", "in"]
      text.alignments = shown.map { _ in .right } + [.right, .left]
    }
    for row in table.rows {
      var notes: [String] = []
      if row.isSaved { notes.append("← as saved") }
      if row.isTarget { notes.append("← the target") }
      if !row.countsInEvaluation { notes.append("(in training only)") }
      var cells = table.layers.count > 1 ? zip(shown, row.values).map { NumberText.short($1, digits: 6) } : []
      cells += [
        NumberText.short(row.total, digits: 6),
        ([spans(row.releases).joined(separator: ", ")] + notes).joined(separator: " "),
      ]
      text.rows.append(cells.map { Terminal.printable($0) })
    }
    let what =
      "Activity penalties of \(NumberText.grouped(table.samples)) samples in batches of \(table.batchSize), "
      + "as evaluation without dropout reports them"
    let rest =
      shown.isEmpty && table.layers.count > 1
      ? "\n\(table.layers.count) layers; --format json has each." : ""
    return Terminal.colored(what, .bold) + "\n" + text.text + rest
  }

  /// Spans of releases that follow each other as one: `Keras 1.2 to 2.0.2` and `Keras 2.0.3 to 2.0.9`.
  private static func spans(_ releases: [String]) -> [String] {
    let order = PenaltyTable.meanings.map(\.releases)
    var result: [String] = []
    var last: String?
    for span in releases {
      let (name, end) = (span.prefix { $0 != " " }, span.components(separatedBy: " to ").last)
      if let previous = last, let index = order.firstIndex(of: previous), index + 1 < order.count,
        order[index + 1] == span, previous.hasPrefix(name + " "), let end, end != span, let joined = result.last,
        joined.contains(" to ")
      {
        result[result.count - 1] = (joined.components(separatedBy: " to ").first ?? joined) + " to " + end
      } else {
        result.append(span)
      }
      last = span
    }
    return result
  }

  static func text(_ match: LossMatch) -> String {
    text(match.forward, match.batchSize) + "\n\n" + text(match.backward, match.batchSize)
  }

  private static func text(_ direction: LossMatch.Direction, _ batchSize: Int) -> String {
    let head = Terminal.colored(
      "To have the loss of \(direction.writer) in \(direction.reader), batches of \(batchSize)", .bold)
    guard !direction.layers.isEmpty else { return head + "\nnothing: no layer has an activity regularizer" }
    var table = TextTable(("layer", .left), ("factor", .right), ("", .left))
    for match in direction.layers {
      switch match.outcome {
      case .factor(let factor):
        table.add(match.layer, "× \(NumberText.plain(factor))", written(match.regularizer, factor))
      case .refused(let reason): table.add(match.layer, "none", reason)
      }
    }
    var text = head + "\n" + table.text
    if direction.layers.contains(where: \.isOfFullBatches) {
      text += "\nThe factors hold for full batches; an epoch's last batch of fewer samples is penalised by another."
    }
    return text
  }

  private static func written(_ regularizer: Regularizer, _ factor: Double) -> String {
    guard case .l1l2(let l1, let l2) = regularizer else { return "" }
    return [("l1", l1), ("l2", l2)].filter { $1 != 0 }
      .map { "\($0) \(NumberText.plain($1)) → \(NumberText.plain($1 * factor))" }.joined(separator: ", ")
  }
}
