import KerasCore

/// A JSON Lines file read a block of lines at a time; see `JSONLines`.
///
/// Where every 4096th sample begins is remembered, so that reading can begin in the middle.
public struct JSONLinesStream: ArrayStream {
  public let file: String
  public let count: Int
  public let columns: [(name: String, shape: [Int])]
  private let contents: RangedFile
  private let places: [LinePlace]

  /// Where a sample begins: its byte, and the lines before it.
  private struct LinePlace: Sendable {
    var byte: Int
    var line: Int
  }
  private static let interval = 4096

  /// Reads the first sample and counts the others.
  public init(path: String) throws(DataFileError) {
    file = path
    do {
      contents = try RangedFile(path: path)
      var scanner = RecordScanner(contents, honorsQuotes: false)
      var first = JSONLines.Samples()
      var places: [LinePlace] = []
      var (count, line) = (0, 0)
      while let (bytes, start) = try scanner.next() {
        for text in JSONLines.lines(of: bytes) {
          line += 1
          guard bytes[text].contains(where: { ![0x20, 0x09, 0x0d].contains($0) }) else { continue }
          if count == 0 { _ = try first.append(Array(bytes[text]), line: line) }
          if count % Self.interval == 0 { places.append(LinePlace(byte: start + text.lowerBound, line: line - 1)) }
          count += 1
        }
      }
      guard count > 0 else { throw DataFileError.Cause.empty }
      self.count = count
      self.places = places
      columns = first.columns
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  public func reader(from start: Int) throws -> any ArrayReader {
    let index = min(start / Self.interval, places.count - 1)
    let reader = Reader(self, places[index])
    try reader.skip(start - index * Self.interval)
    return reader
  }

  private final class Reader: ArrayReader {
    private let stream: JSONLinesStream
    private var scanner: RecordScanner
    private var line: Int
    private var pending: [[UInt8]] = []
    private var samples = JSONLines.Samples()

    init(_ stream: JSONLinesStream, _ place: LinePlace) {
      self.stream = stream
      scanner = RecordScanner(stream.contents, from: place.byte, honorsQuotes: false)
      line = place.line
    }

    func skip(_ count: Int) throws {
      var rest = count
      while rest > 0, let text = try nextLine() {
        if text.contains(where: { ![0x20, 0x09, 0x0d].contains($0) }) { rest -= 1 }
      }
    }

    func next(_ limit: Int) throws -> [String: TensorData]? {
      samples.removeAll()
      do {
        while samples.count < max(limit, 1), let text = try nextLine() { _ = try samples.append(text, line: line) }
        return samples.count == 0 ? nil : try samples.arrays()
      } catch let cause as DataFileError.Cause {
        throw DataFileError(file: stream.file, cause)
      }
    }

    private func nextLine() throws -> [UInt8]? {
      if pending.isEmpty {
        guard let (bytes, _) = try scanner.next() else { return nil }
        pending = JSONLines.lines(of: bytes).map { Array(bytes[$0]) }.reversed()
      }
      line += 1
      return pending.popLast()
    }
  }
}

extension JSONLines {
  /// The lines of whole records, without their ends.
  static func lines(of bytes: [UInt8]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var start = 0
    for (index, byte) in bytes.enumerated() where byte == 0x0a {
      result.append(start..<index)
      start = index + 1
    }
    if start < bytes.count { result.append(start..<bytes.count) }
    return result
  }
}
