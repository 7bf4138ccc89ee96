import KerasModel

/// a ← ρa + (1 − ρ)g²; w ← w − lr·g / (√a + ε), or √(a + ε) where the release has ε inside the root.
///
/// With `centered` the square of the mean gradient is taken from a; with momentum m ← μm + lr·g / √(a + ε), w ← w − m.
struct RMSprop: UpdateRule {
  static let className = "RMSprop"
  static let defaultLearningRate = 0.001
  let rho: Float
  let momentum: Float
  let epsilon: Float
  let isCentered: Bool
  let isInside: Bool
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    rho = Float(config.double("rho", default: 0.9))
    momentum = Float(config.double("momentum", default: 0))
    epsilon = Float(config.double("epsilon", default: 1e-7))
    isCentered = config.bool("centered")
    let placement = momentum > 0 ? semantics.rmspropMomentumEpsilon : semantics.rmspropEpsilon
    isInside = placement == .insideRoot
  }

  var groups: [[OptimizerSlot]] {
    [[OptimizerSlot(name: "velocity")]] + (momentum > 0 ? [[OptimizerSlot(name: "momentum")]] : [])
      + (isCentered ? [[OptimizerSlot(name: "average_gradient")]] : [])
  }

  mutating func begin(step: Int, learningRate: Double) { rate = Float(learningRate) }

  func update(_ variable: VariableBuffers) {
    let (w, g, rate, rho, epsilon, isInside) = (variable.weights, variable.gradients, rate, rho, epsilon, isInside)
    let a = variable.slots[0]
    guard momentum > 0 || isCentered else {
      if isInside {
        for i in 0..<variable.count {
          let average = rho * a[i] + (1 - rho) * g[i] * g[i]
          a[i] = average
          w[i] -= rate * g[i] / (average + epsilon).squareRoot()
        }
      } else {
        for i in 0..<variable.count {
          let average = rho * a[i] + (1 - rho) * g[i] * g[i]
          a[i] = average
          w[i] -= rate * g[i] / (average.squareRoot() + epsilon)
        }
      }
      return
    }
    let m = momentum > 0 ? variable.slots[1] : nil
    let mean = isCentered ? variable.slots[variable.slots.count - 1] : nil
    for i in 0..<variable.count {
      var variance = rho * a[i] + (1 - rho) * g[i] * g[i]
      a[i] = variance
      if let mean {
        mean[i] = rho * mean[i] + (1 - rho) * g[i]
        variance -= mean[i] * mean[i]
      }
      let root = isInside ? (variance + epsilon).squareRoot() : variance.squareRoot() + epsilon
      let step = rate * g[i] / root
      if let m {
        m[i] = momentum * m[i] + step
        w[i] -= m[i]
      } else {
        w[i] -= step
      }
    }
  }
}
