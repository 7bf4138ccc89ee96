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
  }

  var dialect: Dialect
  /// The stamp, if there is one.
  var stamped: KerasVersion?
  /// The release whose defaults are taken: the stamp, or the last release of the dialect.
  var version: KerasVersion
  var backend: String?

  var isTheano: Bool { backend == "theano" }

  /// Decides the era from the stamp, the form of the config, and the names of the stored weights.
  init(of source: ModelSource, config: JSON) {
    let form = Era.dialect(of: config)
    let stamp = source.version ?? config["keras_version"]?.stringValue.flatMap { KerasVersion($0) }
    // A stamp of "1" stands for an unknown release; only its dialect can be trusted.
    stamped = stamp.flatMap { $0 == KerasVersion(1, 0, 0) && source.versionStamp == "1" ? nil : $0 }
    if let stamped {
      dialect =
        switch stamped.major {
        case 0: .keras0
        case 1: form == .keras0 ? .keras0 : .keras1
        case 2: .keras2
        default: .keras3
        }
      version = stamped
    } else {
      dialect = form
      version =
        switch form {
        case .keras0: KerasVersion(0, 3, 3)
        case .keras1: KerasVersion(1, 2, 2)
        case .keras2: KerasVersion(2, 2, 4)
        case .keras3: KerasVersion(3, 15, 1)
        }
    }
    backend =
      source.backend ?? (version.isTensorFlow ? "tensorflow" : nil) ?? config["backend"]?.stringValue
      ?? Era.backend(dialect: dialect, weights: source.weights)
  }

  /// The backend that the names of stored weights betray: TensorFlow variables end in `:0`, Theano's do not.
  private static func backend(dialect: Dialect, weights: StoredWeights) -> String? {
    switch dialect {
    case .keras0: return "theano"
    case .keras3: return nil
    case .keras1, .keras2:
      guard case .groups(let groups) = weights, let name = groups.lazy.flatMap(\.arrays).first?.name else { return nil }
      return name.hasSuffix(":0") ? "tensorflow" : dialect == .keras1 ? "theano" : nil
    }
  }

  /// The dialect by the form of the config alone.
  static func dialect(of config: JSON) -> Dialect {
    if config["class_name"] == nil { return .keras0 }
    var found = Dialect.keras2
    var seen = false
    visit(config) { object in
      if seen { return }
      if object["registered_name"] != nil, object["module"] != nil, object["inbound_nodes"]?[0]?["args"] != nil {
        (found, seen) = (.keras3, true)
      } else if keras1Keys.contains(where: { object[$0] != nil }) {
        (found, seen) = (.keras1, true)
      } else if keras3Keys.contains(where: { object[$0] != nil }) {
        (found, seen) = (.keras3, true)
      }
    }
    return found
  }

  private static let keras1Keys = [
    "nb_filter", "W_regularizer", "U_regularizer", "b_regularizer", "border_mode", "dim_ordering",
    "inner_activation", "input_dtype", "pool_length", "mode_type",
  ]
  private static let keras3Keys = ["batch_shape"]

  private static func visit(_ value: JSON, _ body: (JSON) -> Void) {
    switch value {
    case .object(let members):
      body(value)
      for member in members.values { visit(member, body) }
    case .array(let elements):
      for element in elements { visit(element, body) }
    default: break
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
