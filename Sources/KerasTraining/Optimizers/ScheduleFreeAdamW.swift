import Foundation
import KerasModel

/// Schedule-free AdamW of Keras 3.15: the trained weights y lie between the steps z and their mean x.
///
/// z ← z − lr·g / (√(v / (1 − β₂ᵗ)) + ε); x ← (1 − 1/t)x + z/t; y = (1 − β₁)z + β₁x. Keras keeps z as `momentum`.
struct ScheduleFreeAdamW: UpdateRule {
  static let className = "ScheduleFreeAdamW"
  static let defaultLearningRate = 0.0025
  private let beta1: Float
  private let beta2: Double
  private let epsilon: Float
  private let warmupSteps: Double
  private var rate: Float = 0
  private var variance: Float = 1
  private var share: Float = 1

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    beta1 = Float(config.double("beta_1", default: 0.9))
    beta2 = config.double("beta_2", default: 0.999)
    epsilon = Float(config.double("epsilon", default: 1e-8))
    warmupSteps = config.double("warmup_steps", default: 0)
    guard beta1 != 0 else { throw .unsupported(field: "optimizer", reason: "ScheduleFreeAdamW with beta_1 0") }
  }

  var groups: [[OptimizerSlot]] {
    [[OptimizerSlot(name: "momentum", start: .weights), OptimizerSlot(name: "velocity")]]
  }

  mutating func begin(step: Int, learningRate: Double) {
    rate = Float(warmupSteps > 0 ? learningRate * min(Double(step) / warmupSteps, 1) : learningRate)
    variance = Float(1 / (1 - pow(beta2, Double(step))))
    share = 1 / Float(step)
  }

  func update(_ variable: VariableBuffers) {
    let (w, g) = (variable.weights, variable.gradients)
    let (z, v) = (variable.slots[0], variable.slots[1])
    let take2 = Float(1 - beta2)
    for i in 0..<variable.count {
      v[i] += take2 * (g[i] * g[i] - v[i])
      z[i] -= rate * g[i] / ((v[i] * variance).squareRoot() + epsilon)
      // Keras means the z of before this step, but takes the variable itself, which TensorFlow and PyTorch read changed.
      let old = (w[i] - (1 - beta1) * z[i]) / beta1
      let mean = (1 - share) * old + share * z[i]
      w[i] = (1 - beta1) * z[i] + beta1 * mean
    }
  }
}
