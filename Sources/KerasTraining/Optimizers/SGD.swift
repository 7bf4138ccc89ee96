import KerasModel

/// v ← μv − lr·g; w ← w + v, or with Nesterov w ← w + μv − lr·g, the same in every release.
struct SGD: UpdateRule {
  static let className = "SGD"
  static let defaultLearningRate = 0.01
  let momentum: Float
  let nesterov: Bool
  private var rate: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    momentum = Float(config.double("momentum", default: 0))
    nesterov = config.bool("nesterov")
  }

  var groups: [[OptimizerSlot]] { momentum == 0 ? [] : [[OptimizerSlot(name: "momentum")]] }

  mutating func begin(step: Int, learningRate: Double) { rate = Float(learningRate) }

  func update(_ variable: VariableBuffers) {
    let (w, g, rate, momentum) = (variable.weights, variable.gradients, rate, momentum)
    guard let v = variable.slots.first else {
      for i in 0..<variable.count { w[i] -= rate * g[i] }
      return
    }
    if nesterov {
      for i in 0..<variable.count {
        let step = rate * g[i]
        let velocity = momentum * v[i] - step
        v[i] = velocity
        w[i] += momentum * velocity - step
      }
    } else {
      for i in 0..<variable.count {
        let velocity = momentum * v[i] - rate * g[i]
        v[i] = velocity
        w[i] += velocity
      }
    }
  }
}
