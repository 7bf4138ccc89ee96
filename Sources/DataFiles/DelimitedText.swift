import KerasCore

/// Cuts delimited text into fields: quotes as in RFC 4180, any line end, a byte order mark skipped.
struct DelimitedText {
  let bytes: [UInt8]
  let file: String
  let delimiter: UInt8
  private(set) var position = 0
  /// The number of the row read last, counted from one as editors do (an embedded line end does not count).
  private(set) var row = 0

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
    position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    delimiter = Self.delimiter(bytes[position...])
  }

  /// Goes on in a text cut off before; `row` is the number of rows before it.
  init(_ bytes: [UInt8], file: String, delimiter: UInt8, row: Int) {
    self.bytes = bytes
    self.file = file
    self.delimiter = delimiter
    self.row = row
    position = row == 0 && bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
  }

  /// The delimiter of a file that begins with these bytes.
  static func delimiter(ofStart bytes: [UInt8]) -> UInt8 {
    delimiter(bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...])
  }

  /// The delimiter that the first line has most of; a comma if it has none.
  private static func delimiter(_ bytes: ArraySlice<UInt8>) -> UInt8 {
    let line = bytes.prefix { $0 != 0x0a && $0 != 0x0d }
    let candidates = [UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";")]
    let counts = candidates.map { candidate in line.count { $0 == candidate } }
    let most = counts.max() ?? 0
    return zip(candidates, counts).first { $1 == most }?.0 ?? UInt8(ascii: ",")
  }

  /// The fields of the next row that is not blank, or `nil` at the end.
  mutating func next() throws(DataFileError) -> [String]? {
    while position < bytes.count {
      row += 1
      var fields: [String] = []
      repeat { fields.append(try field()) } while take(delimiter)
      _ = take(0x0d)
      _ = take(0x0a)
      if fields != [""] { return fields }
    }
    return nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func field() throws(DataFileError) -> String {
    while take(0x20) {}
    if take(UInt8(ascii: "\"")) { return try quotedField() }
    let start = position
    while position < bytes.count, bytes[position] != delimiter, bytes[position] != 0x0a, bytes[position] != 0x0d {
      position += 1
    }
    var end = position
    while end > start, bytes[end - 1] == 0x20 { end -= 1 }
    return try text(bytes[start..<end])
  }

  private mutating func quotedField() throws(DataFileError) -> String {
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") {
        if take(byte) {
          content.append(byte)
          continue
        }
        while take(0x20) {}
        guard position == bytes.count || [delimiter, 0x0a, 0x0d].contains(bytes[position]) else {
          throw DataFileError(file: file, .damaged("row \(row): text follows a quoted field"))
        }
        return try text(content)
      }
      content.append(byte)
    }
    throw DataFileError(file: file, .unclosedQuote(row: row))
  }

  private func text(_ bytes: some Collection<UInt8>) throws(DataFileError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataFileError(file: file, .invalidUTF8(row: row))
    }
    return text
  }
}
