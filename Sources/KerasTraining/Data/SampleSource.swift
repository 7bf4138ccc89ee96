import KerasCore

/// Samples that are read front to back, as often as asked, and need not be in memory together.
///
/// A `DataSet` is one that is: training shuffles all of it. Of others a background thread reads, and shuffles within a buffer
/// (`FitOptions.shuffleBuffer`).
public protocol SampleSource: Sendable {
  /// The number of samples; readers from the start give exactly so many.
  var count: Int { get }
  /// The rank of each array of sample weights, the axis of samples included; empty if there are none.
  var weightRanks: [Int] { get }

  /// A reader whose first sample is number `start`; called and used on one thread, which is not the trainer's.
  func reader(from start: Int) throws -> any SampleReader
}

/// A source that can be read in any order as quickly as in its own, such as a folder of images.
public protocol ShuffledSource: SampleSource {
  /// The same samples in an order that follows from the seed; `nil` if there is no quick one.
  func shuffled(_ seed: UInt64) -> (any SampleSource)?

  /// The numbers that the samples of `shuffled` have in this source, in their order; `nil` if they are not known.
  func order(_ seed: UInt64) -> [Int]?
}

extension ShuffledSource {
  public func order(_ seed: UInt64) -> [Int]? { nil }
}

/// Hands out a source's samples in their order.
public protocol SampleReader: AnyObject {
  /// The next samples, at least one and at most `limit`; `nil` at the end.
  func next(_ limit: Int) throws -> DataSet?
}

extension SampleSource {
  /// Splits off the last samples for validation, as `DataSet.split` does.
  ///
  /// Throws `TrainingError.noSamples` if either part would be empty.
  public func split(validationFraction fraction: Double) throws(TrainingError) -> (
    training: any SampleSource, validation: any SampleSource
  ) {
    if let data = self as? DataSet {
      let parts: (training: DataSet, validation: DataSet) = try data.split(validationFraction: fraction)
      return (parts.training, parts.validation)
    }
    let first = Int((Double(count) * (1 - fraction)).rounded(.down))
    guard first > 0, first < count else { throw .noSamples }
    return (SampleRange(self, 0..<first), SampleRange(self, first..<count))
  }
}

extension DataSet: SampleSource {
  public var weightRanks: [Int] { sampleWeights.map(\.shape.count) }

  public func reader(from start: Int) -> any SampleReader { Reader(data: self, position: start) }

  private final class Reader: SampleReader {
    private let data: DataSet
    private var position: Int

    init(data: DataSet, position: Int) {
      self.data = data
      self.position = position
    }

    func next(_ limit: Int) throws -> DataSet? {
      guard position < data.count else { return nil }
      let range = position..<min(position + max(limit, 1), data.count)
      position = range.upperBound
      return try data.rows(range)
    }
  }
}

/// Consecutive samples of another source.
public struct SampleRange: SampleSource {
  private let source: any SampleSource
  private let range: Range<Int>

  /// `range` is cut to the samples that there are.
  public init(_ source: any SampleSource, _ range: Range<Int>) {
    self.source = source
    self.range = range.clamped(to: 0..<source.count)
  }

  public var count: Int { range.count }
  public var weightRanks: [Int] { source.weightRanks }

  public func reader(from start: Int) throws -> any SampleReader {
    let first = min(range.lowerBound + max(start, 0), range.upperBound)
    return Reader(try source.reader(from: first), remaining: range.upperBound - first)
  }

  private final class Reader: SampleReader {
    private let reader: any SampleReader
    private var remaining: Int

    init(_ reader: any SampleReader, remaining: Int) {
      self.reader = reader
      self.remaining = remaining
    }

    func next(_ limit: Int) throws -> DataSet? {
      guard remaining > 0, let data = try reader.next(min(limit, remaining)) else { return nil }
      remaining -= data.count
      return data
    }
  }
}
