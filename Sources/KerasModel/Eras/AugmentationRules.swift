import KerasCore

/// What random image layers did otherwise in earlier releases, as flags of the canonical config.
///
/// Read in `image_preprocessing.py` of TensorFlow 2.5 and of Keras 2.6 to 2.15, and in the layers of Keras 3.0 to 3.12;
/// RandomCrop run in 2.5, 2.15, 3.5, 3.6 and 3.7.
enum AugmentationRules {
  struct Row: Sendable {
    var className: String
    var flag: String
    var rule: String
    var releases: [Releases]
  }

  static let rows: [Row] = [
    Row(
      className: "RandomFlip", flag: "keraskit>separate_axes", rule: "random-flip-axes", releases: [.before(3, 6)]),
    Row(
      className: "RandomContrast", flag: "keraskit>per_batch", rule: "random-contrast-batch",
      releases: [.before(2, 9), Releases(since: KerasVersion(2, 12, 0), before: KerasVersion(3, 6, 0))]),
    Row(
      className: "RandomContrast", flag: "keraskit>unclipped", rule: "random-contrast-range",
      releases: [.before(2, 9)]),
    Row(
      className: "RandomCrop", flag: "keraskit>resizes", rule: "random-crop-inference", releases: [.before(3, 6)]),
    Row(
      className: "RandomCrop", flag: "keraskit>centres", rule: "random-crop-centre",
      releases: [Releases(since: KerasVersion(3, 6, 0), before: KerasVersion(3, 8, 0))]),
    Row(
      className: "RandomCrop", flag: "keraskit>resizes_first", rule: "random-crop-order", releases: [.before(2, 7)]),
    Row(
      className: "RandomCrop", flag: "keraskit>per_sample", rule: "random-crop-place",
      releases: [Releases(since: KerasVersion(2, 10, 0), before: KerasVersion(2, 12, 0))]),
  ]
}
