/// How many numbers fall into each of at most 64 bins, whatever their range turns out to be.
///
/// Bins are as wide as a power of two and begin at multiples of it. Where a number lies too far out, pairs of bins become one,
/// so that numbers are seen once and the memory is bounded.
public struct Histogram: Sendable, Hashable {
  public static let largestCount = 64

  /// 0 while there is no number.
  public private(set) var binWidth = 0.0
  /// The first bin begins at this multiple of the width.
  public private(set) var firstBin = 0
  public private(set) var counts: [Int] = []

  public init() {}

  /// Where the first bin begins, and the last ends.
  public var lowerBound: Double { Double(firstBin) * binWidth }
  public var upperBound: Double { Double(firstBin + counts.count) * binWidth }

  /// Makes room for numbers between two finite bounds.
  mutating func reach(from low: Double, to high: Double) {
    if counts.isEmpty {
      // So narrow a bin that its number still fits an Int, and a tenth of a thousandth of a constant.
      let smallest = max(low.magnitude, high.magnitude, 1e-30) * 0x1p-14
      binWidth = Self.powerOfTwo(notBelow: max((high - low) / Double(Self.largestCount - 2), smallest))
      firstBin = bin(low)
      counts = [0]
    }
    while true {
      let (first, last) = (min(bin(low), firstBin), max(bin(high), firstBin + counts.count - 1))
      if last - first < Self.largestCount {
        counts = Array(repeating: 0, count: firstBin - first) + counts
        firstBin = first
        counts += Array(repeating: 0, count: last - first + 1 - counts.count)
        return
      }
      halve()
    }
  }

  /// Counts a number within the bounds given to `reach`.
  mutating func add(_ value: Double) {
    let place = bin(value) - firstBin
    if counts.indices.contains(place) { counts[place] += 1 }
  }

  private func bin(_ value: Double) -> Int {
    let number = (value / binWidth).rounded(.down)
    return number.magnitude < 0x1p52 ? Int(number) : number < 0 ? -(1 << 52) : 1 << 52
  }

  /// Each two bins become one.
  private mutating func halve() {
    let first = firstBin >> 1
    var merged = [Int](repeating: 0, count: ((firstBin + counts.count - 1) >> 1) - first + 1)
    for (index, count) in counts.enumerated() { merged[((firstBin + index) >> 1) - first] += count }
    (firstBin, counts, binWidth) = (first, merged, binWidth * 2)
  }

  private static func powerOfTwo(notBelow value: Double) -> Double {
    let power = value.binade
    return power < value ? power * 2 : power
  }

  /// The counts in so many bars of one width from the first to the last bin.
  ///
  /// A bin that lies in two bars is shared between them by width.
  public func bars(_ count: Int) -> [Double] {
    guard count > 0, !counts.isEmpty else { return [] }
    var result = [Double](repeating: 0, count: count)
    let scale = Double(count) / Double(counts.count)
    for (index, number) in counts.enumerated() where number > 0 {
      let (start, end) = (Double(index) * scale, Double(index + 1) * scale)
      var bar = Int(start)
      while bar < count, Double(bar) < end {
        let part = min(end, Double(bar + 1)) - max(start, Double(bar))
        result[bar] += Double(number) * part / (end - start)
        bar += 1
      }
    }
    return result
  }
}
