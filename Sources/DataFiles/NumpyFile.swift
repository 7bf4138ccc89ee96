import KerasCore

/// Reads and writes NumPy's `.npy` files.
public enum NumpyFile {
  /// Reads an array in its stored type, as little-endian elements in C order.
  ///
  /// All versions, orders and byte orders are read; of the types, booleans, integers, floats, `<U…` and `|S…`. Two-byte
  /// voids (`|V2`) are taken for bfloat16. Python objects are refused: they are pickles, and would be executed.
  public static func read(_ path: String) throws(DataFileError) -> TensorData {
    do {
      return try read(FileContents(path: path).array(), file: path)
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  /// Reads the bytes of a `.npy` file; `file` and `member` are for messages.
  public static func read(_ bytes: [UInt8], file: String, member: String? = nil) throws(DataFileError) -> TensorData {
    do {
      return try array(bytes)
    } catch {
      throw DataFileError(file: file, member: member, error)
    }
  }

  /// Brings bare elements into the order of `TensorData`.
  public static func read(
    elements: [UInt8], descriptor: String, shape: [Int], isFortranOrder: Bool
  ) throws(DataFileError.Cause) -> TensorData {
    guard let type = NumpyElementType(descriptor) else { throw .unsupportedType("'\(descriptor)'") }
    return try array(
      elements, NumpyHeader(elementType: type, isFortranOrder: isFortranOrder, shape: shape, dataStart: 0))
  }

  private static func array(_ bytes: [UInt8]) throws(DataFileError.Cause) -> TensorData {
    try array(bytes, NumpyHeader(bytes))
  }

  static func array(_ bytes: [UInt8], _ header: NumpyHeader) throws(DataFileError.Cause) -> TensorData {
    let size = header.elementType.size
    guard let count = checkedProduct(header.shape), let total = checkedProduct([count, size]),
      total <= bytes.count - header.dataStart
    else { throw .damaged("the file ends before the \(Shape(header.shape)) elements it declares") }
    // Strings of no length need no bytes, so that a few bytes could declare any number of them.
    guard total > 0 || count <= 1 << 24 else { throw .damaged("\(count) elements of no size") }
    var elements = Array(bytes[header.dataStart..<(header.dataStart + total)])
    if header.isFortranOrder { elements = reordered(elements, header.shape, size: size) }
    do {
      switch header.elementType.kind {
      case .number(let dtype):
        if header.elementType.isBigEndian { swapBytes(&elements, size: size) }
        if dtype == .bool { elements = elements.map { $0 == 0 ? 0 : 1 } }
        return try TensorData(dtype: dtype, shape: header.shape, bytes: elements)
      case .unicode:
        if header.elementType.isBigEndian { swapBytes(&elements, size: 4) }
        let strings = (0..<count).map { unicode(elements[($0 * size)..<(($0 + 1) * size)]) }
        return try TensorData(shape: header.shape, strings: strings)
      case .byteString:
        let strings = (0..<count).map { index in
          var text = elements[(index * size)..<((index + 1) * size)]
          while text.last == 0 { text.removeLast() }
          return String(decoding: text, as: UTF8.self)
        }
        return try TensorData(shape: header.shape, strings: strings)
      }
    } catch {
      throw .damaged("\(error)")
    }
  }

  private static func swapBytes(_ bytes: inout [UInt8], size: Int) {
    guard size > 1 else { return }
    for start in stride(from: 0, to: bytes.count, by: size) { bytes[start..<(start + size)].reverse() }
  }

  private static func unicode(_ bytes: ArraySlice<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    let units = stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
    }
    let end = units.lastIndex { $0 != 0 } ?? -1
    for unit in units.prefix(end + 1) { scalars.append(Unicode.Scalar(unit) ?? "\u{fffd}") }
    return String(scalars)
  }

  /// From Fortran order (first index fastest) to C order.
  private static func reordered(_ bytes: [UInt8], _ shape: [Int], size: Int) -> [UInt8] {
    guard shape.count > 1, !bytes.isEmpty else { return bytes }
    var strides = [Int](repeating: size, count: shape.count)
    for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = [Int](repeating: 0, count: shape.count)
    var source = 0
    while result.count < bytes.count {
      result.append(contentsOf: bytes[source..<(source + size)])
      for axis in shape.indices.reversed() {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < shape[axis] { break }
        source -= strides[axis] * shape[axis]
        index[axis] = 0
      }
    }
    return result
  }

  // MARK: Writing

  /// Writes an array, so that the file appears only when it is complete.
  public static func write(_ tensor: TensorData, to path: String) throws(DataFileError) {
    do {
      try AtomicFile.write(bytes(tensor), to: path)
    } catch {
      throw DataFileError(file: path, .file(error))
    }
  }

  /// The bytes of a `.npy` file in C order.
  ///
  /// bfloat16, which NumPy lacks, is widened to float32; strings become `<U…`.
  public static func bytes(_ tensor: TensorData) -> [UInt8] {
    if tensor.dtype == .string {
      let scalars = tensor.strings.map { Array($0.unicodeScalars) }
      let length = max(scalars.map(\.count).max() ?? 0, 1)
      var bytes = NumpyHeader.bytes(descriptor: "<U\(length)", shape: tensor.shape)
      for text in scalars {
        for position in 0..<length {
          let unit = position < text.count ? text[position].value : 0
          bytes.append(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: unit >> (8 * $0)) })
        }
      }
      return bytes
    }
    let (descriptor, elements) = elements(tensor)
    return NumpyHeader.bytes(descriptor: descriptor, shape: tensor.shape) + elements
  }

  /// The type and the bytes of elements as a file holds them; of strings none.
  static func elements(_ tensor: TensorData) -> (descriptor: String, bytes: [UInt8]) {
    if tensor.dtype == .string { return ("<U", []) }
    if let descriptor = NumpyElementType.descriptor(tensor.dtype) { return (descriptor, tensor.bytes) }
    var widened: [UInt8] = []
    widened.reserveCapacity(2 * tensor.bytes.count)
    for start in stride(from: 0, to: tensor.bytes.count, by: 2) {
      widened += [0, 0, tensor.bytes[start], tensor.bytes[start + 1]]
    }
    return ("<f4", widened)
  }
}
