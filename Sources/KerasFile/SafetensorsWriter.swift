import KerasCore
import OrderedCollections

/// Writes safetensors files: eight bytes with the header's length, a JSON header, and the arrays one after the other.
///
/// The header is padded with spaces to a multiple of eight and arrays come by the size of their elements, the widest
/// first, so that each begins at a multiple of it (safetensors 0.8, `tensor.rs`).
public struct SafetensorsWriter: Sendable {
  /// Arrays by name, in any order.
  public var arrays: [(name: String, tensor: TensorData)]
  /// Texts under `__metadata__`.
  public var metadata: OrderedDictionary<String, String>

  public init(arrays: [(name: String, tensor: TensorData)], metadata: OrderedDictionary<String, String>) {
    self.arrays = arrays
    self.metadata = metadata
  }

  static let types: [DType: String] = [
    .bool: "BOOL", .int8: "I8", .uint8: "U8", .int16: "I16", .uint16: "U16", .int32: "I32", .uint32: "U32",
    .int64: "I64", .uint64: "U64", .float16: "F16", .bfloat16: "BF16", .float32: "F32", .float64: "F64",
  ]

  /// Writes the file, which appears at `path` only when it is complete; throws `.unsupported` for arrays of texts.
  public func write(to path: String) throws(KerasFileError) {
    var header: OrderedDictionary<String, JSON> = [
      "__metadata__": .object(metadata.mapValues { .string($0) })
    ]
    let sorted = arrays.enumerated().sorted {
      let (a, b) = ($0.element.tensor.dtype.byteCount, $1.element.tensor.dtype.byteCount)
      return a == b ? $0.offset < $1.offset : a > b
    }.map(\.element)
    var offset = 0
    for (name, tensor) in sorted {
      guard let type = Self.types[tensor.dtype] else {
        throw KerasFileError(file: path, .unsupported("the array '\(name)' holds texts, which safetensors cannot"))
      }
      guard header[name] == nil else {
        throw KerasFileError(file: path, .unsupported("two arrays are named '\(name)'"))
      }
      header[name] = [
        "dtype": .string(type), "shape": JSON(tensor.shape),
        "data_offsets": [JSON(offset), JSON(offset + tensor.bytes.count)],
      ]
      offset += tensor.bytes.count
    }
    var text = Array(JSON.object(header).text().utf8)
    while text.count % 8 != 0 { text.append(0x20) }
    do {
      let file = try AtomicFile(replacing: path)
      try file.write(withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) })
      try file.write(text)
      for (_, tensor) in sorted { try file.write(tensor.bytes) }
      try file.commit()
    } catch {
      throw KerasFileError(error, file: path)
    }
  }
}
