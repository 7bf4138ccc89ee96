import KerasCore

/// Counts what pre-activations would be if the bias, the kernel or the inputs were ordinary.
struct DriverCount {
  private let range: ClosedRange<Double>?
  private let norms: [Double]
  private let bias: [Double]
  private let template: Drivers
  private var count = 0
  private var observed = 0.0
  private var withoutBias = 0.0
  private var withUnitKernel = 0.0
  private var withUnitInput = 0.0
  private var inputSquares = 0.0
  private var inputCount = 0

  /// `nil` where the kernel's weights cannot be told apart by unit.
  init?(
    activation: TracedActivation?, units: Int, kernel: TensorData, kernelField: String, bias: TensorData?,
    biasField: String?
  ) {
    guard let weights = try? kernel.doubles(), !weights.isEmpty, units > 0,
      let norms = Self.norms(weights, kernel.shape, units: units)
    else { return nil }
    let offsets = bias.flatMap { try? $0.doubles() } ?? []
    guard offsets.isEmpty || offsets.count == units else { return nil }
    range = activation?.openRange
    self.norms = norms
    self.bias = offsets.isEmpty ? Array(repeating: 0, count: units) : offsets
    template = Drivers(
      measure: range == nil ? .rms : .saturatedShare, observed: 0, withoutBias: 0, withUnitKernel: 0,
      withUnitInput: 0, kernelNorm: (norms.reduce(0) { $0 + $1 * $1 } / Double(units)).squareRoot(),
      largestWeight: weights.map(\.magnitude).max() ?? 0, largestBias: offsets.map(\.magnitude).max() ?? 0,
      inputRMS: 0, kernelField: kernelField, biasField: offsets.isEmpty ? nil : biasField)
  }

  /// The norm of each unit's weights: units lie along the last axes that hold just as many.
  private static func norms(_ weights: [Double], _ shape: [Int], units: Int) -> [Double]? {
    var product = 1
    var axis = shape.count
    while axis > 0, product < units {
      axis -= 1
      product *= shape[axis]
    }
    guard weights.count.isMultiple(of: units) else { return nil }
    if product == units {
      var squares = [Double](repeating: 0, count: units)
      for (index, weight) in weights.enumerated() { squares[index % units] += weight * weight }
      return squares.map { $0.squareRoot() }
    }
    // Of a transposed convolution the units are not last: all units have the mean of them.
    guard shape.contains(units) else { return nil }
    let mean = (weights.reduce(0) { $0 + $1 * $1 } / Double(units)).squareRoot()
    return Array(repeating: mean, count: units)
  }

  /// Adds a batch: the product's input and the pre-activations, whose units lie along `axis`.
  mutating func add(
    input: UnsafeBufferPointer<Float>, preActivation values: UnsafeBufferPointer<Float>, _ shape: [Int], axis: Int
  ) {
    let layout = UnitLayout(shape, axis: axis)
    guard layout.units == norms.count, layout.count == values.count, !values.isEmpty else { return }
    let squares = input.reduce(0.0) { $0 + Double($1) * Double($1) }
    guard squares.isFinite else { return }
    inputSquares += squares
    inputCount += input.count
    let scale = 1 / max(1, (squares / Double(max(input.count, 1))).squareRoot())
    var sums = (0.0, 0.0, 0.0, 0.0)
    var finite = 0
    layout.forEach { index, unit in
      let value = Double(values[index])
      guard value.isFinite else { return }
      let own = value - bias[unit]
      finite += 1
      sums.0 += measure(value)
      sums.1 += measure(own)
      sums.2 += measure(own / max(1, norms[unit]) + bias[unit])
      sums.3 += measure(own * scale + bias[unit])
    }
    count += finite
    observed += sums.0
    withoutBias += sums.1
    withUnitKernel += sums.2
    withUnitInput += sums.3
  }

  private func measure(_ value: Double) -> Double {
    guard let range else { return value * value }
    return value <= range.lowerBound || value >= range.upperBound ? 1 : 0
  }

  var result: Drivers? {
    guard count > 0 else { return nil }
    func mean(_ sum: Double) -> Double {
      let mean = sum / Double(count)
      return range == nil ? mean.squareRoot() : mean
    }
    var result = template
    result.observed = mean(observed)
    result.withoutBias = mean(withoutBias)
    result.withUnitKernel = mean(withUnitKernel)
    result.withUnitInput = mean(withUnitInput)
    result.inputRMS = inputCount > 0 ? (inputSquares / Double(inputCount)).squareRoot() : 0
    return result
  }
}
