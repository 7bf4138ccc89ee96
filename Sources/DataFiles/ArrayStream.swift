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

  /// The same samples in an order that follows from the seed, where any order is as quickly read; else `nil`.
  func shuffled(_ seed: UInt64) -> (any ArrayStream)?
}

/// Hands out the samples of an `ArrayStream` in their order.
public protocol ArrayReader: AnyObject {
  /// The next samples of every array, at least one and at most `limit`; `nil` at the end.
  func next(_ limit: Int) throws -> [String: TensorData]?
}

extension ArrayStream {
  public func shuffled(_ seed: UInt64) -> (any ArrayStream)? { nil }

  /// Numbers in a sample of all arrays.
  public var sampleSize: Int {
    columns.reduce(0) { total, column in
      let (sum, overflow) = total.addingReportingOverflow(checkedProduct(column.shape) ?? .max)
      return overflow ? .max : sum
    }
  }
}

/// Arrays of several streams with the same number of samples, as one.
public struct JoinedStream: ArrayStream {
  public let file: String
  public let count: Int
  private let parts: [any ArrayStream]

  /// Throws `DataFileError` if the numbers of samples differ.
  public init(_ parts: [any ArrayStream], file: String) throws(DataFileError) {
    self.file = file
    self.parts = parts
    count = parts.first?.count ?? 0
    for part in parts where part.count != count {
      let name = part.columns.first?.name ?? ""
      throw DataFileError(
        file: file, member: name, .damaged("it has \(part.count) samples, the first array has \(count)"))
    }
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
  public let count: Int
  private let arrays: [String: TensorData]

  /// Throws `DataFileError` if the numbers of samples differ, or an array has no axis of samples.
  public init(_ arrays: [String: TensorData], file: String) throws(DataFileError) {
    self.file = file
    self.arrays = arrays
    count = arrays.values.first?.shape.first ?? 0
    for (name, array) in arrays where array.shape.first != count {
      throw DataFileError(
        file: file, member: name, .damaged("its shape is \(Shape(array.shape)), where \(count) samples are due"))
    }
  }

  public var columns: [(name: String, shape: [Int])] {
    arrays.map { ($0.key, Array($0.value.shape.dropFirst())) }.sorted { $0.name < $1.name }
  }

  public func reader(from start: Int) -> any ArrayReader { Reader(self, position: start) }

  private final class Reader: ArrayReader {
    private let stream: MemoryStream
    private var position: Int

    init(_ stream: MemoryStream, position: Int) {
      self.stream = stream
      self.position = position
    }

    func next(_ limit: Int) throws -> [String: TensorData]? {
      let end = min(position + max(limit, 1), stream.count)
      guard position < end else { return nil }
      defer { position = end }
      return try stream.arrays.mapValues { try $0.rows(position..<end) }
    }
  }
}
