import Foundation
import KerasModel

/// Adam's scaling with second moments factored into means over rows and columns of the last two axes.
///
/// α = max(ε₂, rms(w))·min(lr, 1/√t); û = u / max(1, rms(u) / d) with u = g/√v; w ← w − α·û (Keras 2.12 and later).
/// `relative_step` changes nothing, because the minimum is taken in any case.
struct Adafactor: UpdateRule {
  static let className = "Adafactor"
  static let defaultLearningRate = 0.001
  private let decay: Double
  private let epsilon1: Float
  private let epsilon2: Float
  private let threshold: Float
  private var rate: Float = 0
  private var keep: Float = 0

  init(_ config: OptimizerConfig, _ semantics: TrainingSemantics) throws(TrainingError) {
    decay = config.double("beta_2_decay", default: -0.8)
    epsilon1 = Float(config.double("epsilon_1", default: 1e-30))
    epsilon2 = Float(config.double("epsilon_2", default: 1e-3))
    threshold = Float(config.double("clip_threshold", default: 1))
  }

  var groups: [[OptimizerSlot]] {
    [
      [
        OptimizerSlot(name: "row_means", extent: .rows, owners: .matrices),
        OptimizerSlot(name: "column_means", extent: .columns, owners: .matrices), OptimizerSlot(name: "velocity"),
      ]
    ]
  }

  mutating func begin(step: Int, learningRate: Double) {
    rate = Float(min(learningRate, 1 / Double(step).squareRoot()))
    keep = Float(1 - pow(Double(step), decay))
  }

  func update(_ variable: VariableBuffers) {
    let (w, g, count) = (variable.weights, variable.gradients, variable.count)
    let v = variable.slots[2]
    guard count > 0 else { return }
    if variable.shape.count >= 2 {
      factor(variable)
    } else {
      for i in 0..<count { v[i] = keep * v[i] + (1 - keep) * (g[i] * g[i] + epsilon1) }
    }
    var (weightSquare, stepSquare) = (0.0, 0.0)
    for i in 0..<count {
      weightSquare += Double(w[i]) * Double(w[i])
      let step = g[i] / v[i].squareRoot()
      stepSquare += Double(step) * Double(step)
    }
    let size = Float((weightSquare / Double(count)).squareRoot())
    let stepSize = Float((stepSquare / Double(count)).squareRoot())
    let scale = max(epsilon2, size) * rate / max(1, stepSize / threshold)
    for i in 0..<count { w[i] -= scale * g[i] / v[i].squareRoot() }
  }

  /// v from the means over the last axis and over the one before it, matrix by matrix.
  private func factor(_ variable: VariableBuffers) {
    let (rows, columns) = (variable.shape[variable.shape.count - 2], variable.shape[variable.shape.count - 1])
    guard rows > 0, columns > 0 else { return }
    for matrix in 0..<variable.count / (rows * columns) {
      let g = variable.gradients + matrix * rows * columns
      let v = variable.slots[2] + matrix * rows * columns
      let (r, c) = (variable.slots[0] + matrix * rows, variable.slots[1] + matrix * columns)
      var total: Float = 0
      var columnSums = [Float](repeating: 0, count: columns)
      for row in 0..<rows {
        var sum: Float = 0
        for column in 0..<columns {
          let square = g[row * columns + column] * g[row * columns + column] + epsilon1
          sum += square
          columnSums[column] += square
        }
        r[row] = keep * r[row] + (1 - keep) * sum / Float(columns)
        total += r[row]
      }
      for column in 0..<columns {
        c[column] = keep * c[column] + (1 - keep) * columnSums[column] / Float(rows)
      }
      let mean = total / Float(rows)
      for row in 0..<rows {
        for column in 0..<columns { v[row * columns + column] = r[row] / mean * c[column] }
      }
    }
  }
}
