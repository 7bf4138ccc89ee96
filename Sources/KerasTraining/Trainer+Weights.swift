import KerasCore
import KerasEngine

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

  /// The first variable by name that holds an infinite number or NaN.
  func firstWeightNotFinite() -> String? {
    store.names.first { name in
      (try? store.withMutableFloats(name) { !UnsafeBufferPointer($0).areFinite }) ?? false
    }
  }
}
