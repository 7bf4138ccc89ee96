/// SipHash-2-4, which TensorFlow's `string_to_hash_bucket_strong` takes modulo the buckets.
public enum SipHash {
  public static func hash(_ bytes: [UInt8], key: (UInt64, UInt64)) -> UInt64 {
    var v0 = 0x736f_6d65_7073_6575 ^ key.0
    var v1 = 0x646f_7261_6e64_6f6d ^ key.1
    var v2 = 0x6c79_6765_6e65_7261 ^ key.0
    var v3 = 0x7465_6462_7974_6573 ^ key.1
    func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
    func round() {
      v0 = v0 &+ v1
      v1 = rotated(v1, 13) ^ v0
      v0 = rotated(v0, 32)
      v2 = v2 &+ v3
      v3 = rotated(v3, 16) ^ v2
      v0 = v0 &+ v3
      v3 = rotated(v3, 21) ^ v0
      v2 = v2 &+ v1
      v1 = rotated(v1, 17) ^ v2
      v2 = rotated(v2, 32)
    }
    let whole = bytes.count / 8 * 8
    var last = UInt64(bytes.count & 0xff) << 56
    for (index, byte) in bytes[whole...].enumerated() { last |= UInt64(byte) << (8 * UInt64(index)) }
    let words = stride(from: 0, to: whole, by: 8).map { bytes.word64($0) } + [last]
    for word in words {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }
    v2 ^= 0xff
    for _ in 0..<4 { round() }
    return v0 ^ v1 ^ v2 ^ v3
  }
}
