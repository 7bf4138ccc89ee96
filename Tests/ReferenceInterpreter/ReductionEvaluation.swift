import Foundation
import KerasGraph

extension Interpreter {
  static func reduce(_ reduction: Reduction, _ x: Tensor, _ axes: [Int], _ shape: [Int]) -> Tensor {
    let kept = x.shape.indices.filter { !axes.contains($0) }
    var groups = [[Double]](repeating: [], count: shape.reduce(1, *))
    let keptShape = Tensor(kept.map { x.shape[$0] }, [])
    Tensor.forEachIndex(x.shape) { index in
      groups[keptShape.offset(kept.map { index[$0] })].append(x[index])
    }
    return Tensor(shape, groups.map { combine(reduction, $0) })
  }

  private static func combine(_ reduction: Reduction, _ elements: [Double]) -> Double {
    switch reduction {
    case .sum: elements.reduce(0, +)
    case .mean: elements.reduce(0, +) / Double(elements.count)
    case .maximum: elements.reduce(-.infinity) { Binary.maximum.evaluate($0, $1) }
    case .minimum: elements.reduce(.infinity) { Binary.minimum.evaluate($0, $1) }
    case .product: elements.reduce(1, *)
    case .any: elements.contains { $0 != 0 } ? 1 : 0
    case .all: elements.allSatisfy { $0 != 0 } ? 1 : 0
    }
  }

  static func argMax(_ x: Tensor, _ axis: Int, _ shape: [Int]) -> Tensor {
    Tensor.generate(shape) { index in
      var best = 0
      for candidate in 0..<x.shape[axis] where x[inserting(candidate, axis, index)] > x[inserting(best, axis, index)] {
        best = candidate
      }
      return Double(best)
    }
  }

  private static func inserting(_ position: Int, _ axis: Int, _ index: [Int]) -> [Int] {
    var index = index
    index.insert(position, at: axis)
    return index
  }

  /// Applies a function to each line of elements along an axis.
  static func alongAxis(_ x: Tensor, _ axis: Int, _ function: ([Double]) -> [Double]) -> Tensor {
    var result = x
    var others = x.shape
    others.remove(at: axis)
    Tensor.forEachIndex(others) { index in
      let line = (0..<x.shape[axis]).map { inserting($0, axis, index) }
      for (position, value) in Swift.zip(line, function(line.map { x[$0] })) { result[position] = value }
    }
    return result
  }

  static func softmax(_ line: [Double]) -> [Double] {
    let largest = line.max() ?? 0
    let powers = line.map { exp($0 - largest) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  static func logSoftmax(_ line: [Double]) -> [Double] {
    let largest = line.max() ?? 0
    let logOfTotal = log(line.map { exp($0 - largest) }.reduce(0, +))
    return line.map { $0 - largest - logOfTotal }
  }

  /// By the Jacobian of softmax: ∂yⱼ/∂xᵢ = yⱼ·(δᵢⱼ − yᵢ).
  static func softmaxGradient(_ y: Tensor, _ gradient: Tensor, _ axis: Int) -> Tensor {
    Tensor.generate(y.shape) { index in
      (0..<y.shape[axis]).reduce(0.0) { sum, j in
        var other = index
        other[axis] = j
        return sum + gradient[other] * y[other] * ((j == index[axis] ? 1 : 0) - y[index])
      }
    }
  }

  static func cumulativeSum(_ line: [Double], reverse: Bool) -> [Double] {
    var total = 0.0
    let sums = (reverse ? line.reversed() : line).map { element in
      total += element
      return total
    }
    return reverse ? sums.reversed() : sums
  }

  static func matmul(_ a: Tensor, _ b: Tensor, _ transposeA: Bool, _ transposeB: Bool, _ shape: [Int]) -> Tensor {
    let leading = Array(shape.dropLast(2))
    let a = a.broadcast(to: leading + a.shape.suffix(2))
    let b = b.broadcast(to: leading + b.shape.suffix(2))
    let inner = transposeA ? a.shape[a.shape.count - 2] : a.shape[a.shape.count - 1]
    return Tensor.generate(shape) { index in
      let lead = Array(index.dropLast(2))
      let (row, column) = (index[index.count - 2], index[index.count - 1])
      return (0..<inner).reduce(0.0) { sum, k in
        sum + a[lead + (transposeA ? [k, row] : [row, k])] * b[lead + (transposeB ? [column, k] : [k, column])]
      }
    }
  }

  static func random(_ distribution: RandomDistribution, seed: UInt64, stream: Int, _ shape: [Int]) -> Tensor {
    var generator = SplitMix(seed: seed &+ UInt64(bitPattern: Int64(stream)) &* 0x9e37_79b9_7f4a_7c15)
    return Tensor.generate(shape) { _ in
      switch distribution {
      case .uniform: generator.uniform()
      case .normal:
        (-2 * log(1 - generator.uniform())).squareRoot() * cos(2 * Double.pi * generator.uniform())
      }
    }
  }
}

/// A small seeded generator, for random ops and for tests' data.
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// In [0, 1).
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}

extension Tensor {
  /// Evenly distributed numbers, the same for the same seed.
  public static func random(_ shape: [Int], seed: UInt64, in range: ClosedRange<Double> = -1...1) -> Tensor {
    var generator = SplitMix(seed: seed)
    return generate(shape) { _ in range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform() }
  }
}
