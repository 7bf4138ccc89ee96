import KerasCore

extension HDF5File {
  /// Elements as stored, one after the other, as an array of the type that a reader gets.
  func tensor(
    _ stored: [UInt8], _ type: ElementType, _ shape: [Int], isBfloat16: Bool = false
  ) throws(HDF5Error.Cause) -> TensorData {
    let dtype = try type.dtype(isBfloat16: isBfloat16)
    do {
      switch type.kind {
      case .variableString:
        try checkStringCount(shape)
        let strings = try heap.strings(stored, in: bytes.bytes, limit: max(Limits.unquestionedBytes, bytes.count))
        return try TensorData(shape: shape, strings: strings)
      case .fixedString(let isSpacePadded):
        try checkStringCount(shape)
        let strings = stride(from: 0, to: stored.count, by: type.size).map { start in
          Self.text(stored[start..<start + type.size], isSpacePadded: isSpacePadded)
        }
        return try TensorData(shape: shape, strings: strings)
      case .boolean: return try TensorData(dtype: .bool, shape: shape, bytes: stored.map { $0 == 0 ? 0 : 1 })
      case .numeric, .opaque, .unsupported:
        var bytes = type.isBigEndian && type.size > 1 ? Self.swapped(stored, type.size) : stored
        if let bits = type.bits { bytes = Self.integers(bytes, type.size, bits) }
        return try TensorData(dtype: dtype, shape: shape, bytes: bytes)
      }
    } catch let cause as HDF5Error.Cause {
      throw cause
    } catch {
      throw .damaged("\(error)")
    }
  }

  /// Refuses declared sizes that the storage behind them cannot fill, before any memory is asked for.
  func checkDeclaredSize(_ declared: Int, storage: Int) throws(HDF5Error.Cause) {
    if declared > Limits.unquestionedBytes, declared / Limits.expansion > storage {
      throw .tooLarge("\(declared) bytes are declared where \(storage) are stored")
    }
  }

  private func checkStringCount(_ shape: [Int]) throws(HDF5Error.Cause) {
    let count = checkedProduct(shape) ?? .max
    if count > Limits.strings { throw .tooLarge("\(count) strings") }
  }

  private static func swapped(_ bytes: [UInt8], _ size: Int) -> [UInt8] {
    var result = bytes
    result.withUnsafeMutableBufferPointer { target in
      bytes.withUnsafeBufferPointer { source in
        for start in stride(from: 0, to: source.count - size + 1, by: size) {
          for index in 0..<size { target[start + index] = source[start + size - 1 - index] }
        }
      }
    }
    return result
  }

  /// Integers of all of their bytes from those of a part of the bits.
  private static func integers(_ bytes: [UInt8], _ size: Int, _ bits: ElementType.IntegerBits) -> [UInt8] {
    var result = bytes
    for start in stride(from: 0, to: bytes.count - size + 1, by: size) {
      let stored = bytes[start..<start + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let number = bits.number(in: stored)
      for index in 0..<size { result[start + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index)) }
    }
    return result
  }

  /// A fixed-length string up to its first zero byte, or without the spaces that fill it.
  private static func text(_ bytes: ArraySlice<UInt8>, isSpacePadded: Bool) -> String {
    var text = bytes.prefix { $0 != 0 }
    if isSpacePadded { while text.last == UInt8(ascii: " ") { text.removeLast() } }
    return String(decoding: text, as: UTF8.self)
  }
}
