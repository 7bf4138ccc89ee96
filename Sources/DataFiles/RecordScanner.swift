import KerasCore

/// Cuts a text file into pieces that end at the end of a record, reading a block at a time.
///
/// A line end within a quoted field ends no record where `honorsQuotes` is set (RFC 4180).
struct RecordScanner {
  private let file: RangedFile
  private let honorsQuotes: Bool
  private let delimiter: UInt8
  private let blockSize: Int
  private var position: Int
  private var rest: [UInt8] = []

  /// `position` has to be where a record begins.
  init(
    _ file: RangedFile, from position: Int = 0, honorsQuotes: Bool, delimiter: UInt8 = UInt8(ascii: ","),
    blockSize: Int = 1 << 18
  ) {
    self.file = file
    self.position = position
    self.honorsQuotes = honorsQuotes
    self.delimiter = delimiter
    self.blockSize = blockSize
  }

  /// Whole records, and where in the file they begin; `nil` at the end.
  mutating func next() throws(FileError) -> (bytes: [UInt8], start: Int)? {
    let start = position - rest.count
    var bytes = rest
    rest = []
    while true {
      let block = try file.read(position..<min(position + blockSize, file.count))
      position += block.count
      bytes += block
      if position >= file.count { return bytes.isEmpty ? nil : (bytes, start) }
      guard let end = lastRecordEnd(bytes) else { continue }
      rest = Array(bytes[end...])
      bytes.removeSubrange(end...)
      return (bytes, start)
    }
  }

  /// Behind the last line end that ends a record.
  private func lastRecordEnd(_ bytes: [UInt8]) -> Int? {
    let newline = UInt8(ascii: "\n")
    guard honorsQuotes else { return bytes.lastIndex(of: newline).map { $0 + 1 } }
    let quote = UInt8(ascii: "\"")
    var (isQuoted, isFieldStart) = (false, true)
    var end: Int?
    for (index, byte) in bytes.enumerated() {
      if isQuoted {
        // A doubled quote closes and opens again.
        if byte == quote { isQuoted = false }
      } else if byte == quote, isFieldStart || (index > 0 && bytes[index - 1] == quote) {
        isQuoted = true
      } else if byte == newline {
        end = index + 1
      }
      isFieldStart = byte == newline || byte == delimiter || byte == 0x0d || (isFieldStart && byte == 0x20)
    }
    return end
  }
}
