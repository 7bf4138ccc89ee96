import KerasCore
import KerasModel
import KerasTraining

/// How far numbers reach.
public struct Spread: Sendable, Hashable {
  public var minimum: Double
  public var maximum: Double
  public var mean: Double
  /// The standard deviation.
  public var deviation: Double
  public var count: Int

  /// `nil` where there is no finite number.
  public init?(_ values: some Sequence<Double>) {
    var (count, sum, squares) = (0, 0.0, 0.0)
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where value.isFinite {
      count += 1
      sum += value
      squares += value * value
      low = min(low, value)
      high = max(high, value)
    }
    guard count > 0 else { return nil }
    minimum = low
    maximum = high
    mean = sum / Double(count)
    deviation = max(squares / Double(count) - (sum / Double(count)) * (sum / Double(count)), 0).squareRoot()
    self.count = count
  }

  /// Of both together.
  func joined(_ other: Spread) -> Spread {
    var result = self
    let (a, b) = (Double(count), Double(other.count))
    result.minimum = min(minimum, other.minimum)
    result.maximum = max(maximum, other.maximum)
    result.count = count + other.count
    result.mean = (mean * a + other.mean * b) / (a + b)
    let between = a * b / ((a + b) * (a + b)) * (mean - other.mean) * (mean - other.mean)
    result.deviation = ((deviation * deviation * a + other.deviation * other.deviation * b) / (a + b) + between)
      .squareRoot()
    return result
  }
}

/// A layer's weights and what it puts out.
public struct LayerSpread: Sendable {
  /// Names from the outer model on: `encoder/dense_1`.
  public var path: String
  public var className: String
  /// Of all the layer's variables; `nil` without.
  public var weights: Spread?
  /// Of the outputs of all its applications; `nil` where they are no floats.
  public var outputs: Spread?
}

extension Model {
  /// The spread of each layer's weights, and of its outputs for the first samples of some data, in inference.
  ///
  /// Layers in the order of the computation, those of nested models too; eight samples are held at once.
  public func layerSpreads(on data: any SampleSource, samples: Int = 64) throws(KerasKitError) -> [LayerSpread] {
    try KerasKitError.wrap {
      let observer = try LayerObserver(self)
      var layers = observer.layers.map { LayerSpread(path: $0.path, className: $0.className) }
      let places = Dictionary(observer.layers.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { $1 })
      for (name, _, path, _) in try loaded.network.parameterSpecs() {
        guard let place = places[path], let values = try loaded.weights[name]?.doubles(), let spread = Spread(values)
        else { continue }
        layers[place].weights = layers[place].weights?.joined(spread) ?? spread
      }
      let reader = try data.reader(from: 0)
      let block = inputs.first?.shape.dimensions.first.flatMap { $0 } ?? 8
      var left = samples
      while left > 0, let part = try reader.next(min(left, block)) {
        // A fixed batch size takes no rest.
        if let fixed = inputs.first?.shape.dimensions.first.flatMap({ $0 }), fixed != part.count { break }
        left -= part.count
        let arrays = try fitted(part.inputs)
        for (place, result) in try observer.run(arrays) {
          guard let spread = Spread(try result.floats().lazy.map(Double.init)) else { continue }
          layers[place].outputs = layers[place].outputs?.joined(spread) ?? spread
        }
      }
      return layers
    }
  }
}
