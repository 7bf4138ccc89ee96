import KerasCore
import KerasModel

/// `clipnorm`, `global_clipnorm` and `clipvalue`, in this order.
///
/// The first given of them alone in Keras 2.11 and later (not its legacy optimizers).
///
/// `clipnorm` is the norm over all gradients together in Keras ≤ 2.3.1 and tf.keras 1.9, of each variable's since.
struct GradientClipping: Sendable {
  var variableNorm: Double?
  var globalNorm: Double?
  var value: Double?

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) {
    let norm = config.optionalDouble("clipnorm").flatMap { $0 > 0 ? $0 : nil }
    switch semantics.clipnormScope {
    case .global: globalNorm = norm ?? config.optionalDouble("global_clipnorm")
    case .perVariable:
      variableNorm = norm
      globalNorm = config.optionalDouble("global_clipnorm")
    }
    value = config.optionalDouble("clipvalue").flatMap { $0 > 0 ? $0 : nil }
    if semantics.clipsByOneRule, variableNorm != nil || globalNorm != nil { value = nil }
  }

  var isActive: Bool { variableNorm != nil || globalNorm != nil || value != nil }

  /// Changes all variables' gradients in place.
  func apply(to gradients: [UnsafeMutableBufferPointer<Float>]) {
    if let variableNorm {
      for gradient in gradients { Self.scale([gradient], to: variableNorm) }
    }
    if let globalNorm { Self.scale(gradients, to: globalNorm) }
    if let value {
      let bound = Float(value)
      for gradient in gradients {
        for i in gradient.indices { gradient[i] = min(max(gradient[i], -bound), bound) }
      }
    }
  }

  private static func scale(_ gradients: [UnsafeMutableBufferPointer<Float>], to limit: Double) {
    var sum = 0.0
    for gradient in gradients {
      for element in gradient { sum += Double(element) * Double(element) }
    }
    let norm = sum.squareRoot()
    guard norm > limit else { return }
    let factor = Float(limit / norm)
    for gradient in gradients {
      for i in gradient.indices { gradient[i] *= factor }
    }
  }
}
