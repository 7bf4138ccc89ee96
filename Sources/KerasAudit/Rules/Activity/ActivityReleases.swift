import KerasCore

/// The borders between releases that the stories of activity rules name; what a release does is `TrainingSemantics`.
enum ActivityReleases {
  /// From here on regularizers count in evaluation too, and models called as layers drop their layers' penalties.
  static let inLayerCall = KerasVersion(1, 2, 0)
  /// A model that is first in a Sequential is called anew too.
  static let firstIsCalled = KerasVersion(2, 1, 0)
  /// Outputs again in called models (commit 45e478a5c0, issue #9267).
  static let nestedFixed = KerasVersion(2, 1, 4)
}
