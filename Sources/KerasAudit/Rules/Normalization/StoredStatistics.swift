import KerasCore
import KerasModel

/// What the stored statistics of old batch normalisation are.
enum StoredStatistics {
  static func isBatchNormalization(_ layer: AuditedLayer) -> Bool { layer.className == "BatchNormalization" }

  /// Whether the release kept a standard deviation in the fourth array.
  private static func keepsDeviation(_ release: Release) -> Bool {
    release.version.major < 2
      && (release.version < KerasVersion(1, 0, 6)
        || release.isTheano && release.version < KerasVersion(1, 0, 7))
  }

  private static func usesStatistics(_ layer: AuditedLayer, _ subject: AuditSubject) -> Bool {
    isBatchNormalization(layer) && (subject.savedFields(layer)["mode"] ?? 0) == 0
  }

  static let runningDeviation = LayerMeaning(
    id: "bn-running-std", title: "The fourth array of BatchNormalization is a standard deviation",
    family: .normalization, severity: .error, consequence: .inference,
    affected: "Keras 0.1 to 1.0.5 (on Theano 1.0.6 too)",
    explanation: """
      BatchNormalization of Keras 0 to 1.0.5 keeps a running standard deviation where later releases keep the variance,
      under a name (running_std) that 1.0.7 to 1.2.2 went on using for the variance. A later reader takes the root of it
      once more. Measured: γ(x−m)/(s+ε)+β in 0.3.3, γ(x−m)/√(s+ε)+β in 1.0.8 and later.
      """,
    fix: "`convert` and `predict` square it; do not load the weights in a later release directly.",
    find: { layer, subject in
      guard usesStatistics(layer, subject), (subject.version ?? subject.canonical.readAs) < KerasVersion(1, 0, 7),
        (subject.version ?? subject.canonical.readAs).major < 2
      else { return nil }
      return .init(words: "running_std", summary: "This BatchNormalization comes from a release that kept a deviation.")
    },
    mean: { _, release, _ in
      keepsDeviation(release) ? "the fourth array is the standard deviation" : "the fourth array is the variance"
    })

  static let axesOfKeras0 = LayerMeaning(
    id: "bn-0.1-2-axis", title: "BatchNormalization kept statistics of each element", family: .normalization,
    severity: .warning, consequence: .inference, affected: "Keras 0.1 to 0.3.0",
    explanation: """
      BatchNormalization of Keras 0.1 to 0.3.0 reduces the batch axis only and keeps a mean and a deviation of each element of
      its input's shape; later releases keep one of each channel. For vectors it is the same; behind a convolution no later
      layer holds such arrays.
      """,
    fix: "predict computes it as saved, by the shape of the stored arrays.",
    find: { layer, subject in
      guard isBatchNormalization(layer), subject.canonical.readAs.major == 0 else { return nil }
      return .init(words: "statistics' shape", summary: "A BatchNormalization of Keras 0.")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 3, 1) ? "statistics of each element of the input" : "statistics of each channel"
    })

  static let lostStatistics = LayerMeaning(
    id: "bn-0.1-lost-stats", title: "Keras 0.1 did not save the moving statistics", family: .normalization,
    severity: .error, consequence: .inference, affected: "Keras 0.1.3",
    explanation: """
      BatchNormalization of Keras 0.1.3 does not count its moving mean and deviation among its weights: the file has gamma
      and beta only. What the model predicted cannot be computed from it.
      """,
    fix: "Run the training data through the model once to measure the statistics anew; the file cannot give them.",
    find: { layer, subject in
      guard isBatchNormalization(layer), subject.canonical.readAs.major == 0,
        subject.version.map({ $0 < KerasVersion(0, 2) }) ?? true
      else { return nil }
      return .init(words: "moving statistics", summary: "A BatchNormalization that may come from Keras 0.1.")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 2)
        ? "the moving statistics are not in the file"
        : "the moving statistics are the third and fourth array"
    })
}

/// A file that says neither release nor what its arrays are.
struct AmbiguousDeviation: AuditRule {
  let id = "bn-running-std-ambiguous"
  let title = "Arrays named running_std may hold a deviation or a variance"
  let family = RuleFamily.normalization
  let severity = Severity.warning
  let consequence = Consequence.inference
  let affected = "Keras 1 files without a release"
  let explanation = """
    Keras 1 names the fourth array of BatchNormalization running_std in all its releases. Up to 1.0.5 it is a standard
    deviation, from 1.0.7 on the variance (see bn-running-std). Files without keras_version, such as those of save_weights,
    do not say which.
    """
  let fix = "State the release with --keras-version; without it the variance is taken."

  func check(_ subject: AuditSubject) -> [Finding] {
    guard subject.version == nil, case .groups(let groups) = subject.source.weights else { return [] }
    return groups.flatMap { group in
      group.arrays.filter { $0.name.contains("_running_std") }.map { array in
        Finding(
          rule: id, severity: severity, layer: group.name,
          location: SourceLocation(file: subject.source.file, container: array.path),
          summary: "The array \(array.name) may be a standard deviation or a variance: the file states no release.",
          meantWhenSaved: "A deviation up to Keras 1.0.5, a variance from 1.0.7 on.", meansNow: "A variance.",
          advice: fix)
      }
    }
  }
}
