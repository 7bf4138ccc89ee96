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
    case .radial: makeRadial(weights)
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

  /// As `RadialConstraint` of keras/constraints.py (2.15): the square `r` steps around the centre takes the number that
  /// stands on the diagonal `r` − 1 steps behind the first centre, not its own.
  private func makeRadial(_ weights: UnsafeMutableBufferPointer<Float>) {
    // Kernels of one element have no centre before the first, and Keras refuses those that are no squares.
    guard shape.count == 4, shape[0] == shape[1], shape[0] > 1 else { return }
    let size = shape[0]
    let kernels = shape[2] * shape[3]
    let start = size / 2
    for kernel in 0..<kernels {
      let diagonal = (0..<size).map { weights[($0 * size + $0) * kernels + kernel] }
      for row in 0..<size {
        for column in 0..<size {
          // Steps from the centre, which is one element or four.
          let own = [row, column].map { size % 2 == 1 ? abs($0 - start) : $0 >= start ? $0 - start : start - 1 - $0 }
          let ring = max(own[0], own[1])
          let place = ring == 0 ? start - 1 : size % 2 == 1 ? start + ring - 1 : start + ring
          weights[(row * size + column) * kernels + kernel] = diagonal[place]
        }
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
