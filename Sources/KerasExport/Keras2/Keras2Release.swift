import KerasCore

/// Which releases are served by a file written for tf.keras 2.15.
enum Keras2Release {
  /// Whether the options ask for tf.keras 2.15 or its like; throws for a release that no file is written for.
  static func isAsked(by options: ExportOptions) throws(ExportError) -> Bool {
    guard let release = options.release, release.major < 3 else { return false }
    guard release >= KerasVersion(2, 11) else {
      throw ExportError(
        .notExpressible(
          what: "a file for keras==\(release)",
          reason: "the earliest release that files are written for is tf.keras 2.15 (--for keras==2.15)"))
    }
    return true
  }

  static func notes(_ options: ExportOptions) -> [ExportNote] {
    guard let release = options.release, (release.major, release.minor) != (2, 15) else { return [] }
    return [ExportNote(.warning, "written as tf.keras 2.15 would; it was not tried with \(release)")]
  }
}
