import KerasCore

extension TrainingSemantics {
  /// The choices of a release; of the current Keras if `version` is nil.
  ///
  /// Files of tf.keras name Keras' version, which several TensorFlow releases share: `2.1.6-tf` is read as TensorFlow 1.12,
  /// `2.2.4-tf` as 1.15, `2.3.0-tf` as 2.1 to 2.3.
  public static func of(version: KerasVersion?, backend: String? = nil) -> TrainingSemantics {
    let version = version ?? KerasVersion(3, 15, 1)
    var semantics = TrainingSemantics()
    for row in releases where row.applies(to: version, backend: backend) { row.apply(&semantics) }
    semantics.name = (version.isTensorFlow ? "tf.keras==" : "keras==") + version.description
    if backend == "theano", version.major < 3 { semantics.name += "+theano" }
    return semantics
  }

  /// The release a user names: `keras==2.1.3`, `keras==2.2.4+theano`, `tf.keras==2.2.4-tf`, `tensorflow==1.15`.
  public init?(named name: String) {
    guard let release = Self.release(named: name) else { return nil }
    self = .of(version: release.version, backend: release.backend)
  }

  /// The version and, if given, backend that such a name means; `nil` if it is none.
  public static func release(named name: String) -> (version: KerasVersion, backend: String?)? {
    let halves = name.split(separator: "==", maxSplits: 1).map { $0.trimmed }
    guard halves.count == 2 else { return nil }
    let parts = halves[1].split(separator: "+", maxSplits: 1).map(String.init)
    guard let text = parts.first, let version = KerasVersion(text) else { return nil }
    let backend = parts.count > 1 ? parts[1] : nil
    switch halves[0].lowercased() {
    case "keras": return (version, backend)
    case "tf.keras", "tf-keras", "tf_keras":
      return (KerasVersion(version.major, version.minor, version.patch, isTensorFlow: version.major < 3), nil)
    case "tensorflow", "tf":
      let row = tensorFlowReleases.first { version < $0.before }
      return (row?.keras ?? version, nil)
    default: return nil
    }
  }

  /// Which Keras a TensorFlow release stamps its files with.
  private static let tensorFlowReleases: [(before: KerasVersion, keras: KerasVersion)] = [
    (KerasVersion(1, 9), KerasVersion(2, 0, 8, isTensorFlow: true)),
    (KerasVersion(1, 13), KerasVersion(2, 1, 6, isTensorFlow: true)),
    (KerasVersion(2, 1), KerasVersion(2, 2, 4, isTensorFlow: true)),
    (KerasVersion(2, 4), KerasVersion(2, 3, 0, isTensorFlow: true)),
  ]

  private struct Row: Sendable {
    var releases: Releases
    /// The backend it is for, or every one; a file of an unknown backend counts as TensorFlow.
    var backend: String?
    var apply: @Sendable (inout TrainingSemantics) -> Void

    init(_ releases: Releases, backend: String? = nil, _ apply: @escaping @Sendable (inout TrainingSemantics) -> Void) {
      self.releases = releases
      self.backend = backend
      self.apply = apply
    }

    func applies(to version: KerasVersion, backend: String?) -> Bool {
      guard releases.contains(version) else { return false }
      return self.backend.map { $0 == (backend ?? "tensorflow") } ?? true
    }
  }

  private static func span(
    _ since: (Int, Int, Int), _ before: (Int, Int, Int), _ kind: Releases.Kind
  ) -> Releases {
    Releases(
      since: KerasVersion(since.0, since.1, since.2), before: KerasVersion(before.0, before.1, before.2), kind: kind)
  }

  /// What differs from current Keras, later rows on top of earlier ones; all measured on the original releases.
  private static let releases: [Row] =
    activity + losses + optimizers + batchNormalizations

  private static let activity: [Row] = [
    Row(.since(3)) { $0.activityIgnoredBy = ["SimpleRNN"] },
    Row(span((3, 0, 0), (3, 14, 0), .any)) { $0.activityReduction = .sum },
    Row(.before(3)) { $0.penalizesFrozenWeights = true },

    Row(.before(3, kind: .tensorFlow)) { $0.timeDistributedActivity = .perStep },
    Row(.before(2, 2, 4, kind: .tensorFlow)) {
      $0.activityReduction = .sum
      $0.timeDistributedActivity = .whole
      $0.bidirectionalActivity = .dropped
    },

    Row(.before(2, 4, kind: .standalone)) {
      $0.activityReduction = .sum
      $0.timeDistributedActivity = .doubledForFixedBatch
      $0.bidirectionalActivity = .merged
    },
    // The layer's inputs instead of its outputs, in models called as layers.
    Row(span((2, 0, 3), (2, 1, 4), .standalone)) { $0.nestedActivity = .input },
    // `Sequential.add` called a first model on a new Input from 2.1.0 on.
    Row(span((2, 1, 0), (2, 1, 4), .standalone)) { $0.firstNestedActivity = .input },
    Row(.before(2, 0, 3, kind: .standalone)) {
      $0.nestedActivity = .dropped
      $0.timeDistributedActivity = .whole
      $0.bidirectionalActivity = .dropped
      $0.dropsSharedWrapperActivity = true
    },
    Row(.before(1, 2, kind: .standalone)) {
      $0.penalizesEvaluation = false
      $0.timeDistributedActivity = .dropped
    },
    Row(.before(1, 0, 7, kind: .standalone)) { $0.activityReduction = .perSample },
    Row(.before(1, kind: .standalone)) { $0.nestedActivity = .output },
  ]

  private static let losses: [Row] = [
    Row(.before(3)) { $0.masksAllMetrics = true },
    Row(.before(2, 2, 4, kind: .tensorFlow)) { $0.averagesMetricsByBatch = true },
    Row(.before(2, 3, kind: .standalone)) { $0.averagesMetricsByBatch = true },
    Row(span((2, 2, 4), (2, 10, 0), .tensorFlow)) { $0.maskNormalization = .all },
    Row(span((2, 2, 4), (3, 0, 0), .tensorFlow)) { $0.binaryCrossentropyAddsEpsilon = true },
    Row(.before(2, 2, 4, kind: .tensorFlow)) {
      $0.weightNormalization = .sumOfWeights
      $0.crossentropyReadsLogits = false
      $0.hingeConvertsBinaryTargets = false
    },
    Row(.before(2, 1, 6, kind: .tensorFlow)) { $0.weightNormalization = .nonZeroCount },
    Row(span((2, 2, 4), (2, 3, 0), .tensorFlow)) { $0.cosineForm = .positiveSum },
    Row(.before(2, 3, kind: .tensorFlow)) { $0.accuracyFollowsLoss = true },

    Row(.before(2, 4, kind: .standalone)) {
      $0.maskNormalization = .all
      $0.accuracyFollowsLoss = true
      $0.crossentropyReadsLogits = false
      $0.hingeConvertsBinaryTargets = false
    },
    Row(span((2, 3, 0), (2, 4, 0), .standalone), backend: "tensorflow") { $0.binaryCrossentropyAddsEpsilon = true },
    Row(.before(2, 4, kind: .standalone), backend: "theano") { $0.sparseCrossentropyClipsFirst = false },
    Row(.before(2, 3, kind: .standalone)) {
      $0.maskNormalization = .unmasked
      $0.weightNormalization = .nonZeroCount
    },
    Row(.before(2, 0, 9, kind: .standalone)) { $0.cosineForm = .negativeMean },
  ]

  private static let optimizers: [Row] = [
    Row(.before(3)) {
      $0.honorsDecay = true
      $0.averagesBeginWithWeights = true
    },
    // tf.keras' own optimizers, until the classes of 2.11 and later became the default.
    Row(.before(2, 11, kind: .tensorFlow)) { $0.useLegacyOptimizers() },
    Row(.before(2, 6, kind: .tensorFlow)) { $0.ftrlKeepsScaledLinear = true },
    Row(.before(2, 2, 4, kind: .tensorFlow)) { $0.adagradStart = 0 },
    Row(.before(2, 1, 6, kind: .tensorFlow)) { $0.clipnormScope = .global },
    Row(.before(2, 4, kind: .standalone)) {
      $0.clipsByOneRule = false
      $0.clipnormScope = .global
      $0.rmspropEpsilon = .outsideRoot
      $0.rmspropMomentumEpsilon = .outsideRoot
      $0.adagradEpsilon = .outsideRoot
      $0.adagradStart = 0
      $0.nadamScheduleDecay = 0.004
    },
    Row(span((2, 3, 0), (2, 4, 0), .standalone), backend: "tensorflow") { $0.readsIterationsLate = true },
    Row(.before(1, 0, 3, kind: .standalone)) {
      $0.rmspropEpsilon = .insideRoot
      $0.rmspropMomentumEpsilon = .insideRoot
      $0.adagradEpsilon = .insideRoot
    },
  ]

  /// The optimizers of tf.keras 1.14 to 2.10, which 2.11 and later call `legacy`.
  mutating func useLegacyOptimizers() {
    clipsByOneRule = false
    rmspropEpsilon = .outsideRoot
    rmspropMomentumEpsilon = .insideRoot
    adagradEpsilon = .outsideRoot
    nadamScheduleDecay = 0.004
  }

  private static let batchNormalizations: [Row] = [
    Row(.before(2, 12)) { $0.batchNormalization.masksStatistics = false },
    Row(.before(3, kind: .tensorFlow)) { $0.batchNormalization.variance = .unbiasedForImages },
    Row(.before(2, 3, kind: .tensorFlow)) { $0.batchNormalization.frozenUsesMovingStatistics = false },

    Row(.before(2, 4, kind: .standalone)) { $0.batchNormalization.frozenUsesMovingStatistics = false },
    Row(span((2, 1, 4), (2, 4, 0), .standalone)) { $0.batchNormalization.variance = .unbiasedLessEpsilon },
    Row(span((2, 1, 3), (2, 3, 0), .standalone), backend: "tensorflow") { $0.batchNormalization.zeroDebias = true },
    Row(span((2, 1, 3), (2, 4, 0), .standalone), backend: "tensorflow") { $0.batchNormalization.fusesImages = true },
    Row(span((1, 0, 0), (2, 1, 3), .standalone)) { $0.batchNormalization.frozenUpdates = true },
    Row(span((1, 2, 0), (2, 1, 4), .standalone), backend: "theano") {
      $0.batchNormalization.variance = .biasedPlusEpsilon
    },
    Row(span((2, 1, 4), (2, 4, 0), .standalone), backend: "theano") {
      $0.batchNormalization.variance = .unbiasedPlusEpsilon
    },
    Row(.before(1, 0, 7, kind: .standalone), backend: "theano") { $0.batchNormalization.variance = .standardDeviation },
    Row(.before(1, 0, 6, kind: .standalone)) { $0.batchNormalization.variance = .standardDeviation },
  ]
}
