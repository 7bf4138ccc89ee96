import KerasCore

extension DelimitedTable {
  /// Writes an array as comma-separated text, or tab-separated if `path` ends in `.tsv`.
  ///
  /// Rows are the first axis; the others are laid side by side in C order. Numbers are written with as many digits as
  /// it takes to read them back unchanged. The file appears only when it is complete.
  public static func write(
    _ tensor: TensorData, header: [String]? = nil, to path: String
  ) throws(DataFileError) {
    do {
      let text = try Self.text(tensor, header: header, delimiter: path.hasSuffix(".tsv") ? "\t" : ",")
      try AtomicFile.write(Array(text.utf8), to: path)
    } catch let error as FileError {
      throw DataFileError(file: path, .file(error))
    } catch let error as DataFileError.Cause {
      throw DataFileError(file: path, error)
    } catch {
      throw DataFileError(file: path, .notATable("\(error)"))
    }
  }

  static func text(
    _ tensor: TensorData, header: [String]?, delimiter: String
  ) throws(DataFileError.Cause) -> String {
    let rows = tensor.shape.first ?? 1
    let width = rows == 0 ? 0 : tensor.elementCount / rows
    if let header, header.count != width {
      throw .notATable("the header names \(header.count) columns, the array \(Shape(tensor.shape)) has \(width)")
    }
    let fields = try fields(of: tensor).map { quoted($0, delimiter: delimiter) }
    var text = header.map { $0.map { quoted($0, delimiter: delimiter) }.joined(separator: delimiter) + "\n" } ?? ""
    for row in 0..<rows {
      text += fields[(row * width)..<((row + 1) * width)].joined(separator: delimiter) + "\n"
    }
    return text
  }

  private static func fields(of tensor: TensorData) throws(DataFileError.Cause) -> [String] {
    do {
      switch tensor.dtype {
      case .string: return tensor.strings
      case .bool, .int8, .uint8, .int16, .uint16, .int32: return try tensor.int32s().map { String($0) }
      case .uint32, .int64: return longs(of: tensor).map { String($0) }
      case .uint64: return longs(of: tensor).map { String(UInt64(bitPattern: $0)) }
      case .float64: return try tensor.doubles().map { "\($0)" }
      case .float16, .bfloat16, .float32: return try tensor.floats().map { "\($0)" }
      }
    } catch {
      throw .notATable("\(error)")
    }
  }

  /// Integers that a Double may not hold exactly.
  private static func longs(of tensor: TensorData) -> [Int64] {
    tensor.bytes.withUnsafeBytes { bytes in
      let size = tensor.dtype.byteCount
      return stride(from: 0, to: bytes.count, by: size).map { start in
        size == 4
          ? Int64(bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
          : bytes.loadUnaligned(fromByteOffset: start, as: Int64.self)
      }
    }
  }

  private static func quoted(_ field: String, delimiter: String) -> String {
    guard field.contains(where: { $0 == "\"" || $0.isNewline }) || field.contains(delimiter) else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
