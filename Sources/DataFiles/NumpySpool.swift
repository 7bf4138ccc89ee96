import KerasCore
import ZipArchive

/// An array to be written that comes some rows at a time, of which few are in memory.
///
/// What is written is what `NumpyFile` writes of the whole array. The parts agree in type and in all axes but the first.
public final class NumpySpool {
  private let file: String
  private let spool: Spool
  private var descriptor = ""
  private var shape: [Int] = []
  /// Of strings, whose longest decides the size of each.
  private var texts: [TensorData] = []

  /// For a file to be written at `path`.
  public init(for path: String) {
    file = path
    spool = Spool(for: path)
  }

  /// Appends rows; throws `DataFileError` if they cannot be put aside or do not fit those before.
  public func append(_ rows: TensorData) throws(DataFileError) {
    let (descriptor, bytes) = NumpyFile.elements(rows)
    guard shape.isEmpty || (descriptor == self.descriptor && shape.dropFirst() == rows.shape.dropFirst()) else {
      throw DataFileError(file: file, .notATable("its parts have shapes \(Shape(shape)) and \(Shape(rows.shape))"))
    }
    shape = shape.isEmpty ? rows.shape : [shape[0] + (rows.shape.first ?? 0)] + shape.dropFirst()
    self.descriptor = descriptor
    if rows.dtype == .string {
      texts.append(rows)
      return
    }
    do {
      try spool.append(bytes)
    } catch {
      throw DataFileError(file: file, .file(error))
    }
  }

  /// Writes a `.npy` file, which appears only when it is complete.
  public func write(to path: String) throws(DataFileError) {
    do {
      let file = try AtomicFile(replacing: path)
      try forEachPart { part throws(FileError) in try file.write(part) }
      try file.commit()
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  /// Writes arrays as an uncompressed `.npz`, which appears only when it is complete.
  public static func write(_ members: [(name: String, array: NumpySpool)], to path: String) throws(DataFileError) {
    do {
      let zip = try ZipWriter(replacing: path)
      for (name, array) in members { try zip.add(name + ".npy", array.forEachPart) }
      try zip.finish()
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  /// Gives `body` the bytes of the `.npy` file, some at a time.
  private func forEachPart(_ body: ([UInt8]) throws(FileError) -> Void) throws(FileError) {
    guard texts.isEmpty else {
      // They agree in everything that joining asks for.
      guard let whole = try? TensorData(joining: texts) else { return }
      return try body(NumpyFile.bytes(whole))
    }
    try body(NumpyHeader.bytes(descriptor: descriptor, shape: shape))
    try spool.forEachPart(body)
  }
}
