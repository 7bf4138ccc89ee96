import KerasCore
import KerasModel

/// A Keras release on a backend: one of the readers a file may be brought to, or the writer it came from.
public struct Release: Sendable, Hashable, CustomStringConvertible {
  public var version: KerasVersion
  /// `tensorflow`, `theano` …; only old releases depend on it.
  public var backend: String

  public init(_ version: KerasVersion, backend: String = "tensorflow") {
    self.version = version
    self.backend = backend
  }

  /// The release a user names: `keras==2.1.3`, `keras==2.2.4+theano`, `tf.keras==2.5.0`, `tensorflow==1.15`, or a bare `2.15`.
  public init?(named name: String) {
    let text = name.contains("==") ? name : "keras==" + name
    guard let found = TrainingSemantics.release(named: text) else { return nil }
    self.init(found.version, backend: found.backend ?? "tensorflow")
  }

  /// The last release of standalone Keras.
  public static let keras23 = Release(KerasVersion(2, 3, 1))
  /// The last tf.keras of Keras 2.
  public static let tensorFlow215 = Release(KerasVersion(2, 15, 0))
  /// The last release before activity penalties were divided by the batch size again.
  public static let keras313 = Release(KerasVersion(3, 13, 2))
  /// The newest release that was measured.
  public static let current = Release(KerasVersion(3, 15, 1))

  /// The readers that a ledger compares, oldest first.
  public static let landmarks: [Release] = [.keras23, .tensorFlow215, .keras313, .current]

  /// How training works there.
  public var training: TrainingSemantics { .of(version: version, backend: backend) }

  public var isTheano: Bool { backend == "theano" && version.major < 3 }

  /// `Keras 2.1.3`, `tf.keras 2.15.0`, `Keras 1.2.2 on Theano`.
  public var description: String {
    (version.isTensorFlow ? "tf.keras " : "Keras ") + version.description + (isTheano ? " on Theano" : "")
  }

  /// Whether it lies in a span of releases of standalone Keras.
  public func isStandalone(from first: KerasVersion? = nil, before end: KerasVersion = KerasVersion(2, 4)) -> Bool {
    !version.isTensorFlow && version < end && (first.map { version >= $0 } ?? true)
  }

  /// Whether it lies in a span of releases of tf.keras.
  public func isTensorFlow(from first: KerasVersion? = nil, before end: KerasVersion = KerasVersion(3)) -> Bool {
    version.isTensorFlow && version < end && (first.map { version >= $0 } ?? true)
  }
}
