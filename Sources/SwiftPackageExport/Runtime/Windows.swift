/// How a window's positions relate to the input.
enum Padding: Sendable {
  /// Places before and after each spatial axis.
  case explicit(before: [Int], after: [Int])
  /// As many results as ⌈size / stride⌉; the larger half of the padding behind.
  case same
  /// As many results; half the window before.
  case sameTheano
  /// As many results; before: k − 2 for an odd window beyond 2, else k − 1.
  case samePoolTheano
}

/// Windows that pass over the spatial axes of an array `(batch, spatial…, channels)`.
struct Windows: Sendable {
  var size: [Int]
  var strides: [Int]
  var dilations: [Int]
  var padding: Padding

  /// The padding before each axis and the number of positions on it.
  func positions(over spatial: [Int], in operation: String) throws(PredictionError) -> (before: [Int], counts: [Int]) {
    var (before, counts) = ([Int](), [Int]())
    for axis in spatial.indices {
      let reach = (size[axis] - 1) * dilations[axis] + 1
      if case .explicit(let front, let back) = padding {
        let total = spatial[axis] + front[axis] + back[axis]
        guard total >= reach else { throw .shapes(operation: operation, [spatial, size]) }
        before.append(front[axis])
        counts.append((total - reach) / strides[axis] + 1)
        continue
      }
      let count = (spatial[axis] + strides[axis] - 1) / strides[axis]
      let missing = count == 0 ? 0 : (count - 1) * strides[axis] + reach - spatial[axis]
      counts.append(count)
      switch padding {
      case .sameTheano: before.append(reach / 2)
      case .samePoolTheano: before.append(reach > 2 && reach % 2 == 1 ? reach - 2 : reach - 1)
      default: before.append(max(missing, 0) / 2)
      }
    }
    return (before, counts)
  }

  /// For each position, where in the spatial axes (as one) each place of the window lies; -1 is outside.
  func places(over spatial: [Int], in operation: String) throws(PredictionError) -> WindowPlaces {
    let (before, counts) = try positions(over: spatial, in: operation)
    let (taps, results) = (size.elementCount, counts.elementCount)
    var places = [Int](repeating: 0, count: taps * results)
    let (tapSteps, resultSteps) = (size.steps, counts.steps)
    for axis in spatial.indices {
      for result in 0..<results {
        let start = result / resultSteps[axis] % counts[axis] * strides[axis] - before[axis]
        for tap in 0..<taps where places[result * taps + tap] >= 0 {
          let place = start + tap / tapSteps[axis] % size[axis] * dilations[axis]
          places[result * taps + tap] =
            place < 0 || place >= spatial[axis] ? -1 : places[result * taps + tap] * spatial[axis] + place
        }
      }
    }
    return WindowPlaces(counts: counts, taps: taps, places: places)
  }
}

struct WindowPlaces {
  /// Positions of the window along each axis.
  var counts: [Int]
  /// Places in a window.
  var taps: Int
  /// Of each position, those of its window.
  var places: [Int]
}

extension Tensor<Float> {
  private var spatial: [Int] { Array(shape[1..<shape.count - 1]) }

  /// A correlation; `kernel` is `(spatial…, in / groups, out)`.
  func convolved(_ kernel: Tensor, _ windows: Windows, groups: Int) throws(PredictionError) -> Tensor {
    let (batch, channels, results) = (shape[0], shape[shape.count - 1], kernel.shape[kernel.shape.count - 1])
    let inGroup = kernel.shape[kernel.shape.count - 2]
    guard channels == inGroup * groups else { throw .shapes(operation: "convolution", [shape, kernel.shape]) }
    let places = try windows.places(over: spatial, in: "convolution")
    let (taps, size, count) = (places.taps, spatial.elementCount, places.counts.elementCount)
    let outGroup = results / groups
    var result = [Float](repeating: 0, count: batch * count * results)
    let kernels = kernel.split(into: groups)
    // As many positions at a time as keep their windows in the cache.
    let chunk = max(4, min(count, 65536 / max(taps * inGroup, 1)))
    var columns = [Float](repeating: 0, count: chunk * taps * inGroup)
    var part = [Float](repeating: 0, count: chunk * outGroup)
    for sample in 0..<batch {
      if inGroup == 1, groups > 1 {
        convolveDepthwise(sample, kernel, places, size, outGroup, &result)
        continue
      }
      for first in stride(from: 0, to: count, by: chunk) {
        let positions = min(chunk, count - first)
        for group in 0..<groups {
          gather(sample * size * channels + group * inGroup, inGroup, places, first, positions, &columns)
          let multiply = MatrixProduct(rows: positions, inner: taps * inGroup, columns: outGroup)
          multiply.run(columns, kernels[group].values, &part)
          let target = (sample * count + first) * results + group * outGroup
          for position in 0..<positions {
            for out in 0..<outGroup { result[target + position * results + out] = part[position * outGroup + out] }
          }
        }
      }
    }
    return Tensor([batch] + places.counts + [results], result)
  }

  /// The channels of a group in the windows at some positions, a row each.
  private func gather(
    _ start: Int, _ width: Int, _ places: WindowPlaces, _ first: Int, _ positions: Int, _ columns: inout [Float]
  ) {
    let channels = shape[shape.count - 1]
    columns.withUnsafeMutableBufferPointer { columns in
      values.withUnsafeBufferPointer { x in
        for row in 0..<positions * places.taps {
          let (place, target) = (places.places[first * places.taps + row], row * width)
          if place < 0 {
            for channel in 0..<width { columns[target + channel] = 0 }
          } else {
            let source = start + place * channels
            for channel in 0..<width { columns[target + channel] = x[source + channel] }
          }
        }
      }
    }
  }

  /// Each channel has kernels of its own.
  private func convolveDepthwise(
    _ sample: Int, _ kernel: Tensor, _ places: WindowPlaces, _ size: Int, _ multiplier: Int, _ result: inout [Float]
  ) {
    let (channels, results) = (shape[shape.count - 1], kernel.shape[kernel.shape.count - 1])
    let count = places.counts.elementCount
    withPointers(self, kernel, &result) { x, kernel, result in
      for position in 0..<count {
        let target = result + (sample * count + position) * results
        for tap in 0..<places.taps {
          let place = places.places[position * places.taps + tap]
          if place < 0 { continue }
          let (source, factors) = (x + (sample * size + place) * channels, kernel + tap * results)
          if multiplier == 1 {
            for channel in 0..<channels { target[channel] += source[channel] * factors[channel] }
          } else {
            for out in 0..<results { target[out] += source[out / multiplier] * factors[out] }
          }
        }
      }
    }
  }

  /// The kernels of each group, `(taps · in / groups, out / groups)`.
  private func split(into groups: Int) -> [Tensor] {
    let results = shape[shape.count - 1]
    let matrix = Tensor([count / max(results, 1), results], values)
    if groups == 1 { return [matrix] }
    let width = results / groups
    return (0..<groups).map { group in
      matrix.picked([matrix.shape[0], width], steps: [results, 1], start: group * width)
    }
  }

  /// The adjoint of `convolved`: a transposed convolution to the given spatial shape.
  func convolvedBack(
    _ kernel: Tensor, _ windows: Windows, groups: Int, to spatial: [Int]
  ) throws(PredictionError) -> Tensor {
    let (batch, results) = (shape[0], shape[shape.count - 1])
    let inGroup = kernel.shape[kernel.shape.count - 2]
    let (channels, outGroup) = (inGroup * groups, results / groups)
    let places = try windows.places(over: spatial, in: "transposed convolution")
    guard places.counts == self.spatial, kernel.shape[kernel.shape.count - 1] == results else {
      throw .shapes(operation: "transposed convolution", [shape, kernel.shape, spatial])
    }
    let (taps, size, count) = (places.taps, spatial.elementCount, places.counts.elementCount)
    var result = [Float](repeating: 0, count: batch * size * channels)
    let kernels = kernel.split(into: groups).map { $0.transposed([1, 0]) }
    var columns = [Float](repeating: 0, count: count * taps * inGroup)
    for sample in 0..<batch {
      for group in 0..<groups {
        let own = picked(
          [count, outGroup], steps: [results, 1], start: sample * count * results + group * outGroup)
        MatrixProduct(rows: count, inner: outGroup, columns: taps * inGroup).run(
          own.values, kernels[group].values, &columns)
        for row in 0..<count * taps where places.places[row] >= 0 {
          let target = (sample * size + places.places[row]) * channels + group * inGroup
          for channel in 0..<inGroup { result[target + channel] += columns[row * inGroup + channel] }
        }
      }
    }
    return Tensor([batch] + spatial + [channels], result)
  }

  // MARK: Pooling

  enum Pooling: Sendable {
    case maximum
    /// Divides by the number of real elements in the window, or by the whole window.
    case average(countsPadding: Bool)
  }

  func pooled(_ pooling: Pooling, _ windows: Windows) throws(PredictionError) -> Tensor {
    let (batch, channels) = (shape[0], shape[shape.count - 1])
    let places = try windows.places(over: spatial, in: "pool")
    let (taps, size, count) = (places.taps, spatial.elementCount, places.counts.elementCount)
    var isMaximum = false
    if case .maximum = pooling { isMaximum = true }
    var result = [Float](repeating: isMaximum ? -.infinity : 0, count: batch * count * channels)
    withPointers(self, self, &result) { x, _, result in
      for position in 0..<batch * count {
        let target = result + position * channels
        var found = 0
        for tap in 0..<taps {
          let place = places.places[position % count * taps + tap]
          if place < 0 { continue }
          found += 1
          let source = x + (position / count * size + place) * channels
          if isMaximum {
            for channel in 0..<channels {
              let value = source[channel]
              if value > target[channel] || value.isNaN { target[channel] = value }
            }
          } else {
            for channel in 0..<channels { target[channel] += source[channel] }
          }
        }
        guard !isMaximum else { continue }
        var divisor = max(found, 1)
        if case .average(countsPadding: true) = pooling { divisor = taps }
        for channel in 0..<channels { target[channel] /= Float(divisor) }
      }
    }
    return Tensor([batch] + places.counts + [channels], result)
  }
}

extension MatrixProduct {
  /// The product of arrays that are long enough.
  func run(_ a: [Float], _ b: [Float], _ c: inout [Float]) {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          self(a, b, c)
        }
      }
    }
  }
}
