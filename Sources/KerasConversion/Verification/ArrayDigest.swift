import KerasCore

/// A few numbers that say what an array holds: enough to notice that another differs, at any size.
public struct ArrayDigest: Sendable, Hashable {
  public var shape: [Int]
  /// The square root of the mean of squares.
  public var magnitude: Double
  /// The mean.
  public var mean: Double
  /// Values at places spread over the array, in order; all of a small one.
  public var samples: [Double]

  /// Of float or whole numbers; `limit` is how many values are kept.
  public init(_ array: TensorData, limit: Int) throws(TensorDataError) {
    let values = try array.doubles()
    shape = array.shape
    var (sum, squares) = (0.0, 0.0)
    for value in values {
      sum += value
      squares += value * value
    }
    mean = values.isEmpty ? 0 : sum / Double(values.count)
    magnitude = values.isEmpty ? 0 : (squares / Double(values.count)).squareRoot()
    samples = Self.places(count: values.count, limit: limit).map { values[$0] }
  }

  private static func places(count: Int, limit: Int) -> [Int] {
    count <= limit ? Array(0..<count) : (0..<limit).map { $0 * (count - 1) / max(limit - 1, 1) }
  }

  /// How far another array's numbers lie from these, relative to this array's largest; infinite where the shape differs.
  public func difference(from other: ArrayDigest) -> Double {
    guard shape == other.shape, samples.count == other.samples.count else { return .infinity }
    let scale = ([magnitude, 1e-6] + samples).lazy.map(\.magnitude).filter(\.isFinite).max() ?? 1e-6
    var largest = 0.0
    for (a, b) in zip(samples + [mean, magnitude], other.samples + [other.mean, other.magnitude])
    where !(a == b || a.isNaN && b.isNaN) {
      let distance = (a - b).magnitude
      largest = max(largest, distance.isNaN ? .infinity : distance)
    }
    return largest / scale
  }

  // MARK: As JSON

  /// Numbers as Keras computed them, in 9 digits; what is not finite as a word.
  public var json: JSON {
    [
      "shape": .array(shape.map { JSON($0) }), "rms": Self.json(magnitude), "mean": Self.json(mean),
      "values": .array(samples.map { Self.json($0) }),
    ]
  }

  /// `nil` if the JSON is no digest.
  public init?(_ json: JSON) {
    guard let shape = json["shape"]?.arrayValue?.map(\.intValue), let rms = Self.number(json["rms"]),
      let mean = Self.number(json["mean"]), let values = json["values"]?.arrayValue?.map({ Self.number($0) })
    else { return nil }
    let (sizes, samples) = (shape.compactMap { $0 }, values.compactMap { $0 })
    guard sizes.count == shape.count, samples.count == values.count else { return nil }
    (self.shape, magnitude, self.mean, self.samples) = (sizes, rms, mean, samples)
  }

  private static func json(_ value: Double) -> JSON {
    value.isFinite ? .number(Double(Float(value))) : .string("\(value)")
  }

  private static func number(_ json: JSON?) -> Double? {
    json?.doubleValue ?? json?.stringValue.flatMap { ["nan", "inf", "-inf"].contains($0) ? Double($0) : nil }
  }
}
