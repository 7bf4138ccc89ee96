import KerasCore
import KerasModel

/// Every metric this library knows, by any of Keras' names.
enum MetricRegistry {
  private enum Kind {
    case accuracy, equality, crossentropy, binary, categorical, sparse, topK, sparseTopK, cosine, relativeError
  }

  private static let means: [String: Kind] = [
    "accuracy": .accuracy, "acc": .accuracy, "crossentropy": .crossentropy, "ce": .crossentropy,
    "binary_accuracy": .binary, "binaryaccuracy": .binary,
    "categorical_accuracy": .categorical, "categoricalaccuracy": .categorical,
    "sparse_categorical_accuracy": .sparse, "sparsecategoricalaccuracy": .sparse,
    "top_k_categorical_accuracy": .topK, "topkcategoricalaccuracy": .topK,
    "sparse_top_k_categorical_accuracy": .sparseTopK, "sparsetopkcategoricalaccuracy": .sparseTopK,
    "cosine_similarity": .cosine, "cosinesimilarity": .cosine, "cosine_proximity": .cosine, "cosine": .cosine,
    "meanrelativeerror": .relativeError, "mean_relative_error": .relativeError,
  ]

  private static let streaming: [any StreamingMetric.Type] = [
    ConfusionCount.self, Precision.self, Recall.self, RateAtRate.self, AreaUnderCurve.self, ClassOverlap.self,
    FScore.self, RootMeanSquaredError.self, R2Score.self, Correlation.self, BatchScore.self,
  ]

  /// For messages and help: one name each.
  static var names: [String] {
    means.keys.filter { $0.contains("_") || $0 == "accuracy" }.sorted()
      + LossRegistry.all.compactMap { $0.names.first }
      + streaming.flatMap { $0.names.filter { $0.first?.isUppercase == true } }
  }

  private static func streamingType(_ name: String) -> (any StreamingMetric.Type)? {
    let wanted = name.lowercased()
    return streaming.first { $0.names.contains { $0.lowercased() == wanted } }
  }

  static func isKnown(_ name: String) -> Bool {
    means[name.lowercased()] != nil || LossRegistry.type(named: name) != nil || streamingType(name) != nil
  }

  /// Resolves a metric as the release did for an output of `lastDimension` trained with `loss`.
  ///
  /// `accuracy` is by shapes since TensorFlow 2; before, a binary crossentropy made it elementwise for any shape.
  /// Throws `TrainingError.unknownMetric`, and `unsupported` for a config that cannot be followed.
  static func metric(
    _ request: CompileConfiguration.MetricRequest, lastDimension: Int?, loss: (any Loss)?, semantics: TrainingSemantics
  ) throws(TrainingError) -> ResolvedMetric {
    if let expression = request.expression { return .mean(LossMetric(loss: ExpressionLoss(expression))) }
    let config = LossConfig(request.config)
    guard let kind = means[request.name.lowercased()] else {
      if let type = streamingType(request.name) {
        return .streaming(
          try stream(type, request.name, MetricConfig(request.config), lastDimension ?? 1, semantics))
      }
      guard let type = LossRegistry.type(named: request.name) else {
        throw .unknownMetric(request.name, known: names)
      }
      return .mean(LossMetric(loss: type.init(config)))
    }
    let hasIndices = loss?.targetsAreIndices ?? false
    let isBinary = semantics.accuracyIsBinary(
      lastDimension: lastDimension, targetsAreIndices: hasIndices, lossIsBinary: loss is BinaryCrossentropy)
    func count() throws(TrainingError) -> Int { try MetricConfig(request.config).count("k", default: 5) }
    switch kind {
    case .accuracy where request.name == "Accuracy" && request.config["dtype"] != nil:
      return .mean(EqualityAccuracy())
    case .equality: return .mean(EqualityAccuracy())
    case .accuracy:
      return .mean(isBinary ? BinaryAccuracy() : CategoricalAccuracy(targetsAreIndices: hasIndices))
    case .crossentropy:
      let name = hasIndices ? "sparse_categorical" : isBinary ? "binary" : "categorical"
      return .mean(LossMetric(loss: try LossRegistry.loss(named: name + "_crossentropy")))
    case .binary: return .mean(BinaryAccuracy(threshold: config.double("threshold", default: 0.5)))
    case .categorical: return .mean(CategoricalAccuracy(targetsAreIndices: false))
    case .sparse: return .mean(CategoricalAccuracy(targetsAreIndices: true))
    case .topK: return .mean(TopKAccuracy(count: try count(), targetsAreIndices: false))
    case .sparseTopK: return .mean(TopKAccuracy(count: try count(), targetsAreIndices: true))
    case .cosine: return .mean(CosineMetric(loss: CosineSimilarity(config)))
    case .relativeError:
      guard let normalizer = MetricConfig(request.config).doubles("normalizer"), !normalizer.isEmpty,
        normalizer.count == 1 || normalizer.count == lastDimension
      else { throw .unsupported(field: "metrics", reason: "MeanRelativeError needs a normalizer of the output's size") }
      return .mean(MeanRelativeError(normalizer: normalizer))
    }
  }

  private static func stream(
    _ type: any StreamingMetric.Type, _ name: String, _ config: MetricConfig, _ classes: Int,
    _ semantics: TrainingSemantics
  ) throws(TrainingError) -> any StreamingMetric {
    let plain = name.lowercased().filter { $0 != "_" }
    // Keras 1's functions of these names.
    if semantics.averagesMetricsByBatch, let own = BatchScore.names.first(where: { $0.filter { $0 != "_" } == plain }) {
      return try BatchScore(config, name: own)
    }
    switch type {
    case is ConfusionCount.Type: return try ConfusionCount(config, kind: ConfusionCount.kind(named: name))
    case is RateAtRate.Type:
      return try RateAtRate(config, kind: RateAtRate.Kind(rawValue: plain) ?? .sensitivityatspecificity)
    case is ClassOverlap.Type: return try ClassOverlap(config, name: plain)
    case is Correlation.Type: return try Correlation(config, isConcordance: plain.hasPrefix("concordance"))
    case is BatchScore.Type: return try BatchScore(config, name: name.lowercased())
    default: return try type.init(config, classes: classes)
    }
  }
}
