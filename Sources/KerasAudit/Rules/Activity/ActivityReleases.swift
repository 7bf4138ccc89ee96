import KerasCore

/// The borders between releases in the history of activity regularization; measured on every release named.
enum ActivityReleases {
  /// From here on regularizers count in evaluation too, and models called as layers drop their layers' penalties.
  static let inLayerCall = KerasVersion(1, 2, 0)
  /// The penalty of a layer inside a called model falls on its inputs (commit 466bb39).
  static let nestedOnInput = KerasVersion(2, 0, 3)
  /// A model that is first in a Sequential is called anew too.
  static let firstIsCalled = KerasVersion(2, 1, 0)
  /// Outputs again (commit 45e478a5c0, issue #9267).
  static let nestedFixed = KerasVersion(2, 1, 4)
  /// Plain sums over the batch begin (before: the mean over the batch).
  static let sumBegins = KerasVersion(1, 0, 7)
  /// After standalone Keras.
  static let standaloneEnds = KerasVersion(2, 4, 0)
  /// tf.keras divides by the batch size (TensorFlow 1.13, stamped 2.2.4-tf).
  static let tensorFlowDivides = KerasVersion(2, 2, 4)
  /// Keras 3 divides by the batch size (commit b9be212).
  static let keras3Divides = KerasVersion(3, 14, 0)

  /// Whether the release summed over the batch without dividing.
  static func sums(_ version: KerasVersion) -> Bool {
    if version.major >= 3 { return version < keras3Divides }
    if version.isTensorFlow { return version < tensorFlowDivides }
    return version >= sumBegins
  }
}
