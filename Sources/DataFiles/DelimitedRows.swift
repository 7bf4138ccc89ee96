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
  private var rows: TableRows
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
      rows = TableRows(bytes, file: path, delimiter: DelimitedText.delimiter(ofStart: start))
      guard let fields = try rows.next() else { throw DataFileError.Cause.empty }
      let isHeader = DelimitedTable.isHeader(fields)
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
      var count = 0
      while count < max(limit, 1), let fields = try first.take() ?? rows.next() {
        try append(fields, to: &numbers)
        count += 1
      }
      guard count > 0 else {
        if isEmpty { throw DataFileError.Cause.empty }
        return nil
      }
      isEmpty = false
      return numbers.contains(where: DelimitedTable.needsDouble)
        ? try TensorData(shape: [count, width], doubles: numbers)
        : try TensorData(shape: [count, width], floats: numbers.map { Float($0) })
    } catch {
      throw DataFileError(file: file, from: error)
    }
  }

  private func append(_ fields: [String], to numbers: inout [Double]) throws(DataFileError.Cause) {
    guard fields.count == width else { throw .raggedRow(row: rows.row, expected: width, found: fields.count) }
    for (index, field) in fields.enumerated() {
      if DelimitedTable.isMissing(field) { throw .missingValue(row: rows.row, column: names[index]) }
      guard let number = DelimitedTable.number(field) else {
        throw .notANumber(row: rows.row, column: names[index], found: field)
      }
      numbers.append(number)
    }
  }
}
