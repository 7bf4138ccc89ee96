/// The decoder of Snappy's block format, in which a table's blocks may be packed.
enum Snappy {
  /// The unpacked bytes, or `nil` if the input is malformed or states more than `limit` bytes.
  static func decode(_ input: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
    var cursor = ByteCursor(input)
    guard let size = cursor.varint(), size <= limit else { return nil }
    var output: [UInt8] = []
    output.reserveCapacity(min(size, input.count * 8))
    while !cursor.isAtEnd {
      guard let tag = cursor.fixed(1).map({ Int($0) }) else { return nil }
      guard tag & 3 != 0 else {
        var length = tag >> 2
        if length >= 60 {
          guard let long = cursor.fixed(length - 59) else { return nil }
          length = Int(long)
        }
        guard let literal = cursor.take(length + 1), literal.count <= size - output.count else { return nil }
        output += literal
        continue
      }
      var length = (tag >> 2) + 1
      let offset: Int
      switch tag & 3 {
      case 1:
        guard let low = cursor.fixed(1) else { return nil }
        length = ((tag >> 2) & 7) + 4
        offset = (tag >> 5) << 8 | Int(low)
      case 2:
        guard let near = cursor.fixed(2) else { return nil }
        offset = Int(near)
      default:
        guard let far = cursor.fixed(4) else { return nil }
        offset = Int(far)
      }
      guard offset > 0, offset <= output.count, length <= size - output.count else { return nil }
      // The copy may overlap what it writes: byte by byte.
      for _ in 0..<length { output.append(output[output.count - offset]) }
    }
    return output.count == size ? output : nil
  }
}
