/// The key under which TensorFlow keeps one slice of a partitioned variable (`EncodeTensorNameSlice`).
enum SliceKey {
  /// `extent` is start and length on each axis; a length of -1 is the whole axis.
  static func encoded(_ name: String, _ extent: [(start: Int, length: Int)]) -> [UInt8] {
    var key = unsigned(0)
    for byte in name.utf8 {
      switch byte {
      case 0: key += [0, 0xff]
      case 0xff: key += [0xff, 0]
      default: key.append(byte)
      }
    }
    key += [0, 1] + unsigned(extent.count)
    for (start, length) in extent { key += signed(start) + signed(length) }
    return key
  }

  /// As many bytes as it takes behind their number.
  private static func unsigned(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest > 0 {
      bytes.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    }
    return [UInt8(bytes.count)] + bytes
  }

  /// Seven bits a byte; ones at the start count the bytes, and all is turned round for negative numbers.
  private static func signed(_ value: Int) -> [UInt8] {
    let magnitude = value < 0 ? ~value : value
    let bits = Int.bitWidth - magnitude.leadingZeroBitCount + 1
    let count = (bits + 6) / 7
    var bytes = (0..<count).reversed().map { place in
      UInt8(truncatingIfNeeded: place < 8 ? value >> (8 * place) : value >> 63)
    }
    for bit in 0..<count { bytes[bit / 8] ^= 0x80 >> UInt8(bit % 8) }
    return bytes
  }
}

extension TensorBundle.Part {
  /// Copies the slice's elements into those of the whole tensor, row by row.
  func place(_ content: [UInt8], in target: inout [UInt8], of whole: [Int], width: Int) {
    guard let last = shape.last, !content.isEmpty else { return }
    let row = last * width
    for index in 0..<content.count / row {
      var rest = index
      var (offset, stride) = (start[shape.count - 1], whole[shape.count - 1])
      for axis in shape.indices.dropLast().reversed() {
        offset += (start[axis] + rest % shape[axis]) * stride
        stride *= whole[axis]
        rest /= shape[axis]
      }
      let place = offset * width
      target.replaceSubrange(place..<place + row, with: content[index * row..<(index + 1) * row])
    }
  }
}
