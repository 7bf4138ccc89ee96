import KerasCore
import KerasModel

/// Projects a variable onto what its constraint allows, as Keras does after each update.
struct ConstraintProjection: Sendable {
  let constraint: Constraint
  let shape: [Int]

  /// Changes `weights`, which has `shape`, in place.
  func apply(to weights: UnsafeMutableBufferPointer<Float>) {
    switch constraint {
    case .nonNegative:
      for i in weights.indices { weights[i] = weights[i] >= 0 ? weights[i] : 0 }
    case .maxNorm(let maximum, let axes):
      rescale(weights, axes) { norm in min(max(norm, 0), Float(maximum)) / (Float(kerasEpsilon) + norm) }
    case .unitNorm(let axes):
      rescale(weights, axes) { norm in 1 / (Float(kerasEpsilon) + norm) }
    case .minMaxNorm(let minimum, let maximum, let rate, let axes):
      rescale(weights, axes) { norm in
        let bounded = min(max(norm, Float(minimum)), Float(maximum))
        return (Float(rate) * bounded + (1 - Float(rate)) * norm) / (Float(kerasEpsilon) + norm)
      }
    }
  }

  /// Multiplies each group of elements that differ only along `axes` by a function of its norm.
  private func rescale(
    _ weights: UnsafeMutableBufferPointer<Float>, _ axes: [Int], _ factor: (Float) -> Float
  ) {
    let reduced = Set(axes.map { $0 < 0 ? $0 + shape.count : $0 })
    // The group of an element: its index without the reduced axes.
    var groupStrides = [Int](repeating: 0, count: shape.count)
    var groupCount = 1
    for axis in shape.indices.reversed() where !reduced.contains(axis) {
      groupStrides[axis] = groupCount
      groupCount *= shape[axis]
    }
    var groups = [Int](repeating: 0, count: weights.count)
    var index = [Int](repeating: 0, count: shape.count)
    for i in weights.indices {
      groups[i] = zip(index, groupStrides).reduce(0) { $0 + $1.0 * $1.1 }
      for axis in shape.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
    var squares = [Float](repeating: 0, count: groupCount)
    for i in weights.indices { squares[groups[i]] += weights[i] * weights[i] }
    let factors = squares.map { factor($0.squareRoot()) }
    for i in weights.indices { weights[i] *= factors[groups[i]] }
  }
}
