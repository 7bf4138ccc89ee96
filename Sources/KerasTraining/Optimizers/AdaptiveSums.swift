import Foundation
import KerasModel

/// a ← a + g²; w ← w − lr·g / (√a + ε), or √(a + ε); a starts at 0 (Keras ≤ 2.3) or 0.1 (tf.keras 1.14 and later).
struct Adagrad: UpdateRule {
  static let className = "Adagrad"
  static let defaultLearningRate = 0.001
  let start: Float
  let epsilon: Float
  let isInside: Bool
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    start = Float(config.double("initial_accumulator_value", default: semantics.adagradStart))
    epsilon = Float(config.double("epsilon", default: 1e-7))
    isInside = semantics.adagradEpsilon == .insideRoot
  }

  var groups: [[OptimizerSlot]] { [[OptimizerSlot(name: "accumulator", start: .value(start))]] }

  mutating func begin(step: Int, learningRate: Double) { rate = Float(learningRate) }

  func update(_ variable: VariableBuffers) {
    let (w, g, a, rate, epsilon) = (variable.weights, variable.gradients, variable.slots[0], rate, epsilon)
    if isInside {
      for i in 0..<variable.count {
        let sum = a[i] + g[i] * g[i]
        a[i] = sum
        w[i] -= rate * g[i] / (sum + epsilon).squareRoot()
      }
    } else {
      for i in 0..<variable.count {
        let sum = a[i] + g[i] * g[i]
        a[i] = sum
        w[i] -= rate * g[i] / (sum.squareRoot() + epsilon)
      }
    }
  }
}

/// u = g·√(d + ε) / √(a + ε); w ← w − lr·u, the same in every release.
struct Adadelta: UpdateRule {
  static let className = "Adadelta"
  static let defaultLearningRate = 0.001
  let rho: Float
  let epsilon: Float
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    rho = Float(config.double("rho", default: 0.95))
    epsilon = Float(config.double("epsilon", default: 1e-7))
  }

  var groups: [[OptimizerSlot]] {
    [[OptimizerSlot(name: "accumulated_grad"), OptimizerSlot(name: "accumulated_delta_var")]]
  }

  mutating func begin(step: Int, learningRate: Double) { rate = Float(learningRate) }

  func update(_ variable: VariableBuffers) {
    let (w, g, rate, rho, epsilon) = (variable.weights, variable.gradients, rate, rho, epsilon)
    let (a, d) = (variable.slots[0], variable.slots[1])
    for i in 0..<variable.count {
      let average = rho * a[i] + (1 - rho) * g[i] * g[i]
      let change = g[i] * (d[i] + epsilon).squareRoot() / (average + epsilon).squareRoot()
      a[i] = average
      d[i] = rho * d[i] + (1 - rho) * change * change
      w[i] -= rate * change
    }
  }
}

/// Follow the regularized leader, as TensorFlow's kernel and Keras 3 compute it.
struct Ftrl: UpdateRule {
  static let className = "Ftrl"
  static let defaultLearningRate = 0.001
  let power: Double
  let start: Float
  let l1: Float
  let l2: Double
  let shrinkage: Float
  let beta: Double
  let keepsScaledLinear: Bool
  private var rate: Double = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    power = config.double("learning_rate_power", default: -0.5)
    start = Float(config.double("initial_accumulator_value", default: 0.1))
    l1 = Float(config.double("l1_regularization_strength", default: 0))
    l2 = config.double("l2_regularization_strength", default: 0)
    shrinkage = Float(config.double("l2_shrinkage_regularization_strength", default: 0))
    beta = config.double("beta", default: 0)
    keepsScaledLinear = semantics.ftrlKeepsScaledLinear && shrinkage > 0
  }

  var groups: [[OptimizerSlot]] {
    [[OptimizerSlot(name: "accumulator", start: .value(start)), OptimizerSlot(name: "linear")]]
  }

  mutating func begin(step: Int, learningRate: Double) { rate = learningRate }

  func update(_ variable: VariableBuffers) {
    let (w, g, a, z) = (variable.weights, variable.gradients, variable.slots[0], variable.slots[1])
    let rate = Float(rate)
    let (l1, shrinkage, exponent) = (l1, shrinkage, Float(-power))
    let l2 = Float(self.l2 + beta / (2 * self.rate))
    let unit = keepsScaledLinear ? rate : 1
    for i in 0..<variable.count {
      let shrunk = g[i] + 2 * shrinkage * w[i]
      let sum = a[i] + g[i] * g[i]
      let (root, oldRoot) =
        exponent == 0.5 ? (sum.squareRoot(), a[i].squareRoot()) : (powf(sum, exponent), powf(a[i], exponent))
      let linear = z[i] / unit + shrunk - (root - oldRoot) / rate * w[i]
      let clipped = min(max(linear, -l1), l1)
      a[i] = sum
      z[i] = linear * unit
      w[i] = (clipped - linear) / (root / rate + 2 * l2)
    }
  }
}
