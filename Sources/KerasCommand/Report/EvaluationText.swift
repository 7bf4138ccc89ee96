import KerasKit

/// An evaluation's numbers for people and for scripts.
enum EvaluationText {
  static func text(_ evaluation: Evaluation) -> String {
    var table = TextTable(("term", .left), ("value", .right))
    table.add("loss", NumberText.short(evaluation.loss, digits: 6))
    table.add("  data", NumberText.short(evaluation.dataLoss, digits: 6))
    if evaluation.outputLosses.count > 1 {
      for (name, value) in evaluation.outputLosses { table.add("    \(name)", NumberText.short(value, digits: 6)) }
    }
    for (name, value) in evaluation.penalties { table.add("  \(name)", NumberText.short(value, digits: 6)) }
    for (name, value) in evaluation.metrics { table.add(name, NumberText.short(value, digits: 6)) }
    return table.text
  }
}
