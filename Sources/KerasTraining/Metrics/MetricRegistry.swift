import KerasCore
import KerasModel

/// Every metric this library knows, by any of Keras' names.
enum MetricRegistry {
  private enum Kind {
    case accuracy, binary, categorical, sparse, topK, sparseTopK
  }

  private static let accuracies: [String: Kind] = [
    "accuracy": .accuracy, "acc": .accuracy, "binary_accuracy": .binary, "binaryaccuracy": .binary,
    "categorical_accuracy": .categorical, "categoricalaccuracy": .categorical,
    "sparse_categorical_accuracy": .sparse, "sparsecategoricalaccuracy": .sparse,
    "top_k_categorical_accuracy": .topK, "topkcategoricalaccuracy": .topK,
    "sparse_top_k_categorical_accuracy": .sparseTopK, "sparsetopkcategoricalaccuracy": .sparseTopK,
  ]

  static var names: [String] {
    accuracies.keys.filter { $0.contains("_") || $0 == "accuracy" }.sorted()
      + LossRegistry.all.compactMap { $0.names.first }
  }

  static func isKnown(_ name: String) -> Bool {
    accuracies[name.lowercased()] != nil || LossRegistry.type(named: name) != nil
  }

  /// Resolves a metric as the release did for an output of `lastDimension` trained with `loss`.
  ///
  /// `accuracy` is by shapes since TensorFlow 2; before, a binary crossentropy made it elementwise for any shape.
  /// Throws `TrainingError.unknownMetric`.
  static func metric(
    _ request: CompileConfiguration.MetricRequest, lastDimension: Int?, loss: (any Loss)?, semantics: TrainingSemantics
  ) throws(TrainingError) -> any Metric {
    if let expression = request.expression { return LossMetric(loss: ExpressionLoss(expression)) }
    let config = LossConfig(request.config)
    guard let kind = accuracies[request.name.lowercased()] else {
      guard let type = LossRegistry.type(named: request.name) else {
        throw .unknownMetric(request.name, known: names)
      }
      return LossMetric(loss: type.init(config))
    }
    let hasIndices = loss?.targetsAreIndices ?? false
    switch kind {
    case .accuracy:
      if hasIndices { return CategoricalAccuracy(targetsAreIndices: true) }
      let followsLoss = semantics.accuracyFollowsLoss && loss is BinaryCrossentropy
      return lastDimension == 1 || followsLoss
        ? BinaryAccuracy() : CategoricalAccuracy(targetsAreIndices: false)
    case .binary: return BinaryAccuracy(threshold: config.double("threshold", default: 0.5))
    case .categorical: return CategoricalAccuracy(targetsAreIndices: false)
    case .sparse: return CategoricalAccuracy(targetsAreIndices: true)
    case .topK: return TopKAccuracy(count: Int(config.double("k", default: 5)), targetsAreIndices: false)
    case .sparseTopK: return TopKAccuracy(count: Int(config.double("k", default: 5)), targetsAreIndices: true)
    }
  }
}
