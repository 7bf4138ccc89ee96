import KerasCore

/// A table to be written that comes some rows at a time, of which few are in memory.
///
/// What is written is what `DelimitedTable.write` writes of the whole table.
public final class DelimitedWriter {
  private let path: String
  private let spool: Spool
  private var isBegun = false

  /// Comma-separated, or tab-separated if `path` ends in `.tsv`.
  public init(path: String) {
    self.path = path
    spool = Spool(for: path)
  }

  /// Appends rows; the header is that of the first.
  public func append(_ rows: TensorData, header: [String]? = nil) throws(DataFileError) {
    do {
      let text = try DelimitedTable.text(
        rows, header: isBegun ? nil : header, delimiter: path.hasSuffix(".tsv") ? "\t" : ",")
      isBegun = true
      try spool.append(Array(text.utf8))
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  /// Writes the file, which appears only when it is complete.
  public func finish() throws(DataFileError) {
    do {
      let file = try AtomicFile(replacing: path)
      try spool.forEachPart { part throws(FileError) in try file.write(part) }
      try file.commit()
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }
}
