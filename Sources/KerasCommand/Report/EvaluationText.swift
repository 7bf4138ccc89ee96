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

  static func json(_ evaluation: Evaluation) -> JSON {
    func object(_ pairs: [(name: String, value: Double)]) -> JSON {
      var object = JSON.object([:])
      for (name, value) in pairs { object[name] = .number(value) }
      return object
    }
    var json: JSON = ["loss": .number(evaluation.loss), "data_loss": .number(evaluation.dataLoss)]
    if evaluation.outputLosses.count > 1 { json["output_losses"] = object(evaluation.outputLosses) }
    json["regularization"] = object(evaluation.penalties)
    json["metrics"] = object(evaluation.metrics)
    return json
  }
}
