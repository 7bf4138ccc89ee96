import KerasCore

extension Evaluation {
  /// `loss`, `data_loss`, with several outputs `output_losses`, `regularization` and `metrics`.
  public var json: JSON {
    var json: JSON = ["loss": .number(loss), "data_loss": .number(dataLoss)]
    if outputLosses.count > 1 { json["output_losses"] = Self.object(outputLosses) }
    json["regularization"] = Self.object(penalties)
    json["metrics"] = Self.object(metrics)
    return json
  }

  init?(_ json: JSON) {
    guard let loss = json["loss"]?.doubleValue, let dataLoss = json["data_loss"]?.doubleValue else { return nil }
    self.init(
      loss: loss, dataLoss: dataLoss, outputLosses: Self.pairs(json["output_losses"]),
      penalties: Self.pairs(json["regularization"]), metrics: Self.pairs(json["metrics"]))
  }

  private static func object(_ pairs: [(name: String, value: Double)]) -> JSON {
    var object = JSON.object([:])
    for (name, value) in pairs { object[name] = .number(value) }
    return object
  }

  private static func pairs(_ json: JSON?) -> [(name: String, value: Double)] {
    (json?.objectValue ?? [:]).compactMap { name, value in value.doubleValue.map { (name, $0) } }
  }
}

extension TrainingHistory.Epoch {
  /// The training's numbers as of `Evaluation.json`, the validation's under `validation`, and `learning_rate`.
  public var json: JSON {
    var json = training.json
    if let validation { json["validation"] = validation.json }
    json["learning_rate"] = .number(learningRate)
    return json
  }

  init?(_ json: JSON) {
    guard let training = Evaluation(json), let rate = json["learning_rate"]?.doubleValue else { return nil }
    self.init(training: training, validation: json["validation"].flatMap { Evaluation($0) }, learningRate: rate)
  }
}
