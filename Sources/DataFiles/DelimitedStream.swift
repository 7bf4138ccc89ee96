import KerasCore

/// A table read some rows at a time: each column is an array of single numbers.
///
/// Opening it reads it once: rows are counted, missing values and rows of another length are errors that name their row,
/// and of columns with texts the different texts are collected, which stand for classes. Where every 4096th row begins is
/// remembered, so that reading can begin in the middle.
public struct DelimitedStream: ArrayStream {
  /// What a column holds.
  public enum Content: Sendable, Hashable {
    case numbers
    /// Its different texts, sorted by code point, or `nil` if there are more than `maximumClasses`.
    case texts([String]?, firstRow: Int)
  }

  public static let maximumClasses = 65_536

  public let file: String
  public let count: Int
  public let names: [String]
  public let contents: [Content]
  private let bytes: RangedFile
  private let delimiter: UInt8
  private let places: [RowPlace]

  private struct RowPlace: Sendable {
    var byte: Int
    /// Rows of the file before it.
    var row: Int
  }
  private static let interval = 4096

  public var columns: [(name: String, shape: [Int])] { names.map { ($0, []) } }

  /// Throws `DataFileError` for what is not a table, and for missing values.
  public init(path: String, header: DelimitedTable.Header = .detected) throws(DataFileError) {
    file = path
    do {
      bytes = try RangedFile(path: path)
      let start = try bytes.read(0..<1 << 16)
      delimiter = DelimitedText.delimiter(ofStart: start)
      var scanner = RecordScanner(bytes, honorsQuotes: true, delimiter: delimiter)
      var survey: TableSurvey?
      var places: [RowPlace] = []
      var row = 0
      while let (block, start) = try scanner.next() {
        var text = DelimitedText(block, file: path, delimiter: delimiter, row: row)
        while true {
          let (position, before) = (text.position, text.row)
          guard let fields = try text.next() else { break }
          guard survey != nil else {
            survey = TableSurvey(first: fields, header: header)
            if survey?.hasHeader == false {
              places.append(RowPlace(byte: start + position, row: before))
              try survey?.add(fields, row: text.row, file: path)
            }
            continue
          }
          if (survey?.count ?? 0) % Self.interval == 0 {
            places.append(RowPlace(byte: start + position, row: before))
          }
          try survey?.add(fields, row: text.row, file: path)
        }
        row = text.row
      }
      guard let survey, survey.count > 0 else { throw DataFileError(file: path, .empty) }
      count = survey.count
      names = survey.names
      contents = survey.contents
      self.places = places
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

  /// The index of a column given by its name, or by its index, which counts from the end if negative.
  public func index(of column: String) throws(DataFileError) -> Int {
    if let index = names.firstIndex(of: column) { return index }
    if let number = Int(column), (-names.count..<names.count).contains(number) {
      return number < 0 ? number + names.count : number
    }
    throw DataFileError(file: file, .noSuchColumn(column, available: names))
  }

  /// Gives columns of numbers as float32, or float64 for ids that need it, and others as strings, each of shape (rows).
  private final class Reader: ArrayReader {
    private let stream: DelimitedStream
    private var rows: TableRows

    init(_ stream: DelimitedStream, _ place: RowPlace) {
      self.stream = stream
      rows = TableRows(
        stream.bytes, file: stream.file, delimiter: stream.delimiter, from: place.byte, row: place.row)
    }

    func skip(_ count: Int) throws {
      for _ in 0..<count where try rows.next() == nil { return }
    }

    func next(_ limit: Int) throws -> [String: TensorData]? {
      var numbers = [[Double]](repeating: [], count: stream.names.count)
      var texts = [[String]](repeating: [], count: stream.names.count)
      var count = 0
      while count < max(limit, 1), let fields = try rows.next() {
        guard fields.count == stream.names.count else {
          throw DataFileError(
            file: stream.file, .raggedRow(row: rows.row, expected: stream.names.count, found: fields.count))
        }
        for (index, field) in fields.enumerated() {
          if case .texts = stream.contents[index] {
            texts[index].append(field)
          } else if let number = DelimitedTable.number(field) {
            numbers[index].append(number)
          } else {
            throw DataFileError(
              file: stream.file, .notANumber(row: rows.row, column: stream.names[index], found: field))
          }
        }
        count += 1
      }
      guard count > 0 else { return nil }
      var result: [String: TensorData] = [:]
      for (index, name) in stream.names.enumerated() {
        if case .texts = stream.contents[index] {
          result[name] = try TensorData(shape: [count], strings: texts[index])
        } else {
          result[name] =
            numbers[index].contains(where: DelimitedTable.needsDouble)
            ? try TensorData(shape: [count], doubles: numbers[index])
            : try TensorData(shape: [count], floats: numbers[index].map { Float($0) })
        }
      }
      return result
    }
  }
}

/// What the first pass over a table finds out.
private struct TableSurvey {
  let names: [String]
  let hasHeader: Bool
  private(set) var count = 0
  private var firstTextRows: [Int?]
  private var values: [Set<String>?]

  init(first: [String], header: DelimitedTable.Header) {
    hasHeader =
      switch header {
      case .present: true
      case .absent: false
      case .detected: DelimitedTable.isHeader(first)
      }
    names = hasHeader ? first : first.indices.map(String.init)
    firstTextRows = names.map { _ in nil }
    values = names.map { _ in [] }
  }

  mutating func add(_ fields: [String], row: Int, file: String) throws(DataFileError) {
    guard fields.count == names.count else {
      throw DataFileError(file: file, .raggedRow(row: row, expected: names.count, found: fields.count))
    }
    for (index, field) in fields.enumerated() {
      if DelimitedTable.isMissing(field) {
        throw DataFileError(file: file, .missingValue(row: row, column: names[index]))
      }
      if firstTextRows[index] == nil, DelimitedTable.number(field) == nil { firstTextRows[index] = row }
      // Numbers are collected too, for a text further down makes classes of them; but not those of a measurement.
      values[index]?.insert(field)
      let limit = firstTextRows[index] == nil ? 1024 : DelimitedStream.maximumClasses
      if (values[index]?.count ?? 0) > limit { values[index] = nil }
    }
    count += 1
  }

  var contents: [DelimitedStream.Content] {
    zip(firstTextRows, values).map { row, values in
      row.map { .texts(values.map { FolderListing.inOrder(Array($0)) }, firstRow: $0) } ?? .numbers
    }
  }
}
