import KerasCore

/// Named arrays with a common first axis of samples, read a part at a time.
public protocol ArrayStream: Sendable {
  /// The file, for messages.
  var file: String { get }
  /// The number of samples.
  var count: Int { get }
  /// The arrays' names and the shape of one sample of each, in the file's order.
  var columns: [(name: String, shape: [Int])] { get }

  /// A reader whose first sample is number `start`.
  func reader(from start: Int) throws -> any ArrayReader

  /// Only these arrays, which have to be as long as each other.
  func selecting(_ names: Set<String>) throws -> any ArrayStream

  /// The same samples in an order that follows from the seed, where any order is as quickly read; else `nil`.
  func shuffled(_ seed: UInt64) -> (any ArrayStream)?

  /// The numbers that the samples of `shuffled` have in this stream, in their order.
  func order(_ seed: UInt64) -> [Int]?
}

/// Hands out the samples of an `ArrayStream` in their order.
public protocol ArrayReader: AnyObject {
  /// The next samples of every array, at least one and at most `limit`; `nil` at the end.
  func next(_ limit: Int) throws -> [String: TensorData]?
}

extension ArrayStream {
  public func selecting(_ names: Set<String>) throws -> any ArrayStream { self }

  public func shuffled(_ seed: UInt64) -> (any ArrayStream)? { nil }

  public func order(_ seed: UInt64) -> [Int]? { nil }

  /// Numbers in a sample of all arrays.
  public var sampleSize: Int {
    columns.reduce(0) { total, column in
      let (sum, overflow) = total.addingReportingOverflow(checkedProduct(column.shape) ?? .max)
      return overflow ? .max : sum
    }
  }
}

/// Arrays of several streams, as one: to be read together, those selected have the same number of samples.
public struct JoinedStream: ArrayStream {
  public let file: String
  private let parts: [any ArrayStream]

  public init(_ parts: [any ArrayStream], file: String) {
    self.file = file
    self.parts = parts
  }

  public var count: Int { parts.first?.count ?? 0 }

  public func selecting(_ names: Set<String>) throws -> any ArrayStream {
    let chosen = parts.filter { $0.columns.contains { names.contains($0.name) } }
    for part in chosen where part.count != chosen[0].count {
      throw DataFileError(
        file: file, member: part.columns[0].name,
        .damaged("it has \(part.count) samples, '\(chosen[0].columns[0].name)' has \(chosen[0].count)"))
    }
    return JoinedStream(chosen, file: file)
  }

  public var columns: [(name: String, shape: [Int])] { parts.flatMap(\.columns) }

  public func reader(from start: Int) throws -> any ArrayReader {
    Reader(try parts.map { try $0.reader(from: start) })
  }

  private final class Reader: ArrayReader {
    private let readers: [any ArrayReader]

    init(_ readers: [any ArrayReader]) { self.readers = readers }

    func next(_ limit: Int) throws -> [String: TensorData]? {
      var result: [String: TensorData] = [:]
      for reader in readers {
        // Streams of arrays give exactly what is asked for as long as there is so much.
        guard let part = try reader.next(limit) else { return nil }
        result.merge(part) { first, _ in first }
      }
      return result
    }
  }
}

/// Arrays in memory, handed out as those of a file are.
public struct MemoryStream: ArrayStream {
  public let file: String
  private let arrays: [String: TensorData]

  /// Arrays without an axis of samples are left out.
  public init(_ arrays: [String: TensorData], file: String) {
    self.file = file
    self.arrays = arrays.filter { !$0.value.shape.isEmpty }
  }

  public var count: Int { columns.first.flatMap { arrays[$0.name]?.shape.first } ?? 0 }

  public func selecting(_ names: Set<String>) throws -> any ArrayStream {
    let result = MemoryStream(arrays.filter { names.contains($0.key) }, file: file)
    for (name, array) in result.arrays where array.shape[0] != result.count {
      throw DataFileError(
        file: file, member: name, .damaged("its shape is \(Shape(array.shape)), where \(result.count) samples are due"))
    }
    return result
  }

  public var columns: [(name: String, shape: [Int])] {
    arrays.map { ($0.key, Array($0.value.shape.dropFirst())) }.sorted { $0.name < $1.name }
  }

  public func reader(from start: Int) -> any ArrayReader {
    RangeReader(from: start, count: count) { [arrays] rows in try arrays.mapValues { try $0.rows(rows) } }
  }
}
