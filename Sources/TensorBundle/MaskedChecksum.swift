/// CRC-32C (Castagnoli) as TensorFlow stores it: rotated and shifted, so that checksums of checksums stay good.
enum MaskedChecksum {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
  }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let crc = table.withUnsafeBufferPointer { table in
      var crc: UInt32 = 0xffff_ffff
      for byte in bytes { crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
      return ~crc
    }
    return (crc >> 15 | crc << 17) &+ 0xa282_ead8
  }
}
