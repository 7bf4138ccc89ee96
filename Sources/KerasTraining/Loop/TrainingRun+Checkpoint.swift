import KerasCore

extension TrainingRun {
  /// The run's state behind the step that was made last.
  ///
  /// Throws `TrainingError.weightNotFinite` if a weight is not: a checkpoint is something to go back to.
  public func checkpoint() throws(TrainingError) -> Checkpoint {
    if let variable = trainer.firstWeightNotFinite() {
      throw .weightNotFinite(variable: variable, epoch: epochsDone + 1, step: stepsDone)
    }
    var numbers: [String: [Double]] = [
      "average": average.state,
      "early_stopping": [
        early.best ?? .nan, early.best == nil ? 0 : 1, Double(early.bestEpoch), Double(early.wait),
        early.hasStopped ? 1 : 0,
      ],
      "plateau": [plateau.best ?? .nan, plateau.best == nil ? 0 : 1, Double(plateau.wait), Double(plateau.cooldown)],
    ]
    if fit.reduceOnPlateau != nil, let rates = trainer.optimizer?.baseRates { numbers["learning_rates"] = rates }
    return Checkpoint(
      epochsDone: epochsDone, stepsDone: stepsDone, weights: try trainer.currentWeights(of: trainer.store.names),
      optimizer: try trainer.savedState(), best: best, history: history, conditions: conditions,
      arithmetic: arithmetic, numbers: numbers)
  }

  func writeCheckpoint() throws(TrainingError) {
    guard let path = fit.checkpoints?.path else { return }
    try checkpoint().write(to: path)
    lastCheckpoint = path
  }

  /// Takes over a checkpoint's state; throws `TrainingError.checkpoint` if it is of another run.
  func restore(_ checkpoint: Checkpoint) throws(TrainingError) {
    func mismatch(_ reason: String) -> TrainingError { .checkpoint(path: "the checkpoint", reason: reason) }
    for (key, value) in conditions.objectValue ?? [:] {
      let found = checkpoint.conditions[key] ?? .null
      guard found == value else {
        throw mismatch("its run had \(key) \(found.text()), this one has \(value.text())")
      }
    }
    // Checkpoints of before this was noted do not say.
    if let threads = checkpoint.arithmetic["threads"]?.intValue, checkpoint.arithmetic != arithmetic {
      resumeProblem =
        checkpoint.arithmetic["threads"] == arithmetic["threads"]
        ? "the checkpoint's run chose its \(threads) threads by another rule: results may differ by rounding "
          + "(give --threads in both runs or in neither)"
        : "the checkpoint's run had \(threads) threads, this one has \(trainer.options.threads): results may differ by "
          + "rounding (--threads \(threads) repeats them bit for bit)"
    }
    guard Set(checkpoint.weights.keys) == Set(trainer.store.names) else {
      let odd = Set(checkpoint.weights.keys).symmetricDifference(trainer.store.names).sorted()
      throw mismatch("it is of another model: only one of them has '\(odd[0])'")
    }
    for (name, data) in checkpoint.weights {
      guard trainer.store.shape(name) == data.shape else {
        throw mismatch("it is of another model: '\(name)' has shape \(Shape(data.shape))")
      }
    }
    guard checkpoint.stepsDone <= steps, checkpoint.numbers["average"]?.count == average.state.count else {
      throw mismatch("its averages are not those of this loss and these metrics")
    }
    try trainer.setWeights(checkpoint.weights)
    if let state = checkpoint.optimizer { try trainer.optimizer?.restore(state, trained: trainer.store.names) }
    average.state = checkpoint.numbers["average"] ?? []
    if let saved = checkpoint.numbers["early_stopping"], saved.count == 5 {
      early = EarlyStopping.State(
        best: saved[1] == 1 ? saved[0] : nil, bestEpoch: Int(saved[2]), wait: Int(saved[3]), hasStopped: saved[4] == 1)
    }
    if let saved = checkpoint.numbers["plateau"], saved.count == 4 {
      plateau = ReduceLROnPlateau.State(
        best: saved[1] == 1 ? saved[0] : nil, wait: Int(saved[2]), cooldown: Int(saved[3]))
    }
    // Who goes on without the callback may choose another rate.
    if fit.reduceOnPlateau != nil, let rates = checkpoint.numbers["learning_rates"] {
      trainer.optimizer?.baseRates = rates
    }
    best = checkpoint.best
    history = checkpoint.history
    epochsDone = checkpoint.epochsDone
    stepsDone = checkpoint.stepsDone
  }
}
