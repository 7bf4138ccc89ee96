import KerasCore
import KerasModel

/// Dot of more than three axes, which multiplied matrices before Keras 2.3 on TensorFlow.
struct DotMatrices: MeaningRule {
  let id = "dot-matrices"
  let title = "Dot multiplied matrices where it sums one axis now"
  let family = RuleFamily.convolution
  let severity = Severity.error
  let consequence = Consequence.inference
  let affected = "Keras before 2.3 on TensorFlow and tf.keras before TensorFlow 2, Dot of more than three axes"
  let explanation = """
    K.batch_dot of Keras before 2.3 on TensorFlow (backend/tensorflow_backend.py) and of tf.keras 1.x is tf.matmul: of
    inputs with more than three axes it multiplies the matrices in the last two. Since 2.3, in TensorFlow 2 and on Theano
    it sums one axis of each input and keeps all others. Measured on 1.2.2, 2.2.4 and 2.3.1.
    """
  let fix = "`convert` writes operations that compute the old product."

  func places(in subject: AuditSubject) -> [RulePlace] {
    let dots = subject.layers.filter { $0.className == Dot.className }
    guard !dots.isEmpty, let calls = subject.lowered()?.calls else { return [] }
    return dots.compactMap { layer in
      guard let shapes = calls[layer.path]?.first?.inputShapes, let most = shapes.map(\.rank).max(), most > 3 else {
        return nil
      }
      return RulePlace(
        layer, at: subject.location(layer, keys: ["axes", "dot_axes"]), words: "inputs of \(most) axes",
        summary: "A Dot of tensors of \(shapes.map { "\($0)" }.joined(separator: " and ")).")
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    let multiplies: Bool
    if subject.savedReleases.contains(release) {
      // The upgrade has looked at more than the stamp, which TensorFlow 1.13 to 2.1 share.
      multiplies = place.audited?.config[Dot.matricesField] == true
    } else {
      multiplies =
        !release.isTheano
        && (release.isStandalone(before: KerasVersion(2, 3))
          || release.isTensorFlow(before: KerasVersion(2, 2, 4, isTensorFlow: true)))
    }
    return multiplies
      ? "a product of the matrices in the last two axes" : "one axis of each is summed, all others stay"
  }
}
