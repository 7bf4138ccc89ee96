import KerasGraph

extension Interpreter {
  static func evaluateConvolution(
    _ convolution: Convolution, _ x: Tensor, _ kernel: Tensor, _ shape: [Int]
  ) throws -> Tensor {
    var y = Tensor(shape, filledWith: 0)
    try forEachTap(convolution, x: x.shape, kernel: kernel.shape, y: shape) { inX, inKernel, inY in
      y[inY] += x[inX] * kernel[inKernel]
    }
    return y
  }

  static func evaluateInputGradient(
    _ convolution: Convolution, gradient: Tensor, kernel: Tensor, _ shape: [Int]
  ) throws -> Tensor {
    var x = Tensor(shape, filledWith: 0)
    try forEachTap(convolution, x: shape, kernel: kernel.shape, y: gradient.shape) { inX, inKernel, inY in
      x[inX] += gradient[inY] * kernel[inKernel]
    }
    return x
  }

  static func evaluateKernelGradient(
    _ convolution: Convolution, x: Tensor, gradient: Tensor, _ shape: [Int]
  ) throws -> Tensor {
    var kernel = Tensor(shape, filledWith: 0)
    try forEachTap(convolution, x: x.shape, kernel: shape, y: gradient.shape) { inX, inKernel, inY in
      kernel[inKernel] += x[inX] * gradient[inY]
    }
    return kernel
  }

  /// Visits each product of a convolution: the indices of an element of x, of the kernel and of the result.
  private static func forEachTap(
    _ convolution: Convolution, x: [Int], kernel: [Int], y: [Int], _ body: ([Int], [Int], [Int]) -> Void
  ) throws {
    let spatial = x.count - 2
    let before = try convolution.padding.resolved(
      inputSpatial: Array(x[1...spatial]), kernel: Array(kernel[..<spatial]), strides: convolution.strides,
      dilations: convolution.dilations
    ).before
    let channelsPerGroup = kernel[spatial]
    let resultsPerGroup = kernel[spatial + 1] / convolution.groups
    Tensor.forEachIndex(y) { inY in
      let group = inY[spatial + 1] / resultsPerGroup
      Tensor.forEachIndex(Array(kernel[...spatial])) { tap in
        var inX = [inY[0]]
        for axis in 0..<spatial {
          let position = inY[axis + 1] * convolution.strides[axis] + tap[axis] * convolution.dilations[axis]
          inX.append(position - before[axis])
          if inX[axis + 1] < 0 || inX[axis + 1] >= x[axis + 1] { return }
        }
        inX.append(group * channelsPerGroup + tap[spatial])
        body(inX, tap + [inY[spatial + 1]], inY)
      }
    }
  }

  static func evaluatePool(_ pooling: Pooling, _ x: Tensor, _ shape: [Int]) throws -> Tensor {
    var y = Tensor(shape, filledWith: 0)
    try forEachWindow(pooling, x: x.shape, y: shape) { inY, window in
      switch pooling.kind {
      case .maximum: y[inY] = window.map { x[$0] }.max() ?? -.infinity
      case .average: y[inY] = window.map { x[$0] }.reduce(0, +) / divisor(pooling, window.count)
      }
    }
    return y
  }

  static func evaluatePoolGradient(_ pooling: Pooling, x: Tensor, gradient: Tensor) throws -> Tensor {
    var result = Tensor(x.shape, filledWith: 0)
    try forEachWindow(pooling, x: x.shape, y: gradient.shape) { inY, window in
      switch pooling.kind {
      case .maximum:
        guard var best = window.first else { return }
        for candidate in window where x[candidate] > x[best] { best = candidate }
        result[best] += gradient[inY]
      case .average:
        for index in window { result[index] += gradient[inY] / divisor(pooling, window.count) }
      }
    }
    return result
  }

  private static func divisor(_ pooling: Pooling, _ realElements: Int) -> Double {
    if case .average(countsPadding: true) = pooling.kind { return Double(pooling.window.reduce(1, *)) }
    return Double(max(realElements, 1))
  }

  /// Visits each result of a pooling with the indices of the real elements in its window, in C order.
  private static func forEachWindow(
    _ pooling: Pooling, x: [Int], y: [Int], _ body: ([Int], [[Int]]) -> Void
  ) throws {
    let spatial = pooling.window.count
    let before = try pooling.padding.resolved(
      inputSpatial: Array(x[1...spatial]), kernel: pooling.window, strides: pooling.strides,
      dilations: [Int](repeating: 1, count: spatial)
    ).before
    Tensor.forEachIndex(y) { inY in
      var window: [[Int]] = []
      Tensor.forEachIndex(pooling.window) { offset in
        var index = [inY[0]]
        for axis in 0..<spatial {
          let position = inY[axis + 1] * pooling.strides[axis] + offset[axis] - before[axis]
          if position < 0 || position >= x[axis + 1] { return }
          index.append(position)
        }
        window.append(index + [inY[spatial + 1]])
      }
      body(inY, window)
    }
  }
}
