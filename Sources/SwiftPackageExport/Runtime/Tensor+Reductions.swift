import Foundation

enum Reduction: Sendable { case sum, mean, maximum, minimum, product }

extension Tensor {
  /// Folds the elements along axes; `function` gets what it gave for the elements before, from `start` on.
  @inline(__always)
  fileprivate func folded<Sum: Sendable>(
    _ axes: [Int], from start: Sum, _ function: (Sum, Element) -> Sum
  ) -> Tensor<Sum> {
    var kept = shape
    for axis in axes { kept[axis] = 1 }
    var sums = [Sum](repeating: start, count: kept.elementCount)
    let walk = Traversal(shape, steps: [shape.steps, kept.steps(broadcastTo: shape)])
    let (size, stepX, stepSum) = (walk.rowCount, walk.rowSteps[0], walk.rowSteps[1])
    sums.withUnsafeMutableBufferPointer { sums in
      values.withUnsafeBufferPointer { x in
        walk.forEachRow { offsets in
          let (from, to) = (offsets[0], offsets[1])
          if stepSum == 0 {
            var sum = sums[to]
            for index in 0..<size { sum = function(sum, x[from + index * stepX]) }
            sums[to] = sum
          } else {
            for index in 0..<size {
              sums[to + index * stepSum] = function(sums[to + index * stepSum], x[from + index * stepX])
            }
          }
        }
      }
    }
    return Tensor<Sum>(kept, sums)
  }

  fileprivate func dropping(_ axes: [Int], _ keepsDimensions: Bool) -> Tensor {
    keepsDimensions ? self : Tensor(shape.indices.filter { !axes.contains($0) }.map { shape[$0] }, values)
  }

  /// The shape without its elements along an axis, and how many lie before and after it.
  fileprivate func lines(along axis: Int, _ body: (_ start: Int, _ size: Int, _ step: Int) -> Void) {
    let (outer, size, inner) = shape.around(axis)
    guard size > 0 else { return }
    for block in 0..<outer {
      for column in 0..<inner { body(block * size * inner + column, size, inner) }
    }
  }
}

extension Tensor<Float> {
  /// Sums are taken in double precision.
  func reduced(_ reduction: Reduction, axes: [Int], keepsDimensions: Bool) -> Tensor {
    let result: Tensor
    switch reduction {
    case .sum: result = folded(axes, from: 0.0) { $0 + Double($1) }.mapped { Float($0) }
    case .mean:
      let count = Double(axes.reduce(1) { $0 * shape[$1] })
      result = folded(axes, from: 0.0) { $0 + Double($1) }.mapped { Float($0 / count) }
    case .product: result = folded(axes, from: 1.0) { $0 * Double($1) }.mapped { Float($0) }
    case .maximum: result = folded(axes, from: -.infinity) { $0 > $1 || $0.isNaN ? $0 : $1 }
    case .minimum: result = folded(axes, from: .infinity) { $0 < $1 || $0.isNaN ? $0 : $1 }
    }
    return result.dropping(axes, keepsDimensions)
  }

  func softmax(axis: Int) -> Tensor {
    var result = values
    lines(along: axis) { start, size, step in
      var largest = -Float.infinity
      for index in 0..<size { largest = max(largest, values[start + index * step]) }
      var total = 0.0
      for index in 0..<size {
        let power = exp(values[start + index * step] - largest)
        result[start + index * step] = power
        total += Double(power)
      }
      let factor = Float(1 / total)
      for index in 0..<size { result[start + index * step] *= factor }
    }
    return Tensor(shape, result)
  }

  func logSoftmax(axis: Int) -> Tensor {
    var result = values
    lines(along: axis) { start, size, step in
      var largest = -Float.infinity
      for index in 0..<size { largest = max(largest, values[start + index * step]) }
      var total = 0.0
      for index in 0..<size { total += Double(exp(values[start + index * step] - largest)) }
      let logarithm = Float(log(total))
      for index in 0..<size { result[start + index * step] = values[start + index * step] - largest - logarithm }
    }
    return Tensor(shape, result)
  }

  func cumulativeSum(axis: Int, reverse: Bool) -> Tensor {
    var result = values
    lines(along: axis) { start, size, step in
      var total = 0.0
      for index in 0..<size {
        let place = start + (reverse ? size - 1 - index : index) * step
        total += Double(values[place])
        result[place] = Float(total)
      }
    }
    return Tensor(shape, result)
  }
}

extension Tensor<Int32> {
  func reduced(_ reduction: Reduction, axes: [Int], keepsDimensions: Bool) -> Tensor {
    let result: Tensor
    switch reduction {
    case .sum: result = folded(axes, from: 0) { $0 &+ $1 }
    case .mean:
      let count = Int32(clamping: axes.reduce(1) { $0 * shape[$1] })
      result = folded(axes, from: 0) { $0 &+ $1 }.mapped { count == 0 ? 0 : $0 / count }
    case .product: result = folded(axes, from: 1) { $0 &* $1 }
    case .maximum: result = folded(axes, from: .min) { max($0, $1) }
    case .minimum: result = folded(axes, from: .max) { min($0, $1) }
    }
    return result.dropping(axes, keepsDimensions)
  }

  func cumulativeSum(axis: Int, reverse: Bool) -> Tensor {
    var result = values
    lines(along: axis) { start, size, step in
      var total: Int32 = 0
      for index in 0..<size {
        let place = start + (reverse ? size - 1 - index : index) * step
        total &+= values[place]
        result[place] = total
      }
    }
    return Tensor(shape, result)
  }
}

extension Tensor<Bool> {
  func any(axes: [Int], keepsDimensions: Bool) -> Tensor {
    folded(axes, from: false) { $0 || $1 }.dropping(axes, keepsDimensions)
  }

  func all(axes: [Int], keepsDimensions: Bool) -> Tensor {
    folded(axes, from: true) { $0 && $1 }.dropping(axes, keepsDimensions)
  }
}

extension Tensor where Element: Comparable {
  /// Where along an axis the first of the largest elements is; the axis is dropped.
  func argMax(axis: Int) -> Tensor<Int32> {
    var found: [Int32] = []
    lines(along: axis) { start, size, step in
      var best = 0
      for index in 1..<max(size, 1) where values[start + index * step] > values[start + best * step] { best = index }
      found.append(Int32(truncatingIfNeeded: best))
    }
    var result = shape
    result.remove(at: axis)
    return Tensor<Int32>(result, found)
  }
}
