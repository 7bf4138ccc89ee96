import KerasCore

/// A table of numbers read once from front to back, as many rows at a time as are asked for.
///
/// Rows are those that `DelimitedTable.matrix` gives of all columns. Nothing is known of rows not yet read, not even how
/// many there are; where that is needed, `DelimitedStream` reads twice.
public final class DelimitedRows {
  public let file: String
  /// Numbers in a row.
  public let width: Int
  private let names: [String]
  private var scanner: RecordScanner
  private var text: DelimitedText
  /// The first row, if it holds numbers.
  private var first: [String]?
  private var isEmpty = true

  private static let prefix = 1 << 16

  /// Reads the first row; throws `DataFileError` for what is no table.
  public init(path: String) throws(DataFileError) {
    file = path
    do {
      let bytes = try RangedFile(path: path)
      let start = try bytes.read(0..<Self.prefix)
      guard start.count < Self.prefix || start.contains(0x0a) else {
        throw DataFileError.Cause.unknownFormat("the first line is too long to be read in parts")
      }
      let delimiter = DelimitedText.delimiter(start.starts(with: [0xef, 0xbb, 0xbf]) ? start[3...] : start[...])
      scanner = RecordScanner(bytes, honorsQuotes: true, delimiter: delimiter)
      text = DelimitedText([], file: path, delimiter: delimiter, row: 0)
      guard let fields = try Self.row(&text, &scanner) else { throw DataFileError.Cause.empty }
      let isHeader = fields.allSatisfy { DelimitedTable.number($0) == nil && !DelimitedTable.isMissing($0) }
      names = isHeader ? fields : fields.indices.map(String.init)
      width = fields.count
      first = isHeader ? nil : fields
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  /// The next rows, as many as asked for if there are so many: float32 of shape (rows, columns), float64 where a whole
  /// number among them needs it; `nil` at the end.
  ///
  /// Throws `DataFileError` naming the row.
  public func next(_ limit: Int) throws(DataFileError) -> TensorData? {
    do {
      var numbers: [Double] = []
      numbers.reserveCapacity(min(limit, 4096) * width)
      var rows = 0
      while rows < max(limit, 1), let fields = try nextRow() {
        try append(fields, to: &numbers)
        rows += 1
      }
      guard rows > 0 else {
        if isEmpty { throw DataFileError.Cause.empty }
        return nil
      }
      isEmpty = false
      return numbers.contains(where: DelimitedTable.needsDouble)
        ? try TensorData(shape: [rows, width], doubles: numbers)
        : try TensorData(shape: [rows, width], floats: numbers.map { Float($0) })
    } catch {
      throw DataFileError(file: file, from: error)
    }
  }

  private func append(_ fields: [String], to numbers: inout [Double]) throws(DataFileError.Cause) {
    guard fields.count == width else { throw .raggedRow(row: text.row, expected: width, found: fields.count) }
    for (index, field) in fields.enumerated() {
      if DelimitedTable.isMissing(field) { throw .missingValue(row: text.row, column: names[index]) }
      guard let number = DelimitedTable.number(field) else {
        throw .notANumber(row: text.row, column: names[index], found: field)
      }
      numbers.append(number)
    }
  }

  private func nextRow() throws -> [String]? {
    if let row = first.take() { return row }
    return try Self.row(&text, &scanner)
  }

  private static func row(_ text: inout DelimitedText, _ scanner: inout RecordScanner) throws -> [String]? {
    while true {
      if let fields = try text.next() { return fields }
      guard let (bytes, _) = try scanner.next() else { return nil }
      text = DelimitedText(bytes, file: text.file, delimiter: text.delimiter, row: text.row)
    }
  }
}
