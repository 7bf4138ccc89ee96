import KerasCore
import KerasEngine
import KerasModel

extension Trainer {
  /// Copies of variables as they are now, in float32.
  func currentWeights(of names: some Sequence<String>) throws(TrainingError) -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for name in names where store.contains(name) {
      result[name] = try engineStep { () throws(EngineError) in try store.data(name) }
    }
    return result
  }

  func setWeights(_ weights: [String: TensorData]) throws(TrainingError) {
    for (name, data) in weights {
      try engineStep { () throws(EngineError) in try store.set(name, data) }
    }
  }

  /// The optimizer that was asked for in place of the file's, as Keras 3 serializes it; `nil` if none was.
  public var chosenOptimizer: JSON? {
    guard let chosen = options.optimizer, let optimizer else { return nil }
    var config = chosen["config"] ?? .object([:])
    // A wrapper's parts have rates of their own.
    if optimizer.form.parts.count == 1, optimizer.className != "LossScaleOptimizer" {
      config["learning_rate"] = optimizer.learningRate.json
    }
    return KerasObject.json(module: "keras.optimizers", className: optimizer.className, config: config)
  }

  /// The first variable by name that holds an infinite number or NaN.
  func firstWeightNotFinite() -> String? {
    store.names.first { name in
      (try? store.withMutableFloats(name) { !UnsafeBufferPointer($0).areFinite }) ?? false
    }
  }
}
