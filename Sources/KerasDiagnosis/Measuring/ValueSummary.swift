/// How numbers are spread: of a tensor over all samples, or of an array.
public struct ValueSummary: Sendable, Hashable {
  /// Finite numbers.
  public private(set) var count = 0
  /// Numbers that are infinite or NaN, which nothing else here counts.
  public private(set) var notFinite = 0
  public private(set) var zeros = 0
  public private(set) var minimum = 0.0
  public private(set) var maximum = 0.0
  private var sum = 0.0
  private var squares = 0.0
  public private(set) var histogram = Histogram()

  public init() {}

  public var mean: Double { count > 0 ? sum / Double(count) : 0 }
  /// The standard deviation.
  public var deviation: Double { count > 0 ? max(squares / Double(count) - mean * mean, 0).squareRoot() : 0 }
  /// √Σx².
  public var norm: Double { squares.squareRoot() }
  /// The root of the mean square.
  public var rms: Double { count > 0 ? (squares / Double(count)).squareRoot() : 0 }
  public var zeroShare: Double { count > 0 ? Double(zeros) / Double(count) : 0 }
  /// The largest magnitude.
  public var reach: Double { max(minimum.magnitude, maximum.magnitude) }

  mutating func add(_ values: UnsafeBufferPointer<Float>) {
    var (low, high) = (Float.infinity, -Float.infinity)
    var (finite, nothing) = (0, 0)
    var (total, squared) = (0.0, 0.0)
    for value in values where value.isFinite {
      finite += 1
      if value == 0 { nothing += 1 }
      if value < low { low = value }
      if value > high { high = value }
      let wide = Double(value)
      total += wide
      squared += wide * wide
    }
    notFinite += values.count - finite
    guard finite > 0 else { return }
    minimum = count > 0 ? min(minimum, Double(low)) : Double(low)
    maximum = count > 0 ? max(maximum, Double(high)) : Double(high)
    count += finite
    zeros += nothing
    sum += total
    squares += squared
    histogram.reach(from: Double(low), to: Double(high))
    for value in values where value.isFinite { histogram.add(Double(value)) }
  }
}
