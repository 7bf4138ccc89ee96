import Foundation
import KerasCore
import KerasGraph
import KerasModel

/// `CTC` of Keras 3: −log of the probability of all alignments of a label sequence with logits `(batch, time, classes)`.
///
/// Targets are `(batch, length)`, padded with 0, which is the blank too.
struct ConnectionistTemporalLoss: Loss {
  static let names = ["ctc", "CTC"]

  init(_ config: LossConfig) {}

  func targetShape(for prediction: Shape) -> Shape? { Shape([prediction.dimensions.first ?? nil, nil]) }

  func values(
    truth: Value, prediction: Value, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    guard graph.shape(prediction).rank == 3 else {
      throw GraphError(
        .unsupported(op: "ctc", reason: "predictions of \(graph.shape(prediction)), not (batch, time, classes)"))
    }
    return try graph.apply(.custom(Self.function), prediction, truth)
  }

  private static let function = CustomFunction(
    "ctc", shape: { shapes in Shape(Array(shapes[0].dimensions.prefix(1))) },
    forward: { operands in alignments(operands).map(\.loss) },
    backward: { operands, _, gradient in
      let all = alignments(operands)
      return [zip(all, gradient.values).flatMap { alignment, scale in alignment.gradient.map { $0 * scale } }, nil]
    })

  private static func alignments(_ operands: [CustomFunction.Operand]) -> [Alignment] {
    let (batch, steps, classes) = (operands[0].shape[0], operands[0].shape[1], operands[0].shape[2])
    let length = operands[1].shape.count > 1 ? operands[1].shape[1] : 1
    return (0..<batch).map { sample in
      let labels = operands[1].values[sample * length..<(sample + 1) * length].map { $0.isFinite ? Int($0) : 0 }
      // Keras takes as many labels from the front as are not 0.
      let count = labels.count { $0 != 0 }
      let logits = operands[0].values[sample * steps * classes..<(sample + 1) * steps * classes]
      return Alignment(Array(logits), labels: Array(labels.prefix(count)), steps: steps, classes: classes)
    }
  }

  /// One sample's forward and backward variables, in logarithms.
  private struct Alignment {
    let loss: Double
    /// In the logits.
    let gradient: [Double]

    init(_ logits: [Double], labels: [Int], steps: Int, classes: Int) {
      var logProbabilities = logits
      for step in 0..<steps {
        let row = step * classes..<(step + 1) * classes
        let total = Self.logSum(logits[row])
        for index in row { logProbabilities[index] -= total }
      }
      var path = [0]
      for label in labels { path += [min(max(label, 0), classes - 1), 0] }
      func at(_ step: Int, _ place: Int) -> Double { logProbabilities[step * classes + path[place]] }
      /// Whether a blank between two different labels may be left out.
      func skips(to place: Int) -> Bool { place >= 2 && path[place] != 0 && path[place] != path[place - 2] }
      let none = [Double](repeating: -.infinity, count: path.count)
      var forward = [[Double]](repeating: none, count: steps)
      var backward = forward
      for step in 0..<steps {
        for place in path.indices {
          if step == 0 {
            if place < 2 { forward[0][place] = at(0, place) }
            continue
          }
          var sources = [forward[step - 1][place]]
          if place >= 1 { sources.append(forward[step - 1][place - 1]) }
          if skips(to: place) { sources.append(forward[step - 1][place - 2]) }
          forward[step][place] = Self.logSum(sources[...]) + at(step, place)
        }
      }
      for step in (0..<steps).reversed() {
        for place in path.indices {
          if step == steps - 1 {
            if place >= path.count - 2 { backward[step][place] = 0 }
            continue
          }
          var targets = [backward[step + 1][place] + at(step + 1, place)]
          if place + 1 < path.count { targets.append(backward[step + 1][place + 1] + at(step + 1, place + 1)) }
          if place + 2 < path.count, skips(to: place + 2) {
            targets.append(backward[step + 1][place + 2] + at(step + 1, place + 2))
          }
          backward[step][place] = Self.logSum(targets[...])
        }
      }
      let total = steps > 0 ? Self.logSum(forward[steps - 1].suffix(2)) : -.infinity
      loss = -total
      var gradient = logProbabilities.map { exp($0) }
      if total.isFinite {
        for step in 0..<steps {
          for place in path.indices {
            gradient[step * classes + path[place]] -= exp(forward[step][place] + backward[step][place] - total)
          }
        }
      }
      self.gradient = gradient
    }

    private static func logSum(_ values: ArraySlice<Double>) -> Double {
      let largest = values.max() ?? -.infinity
      guard largest.isFinite else { return largest }
      return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
    }
  }
}
