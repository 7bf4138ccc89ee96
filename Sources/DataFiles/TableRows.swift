import KerasCore

/// The rows of a table in a file, one after the other.
struct TableRows {
  let delimiter: UInt8
  private var scanner: RecordScanner
  private var text: DelimitedText

  /// The number of the row read last, counted from one.
  var row: Int { text.row }

  /// From the byte where a row begins that has `row` others before it.
  init(_ bytes: RangedFile, file: String, delimiter: UInt8, from byte: Int = 0, row: Int = 0) {
    self.delimiter = delimiter
    scanner = RecordScanner(bytes, from: byte, honorsQuotes: true, delimiter: delimiter)
    text = DelimitedText([], file: file, delimiter: delimiter, row: row)
  }

  /// The fields of the next row, `nil` at the end.
  mutating func next() throws -> [String]? {
    while true {
      if let fields = try text.next() { return fields }
      guard let (bytes, _) = try scanner.next() else { return nil }
      text = DelimitedText(bytes, file: text.file, delimiter: delimiter, row: text.row)
    }
  }
}
