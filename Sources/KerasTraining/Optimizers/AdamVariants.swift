import Foundation
import KerasModel

/// u ← max(β₂u, |g|); w ← w − lr/(1 − β₁ᵗ)·m / (u + ε), the same in every release.
struct Adamax: UpdateRule {
  static let className = "Adamax"
  static let defaultLearningRate = 0.001
  let beta1: Double
  let beta2: Double
  let epsilon: Float
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    beta1 = config.double("beta_1", default: 0.9)
    beta2 = config.double("beta_2", default: 0.999)
    epsilon = Float(config.double("epsilon", default: 1e-7))
  }

  var groups: [[OptimizerSlot]] { [[OptimizerSlot(name: "momentum"), OptimizerSlot(name: "norm")]] }

  mutating func begin(step: Int, learningRate: Double) {
    rate = Float(learningRate / (1 - pow(beta1, Double(step))))
  }

  func update(_ variable: VariableBuffers) {
    let (w, g, rate, epsilon) = (variable.weights, variable.gradients, rate, epsilon)
    let (m, u) = (variable.slots[0], variable.slots[1])
    let (keep1, take1, keep2) = (Float(beta1), Float(1 - beta1), Float(beta2))
    for i in 0..<variable.count {
      let first = keep1 * m[i] + take1 * g[i]
      let faded = keep2 * u[i]
      let size = abs(g[i])
      let bound = faded > size ? faded : size
      m[i] = first
      u[i] = bound
      w[i] -= rate * first / (bound + epsilon)
    }
  }
}

/// Adam with Nesterov momentum; μₜ = β₁(1 − ½·0.96^(d·t)) with d = 0.004 up to Keras 2.10 and d = 1 in Keras 3.
struct Nadam: UpdateRule {
  static let className = "Nadam"
  static let defaultLearningRate = 0.001
  let beta1: Double
  let beta2: Double
  let epsilon: Float
  let scheduleDecay: Double
  private var rate: Float = 0
  private var gradientShare: Float = 0
  private var momentumShare: Float = 0
  private var variance: Float = 1

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    beta1 = config.double("beta_1", default: 0.9)
    beta2 = config.double("beta_2", default: 0.999)
    epsilon = Float(config.double("epsilon", default: 1e-7))
    // tf.keras up to 2.10 saved it as `decay`, which its Nadam has no other use for.
    scheduleDecay =
      semantics.nadamScheduleDecay.map {
        config.double("schedule_decay", default: config.double("decay", default: $0))
      } ?? 1
  }

  var groups: [[OptimizerSlot]] { [[OptimizerSlot(name: "momentum"), OptimizerSlot(name: "velocity")]] }

  private func momentum(_ step: Int) -> Double { beta1 * (1 - 0.5 * pow(0.96, scheduleDecay * Double(step))) }

  /// Π of the momenta of the steps so far, kept from step to step.
  private var product = 1.0
  private var productSteps = 0

  func scheduleProduct(after steps: Int) -> Float? { Float(product(through: steps)) }

  private func product(through steps: Int) -> Double {
    guard steps > productSteps else { return steps == productSteps ? product : Self.product(1, steps, 1, momentum) }
    return Self.product(productSteps + 1, steps, product, momentum)
  }

  private static func product(_ first: Int, _ last: Int, _ start: Double, _ momentum: (Int) -> Double) -> Double {
    var result = start
    var step = first
    while step <= last, result > 0 {
      result *= momentum(step)
      step += 1
    }
    return result
  }

  mutating func begin(step: Int, learningRate: Double) {
    product = product(through: step)
    productSteps = step
    let next = momentum(step + 1)
    rate = Float(learningRate)
    gradientShare = Float((1 - momentum(step)) / (1 - product))
    momentumShare = Float(next / (1 - product * next))
    variance = Float(1 / (1 - pow(beta2, Double(step))))
  }

  func update(_ variable: VariableBuffers) {
    let (w, g, rate, epsilon) = (variable.weights, variable.gradients, rate, epsilon)
    let (m, v) = (variable.slots[0], variable.slots[1])
    let (keep1, take1, keep2, take2) = (Float(beta1), Float(1 - beta1), Float(beta2), Float(1 - beta2))
    let (gradientShare, momentumShare, variance) = (gradientShare, momentumShare, variance)
    for i in 0..<variable.count {
      let first = keep1 * m[i] + take1 * g[i]
      let second = keep2 * v[i] + take2 * g[i] * g[i]
      m[i] = first
      v[i] = second
      w[i] -= rate * (gradientShare * g[i] + momentumShare * first) / ((second * variance).squareRoot() + epsilon)
    }
  }
}

/// w ← w − lr·sign(β₁m + (1 − β₁)g); m ← β₂m + (1 − β₂)g.
struct Lion: UpdateRule {
  static let className = "Lion"
  static let defaultLearningRate = 0.001
  let beta1: Float
  let beta2: Float
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    beta1 = Float(config.double("beta_1", default: 0.9))
    beta2 = Float(config.double("beta_2", default: 0.99))
  }

  var groups: [[OptimizerSlot]] { [[OptimizerSlot(name: "momentum")]] }

  mutating func begin(step: Int, learningRate: Double) { rate = Float(learningRate) }

  func update(_ variable: VariableBuffers) {
    let (w, g, m, rate, beta1, beta2) = (
      variable.weights, variable.gradients, variable.slots[0], rate, beta1, beta2
    )
    for i in 0..<variable.count {
      let direction = beta1 * m[i] + (1 - beta1) * g[i]
      w[i] -= direction > 0 ? rate : direction < 0 ? -rate : 0
      m[i] = beta2 * m[i] + (1 - beta2) * g[i]
    }
  }
}

/// Adam's step with both averages corrected and ε outside, scaled by ‖w‖ / ‖step‖ of the whole variable.
struct Lamb: UpdateRule {
  static let className = "Lamb"
  static let defaultLearningRate = 0.001
  let beta1: Double
  let beta2: Double
  let epsilon: Float
  private var rate: Float = 0
  private var correction1: Float = 1
  private var correction2: Float = 1

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    beta1 = config.double("beta_1", default: 0.9)
    beta2 = config.double("beta_2", default: 0.999)
    epsilon = Float(config.double("epsilon", default: 1e-7))
  }

  var groups: [[OptimizerSlot]] { [[OptimizerSlot(name: "momentum"), OptimizerSlot(name: "velocity")]] }

  mutating func begin(step: Int, learningRate: Double) {
    rate = Float(learningRate)
    correction1 = Float(1 / (1 - pow(beta1, Double(step))))
    correction2 = Float(1 / (1 - pow(beta2, Double(step))))
  }

  func update(_ variable: VariableBuffers) {
    let (w, g) = (variable.weights, variable.gradients)
    let (m, v) = (variable.slots[0], variable.slots[1])
    let (take1, take2) = (Float(1 - beta1), Float(1 - beta2))
    func step(_ i: Int) -> Float { m[i] * correction1 / ((v[i] * correction2).squareRoot() + epsilon) }
    var (weightSquare, stepSquare) = (0.0, 0.0)
    for i in 0..<variable.count {
      m[i] += take1 * (g[i] - m[i])
      v[i] += take2 * (g[i] * g[i] - v[i])
      weightSquare += Double(w[i]) * Double(w[i])
      stepSquare += Double(step(i)) * Double(step(i))
    }
    let ratio = weightSquare > 0 && stepSquare > 0 ? (weightSquare / stepSquare).squareRoot() : 1
    let rate = rate * Float(ratio)
    for i in 0..<variable.count { w[i] -= rate * step(i) }
  }
}
