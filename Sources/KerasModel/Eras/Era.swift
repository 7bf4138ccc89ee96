import KerasCore
import KerasFile

/// The release a config was written by, as far as the file tells, and what follows from it.
struct Era: Sendable {
  /// The four languages Keras' configs have been written in.
  enum Dialect: Int, Sendable, Comparable {
    /// Flat objects, `{"name": "Dense", "output_dim": …}`: 0.1 to 0.3.
    case keras0
    /// `{"class_name", "config"}` with `output_dim`, `W_regularizer` …: 1.0 to 1.2.
    case keras1
    /// `units`, `kernel_regularizer` …: standalone 2.0 to 2.3, tf.keras, and the HDF5 files of 2.12 to 2.15.
    case keras2
    case keras3

    static func < (a: Dialect, b: Dialect) -> Bool { a.rawValue < b.rawValue }

    /// The language of a release.
    init(_ version: KerasVersion) {
      self =
        switch version.major {
        case 0: .keras0
        case 1: .keras1
        case 2: .keras2
        default: .keras3
        }
    }

    /// The release whose defaults a file without a stamp is given.
    var lastRelease: KerasVersion {
      switch self {
      case .keras0: KerasVersion(0, 3, 3)
      case .keras1: KerasVersion(1, 2, 2)
      case .keras2: KerasVersion(2, 2, 4)
      case .keras3: KerasVersion(3, 15, 1)
      }
    }
  }

  var dialect: Dialect
  /// The stamp, if there is one.
  var stamped: KerasVersion?
  /// The release whose defaults are taken: the stamp, or the last release of the dialect.
  var version: KerasVersion
  var backend: String?
  /// What the release was concluded from where no stamp states it.
  private(set) var evidence: [String] = []

  var isTheano: Bool { backend == "theano" }

  /// Decides the era from the stamp, the form of the config, and the names of the stored weights.
  init(of source: ModelSource, config: JSON) {
    let form = ConfigForm(config)
    let stamp = source.version ?? config["keras_version"]?.stringValue.flatMap { KerasVersion($0) }
    // A stamp of "1" stands for an unknown release; only its dialect can be trusted.
    stamped = stamp.flatMap { $0 == KerasVersion(1, 0, 0) && source.versionStamp == "1" ? nil : $0 }
    if stamped == nil, let weights = source.weightStamps?.version, Dialect(weights) == form.dialect {
      stamped = weights
      evidence.append("the weights' file states it")
    }
    if let stamped, form.agrees(with: Dialect(stamped)) {
      dialect = form.dialect == .keras0 ? .keras0 : Dialect(stamped)
      version = stamped
    } else {
      if let stamped {
        evidence.append("it is stamped \(stamped), but that release did not write such a config")
      }
      stamped = nil
      dialect = form.dialect
      evidence.append(form.evidence)
      version = form.release
      if let text = WeightNames(source.weights)?.evidence { evidence.append(text) }
    }
    backend =
      source.backend ?? (version.isTensorFlow ? "tensorflow" : nil) ?? config["backend"]?.stringValue
      ?? source.weightStamps?.backend ?? Era.backend(dialect: dialect, weights: source.weights)
  }

  private init(dialect: Dialect, stamped: KerasVersion?, version: KerasVersion, backend: String?) {
    self.dialect = dialect
    self.stamped = stamped
    self.version = version
    self.backend = backend
  }

  /// The era of what a release itself writes.
  init(release: KerasVersion) {
    self.init(dialect: Dialect(release), stamped: release, version: release, backend: nil)
  }

  /// The era that laid out the stored arrays: this one, unless they come from another file whose stamp or names say else.
  ///
  /// People loaded a Keras 1 model's weights beside a config that Keras 2 wrote.
  func ofWeights(in source: ModelSource) -> Era {
    guard let stamps = source.weightStamps else { return self }
    if case .paths = source.weights, isTheano {
      // TensorFlow and Keras 3 store by path; neither flips kernels.
      return Era(dialect: dialect, stamped: stamped, version: version, backend: "tensorflow")
    }
    guard let names = WeightNames(source.weights) else { return self }
    let agreed = stamps.version.flatMap { names.dialect == nil || Dialect($0) == names.dialect ? $0 : nil }
    let dialect = agreed.map { Dialect($0) } ?? names.dialect ?? self.dialect
    let backend = stamps.backend ?? (agreed?.isTensorFlow == true ? "tensorflow" : nil)
    if dialect == self.dialect {
      return Era(
        dialect: dialect, stamped: agreed ?? stamped, version: agreed ?? version, backend: backend ?? self.backend)
    }
    return Era(
      dialect: dialect, stamped: agreed, version: agreed ?? dialect.lastRelease,
      backend: backend ?? Era.backend(dialect: dialect, weights: source.weights))
  }

  /// The backend that the names of stored weights betray: TensorFlow variables end in `:0`, Theano's do not.
  private static func backend(dialect: Dialect, weights: StoredWeights) -> String? {
    switch dialect {
    case .keras0: return "theano"
    case .keras3: return nil
    case .keras1, .keras2:
      guard let names = WeightNames(weights) else { return nil }
      return names.isTensorFlow ? "tensorflow" : dialect == .keras1 ? "theano" : nil
    }
  }
}

/// A span of releases, for the rows of the tables.
struct Releases: Sendable {
  enum Kind: Sendable { case any, standalone, tensorFlow }

  var since: KerasVersion?
  var before: KerasVersion?
  var kind = Kind.any

  static let all = Releases()

  static func before(_ major: Int, _ minor: Int = 0, _ patch: Int = 0, kind: Kind = .any) -> Releases {
    Releases(before: KerasVersion(major, minor, patch), kind: kind)
  }

  static func since(_ major: Int, _ minor: Int = 0, _ patch: Int = 0, kind: Kind = .any) -> Releases {
    Releases(since: KerasVersion(major, minor, patch), kind: kind)
  }

  func contains(_ version: KerasVersion) -> Bool {
    if let since, version < since { return false }
    if let before, version >= before { return false }
    switch kind {
    case .any: return true
    case .standalone: return !version.isTensorFlow
    case .tensorFlow: return version.isTensorFlow
    }
  }
}
