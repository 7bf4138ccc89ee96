import Foundation
import KerasModel

/// w ← w − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m / (√v + ε): ε is the paper's ε̂ in every release.
struct Adam: UpdateRule {
  static let className = "Adam"
  static let defaultLearningRate = 0.001
  let beta1: Double
  let beta2: Double
  let epsilon: Float
  let usesMaximum: Bool
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    beta1 = config.double("beta_1", default: 0.9)
    beta2 = config.double("beta_2", default: 0.999)
    epsilon = Float(config.double("epsilon", default: 1e-7))
    usesMaximum = config.bool("amsgrad")
  }

  var groups: [[OptimizerSlot]] {
    [[OptimizerSlot(name: "momentum"), OptimizerSlot(name: "velocity")]]
      + (usesMaximum ? [[OptimizerSlot(name: "velocity_hat")]] : [])
  }

  mutating func begin(step: Int, learningRate: Double) {
    let correction = (1 - pow(beta2, Double(step))).squareRoot() / (1 - pow(beta1, Double(step)))
    rate = Float(learningRate * correction)
  }

  func update(_ variable: VariableBuffers) {
    let (w, g, rate, epsilon) = (variable.weights, variable.gradients, rate, epsilon)
    let (m, v) = (variable.slots[0], variable.slots[1])
    let (keep1, keep2) = (Float(beta1), Float(beta2))
    let (take1, take2) = (Float(1 - beta1), Float(1 - beta2))
    if usesMaximum {
      let largest = variable.slots[2]
      for i in 0..<variable.count {
        let first = keep1 * m[i] + take1 * g[i]
        let second = keep2 * v[i] + take2 * g[i] * g[i]
        let bound = second > largest[i] ? second : largest[i]
        m[i] = first
        v[i] = second
        largest[i] = bound
        w[i] -= rate * first / (bound.squareRoot() + epsilon)
      }
    } else {
      for i in 0..<variable.count {
        let first = keep1 * m[i] + take1 * g[i]
        let second = keep2 * v[i] + take2 * g[i] * g[i]
        m[i] = first
        v[i] = second
        w[i] -= rate * first / (second.squareRoot() + epsilon)
      }
    }
  }
}

/// Adam after w ← w − lr·λ·w; the decay itself is `OptimizerPart`'s, 0.004 where the config is silent.
struct AdamW: UpdateRule {
  static let className = "AdamW"
  static let defaultLearningRate = 0.001
  static let defaultWeightDecay: Double? = 0.004
  private var adam: Adam

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    adam = try Adam(config, semantics)
  }

  var groups: [[OptimizerSlot]] { adam.groups }
  mutating func begin(step: Int, learningRate: Double) { adam.begin(step: step, learningRate: learningRate) }
  func update(_ variable: VariableBuffers) { adam.update(variable) }
}
