import KerasCore

extension TrainingRun {
  /// Names what callbacks watch before training begins, so that a wrong name does not show after an epoch of hours.
  func checkMonitors() throws(TrainingError) {
    let empty = TrainingHistory.Epoch(
      training: average.evaluation,
      validation: validation.map { EvaluationAverage($0.loss.layout).evaluation }, learningRate: 0)
    for monitor in [fit.earlyStopping?.monitor, fit.reduceOnPlateau?.monitor].compactMap({ $0 }) {
      _ = try empty.value(of: monitor.resolvedName(hasValidation: validation != nil))
    }
    if fit.reduceOnPlateau != nil, let optimizer = trainer.optimizer, optimizer.baseRates == nil {
      throw .unsupported(field: "learning_rate", reason: "a schedule sets it, so that ReduceLROnPlateau cannot")
    }
  }

  /// What early stopping and the plateau make of an epoch, in this order.
  func runCallbacks(_ epoch: TrainingHistory.Epoch) throws(TrainingError) {
    if let stopping = fit.earlyStopping {
      let name = stopping.monitor.resolvedName(hasValidation: validation != nil)
      let isBest = stopping.update(&early, value: try epoch.value(of: name), named: name, epoch: epochsDone)
      if isBest, stopping.restoresBest { best = try trainer.currentWeights(of: trainer.model.weights.keys) }
    }
    if let reduction = fit.reduceOnPlateau, let optimizer = trainer.optimizer, let rates = optimizer.baseRates {
      let name = reduction.monitor.resolvedName(hasValidation: validation != nil)
      let value = try epoch.value(of: name)
      if let new = reduction.update(&plateau, value: value, named: name, learningRates: rates) {
        optimizer.baseRates = new
      }
    }
  }
}
