/// FarmHash's `Fingerprint64`, which TensorFlow's `string_to_hash_bucket_fast` takes modulo the buckets.
///
/// After `farmhashna` of google/farmhash.
public enum FarmHash {
  private static let k0: UInt64 = 0xc3a5_c85c_97cb_3127
  private static let k1: UInt64 = 0xb492_b66f_be98_f273
  private static let k2: UInt64 = 0x9ae1_6a3b_2f90_404f

  public static func fingerprint64(_ text: String) -> UInt64 { fingerprint64(Array(text.utf8)) }

  public static func fingerprint64(_ bytes: [UInt8]) -> UInt64 {
    switch bytes.count {
    case 0...16: upTo16(bytes)
    case 17...32: upTo32(bytes)
    case 33...64: upTo64(bytes)
    default: long(bytes)
    }
  }

  private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value >> count | value << (64 - count) }
  private static func mixed(_ value: UInt64) -> UInt64 { value ^ (value >> 47) }

  private static func joined(_ u: UInt64, _ v: UInt64, _ factor: UInt64) -> UInt64 {
    let a = mixed((u ^ v) &* factor)
    return mixed((v ^ a) &* factor) &* factor
  }

  private static func upTo16(_ bytes: [UInt8]) -> UInt64 {
    let count = bytes.count
    let factor = k2 &+ UInt64(count) &* 2
    if count >= 8 {
      let a = bytes.word64(0) &+ k2
      let b = bytes.word64(count - 8)
      let c = rotated(b, 37) &* factor &+ a
      let d = (rotated(a, 25) &+ b) &* factor
      return joined(c, d, factor)
    }
    if count >= 4 {
      return joined(UInt64(count) &+ (bytes.word32(0) << 3), bytes.word32(count - 4), factor)
    }
    guard count > 0 else { return k2 }
    let y = UInt64(bytes[0]) &+ UInt64(bytes[count >> 1]) << 8
    let z = UInt64(count) &+ UInt64(bytes[count - 1]) << 2
    return mixed(y &* k2 ^ z &* k0) &* k2
  }

  private static func upTo32(_ bytes: [UInt8]) -> UInt64 {
    let count = bytes.count
    let factor = k2 &+ UInt64(count) &* 2
    let a = bytes.word64(0) &* k1
    let b = bytes.word64(8)
    let c = bytes.word64(count - 8) &* factor
    let d = bytes.word64(count - 16) &* k2
    return joined(rotated(a &+ b, 43) &+ rotated(c, 30) &+ d, a &+ rotated(b &+ k2, 18) &+ c, factor)
  }

  private static func upTo64(_ bytes: [UInt8]) -> UInt64 {
    let count = bytes.count
    let factor = k2 &+ UInt64(count) &* 2
    let a = bytes.word64(0) &* k2
    let b = bytes.word64(8)
    let c = bytes.word64(count - 8) &* factor
    let d = bytes.word64(count - 16) &* k2
    let y = rotated(a &+ b, 43) &+ rotated(c, 30) &+ d
    let z = joined(y, a &+ rotated(b &+ k2, 18) &+ c, factor)
    let e = bytes.word64(16) &* factor
    let f = bytes.word64(24)
    let g = (y &+ bytes.word64(count - 32)) &* factor
    let h = (z &+ bytes.word64(count - 24)) &* factor
    return joined(rotated(e &+ f, 43) &+ rotated(g, 30) &+ h, e &+ rotated(f &+ a, 18) &+ g, factor)
  }

  private typealias Pair = (first: UInt64, second: UInt64)

  private static func weak(_ bytes: [UInt8], _ start: Int, _ a: UInt64, _ b: UInt64) -> Pair {
    let z = bytes.word64(start + 24)
    var (a, b) = (a &+ bytes.word64(start), b)
    b = rotated(b &+ a &+ z, 21)
    let c = a
    a = a &+ bytes.word64(start + 8) &+ bytes.word64(start + 16)
    b = b &+ rotated(a, 44)
    return (a &+ z, b &+ c)
  }

  private static func long(_ bytes: [UInt8]) -> UInt64 {
    let last = bytes.count - 1
    let seed: UInt64 = 81
    var x = seed
    var y = seed &* k1 &+ 113
    var z = mixed(y &* k2 &+ 113) &* k2
    var v: Pair = (0, 0)
    var w: Pair = (0, 0)
    x = x &* k2 &+ bytes.word64(0)
    for start in stride(from: 0, to: last / 64 * 64, by: 64) {
      x = rotated(x &+ y &+ v.first &+ bytes.word64(start + 8), 37) &* k1
      y = rotated(y &+ v.second &+ bytes.word64(start + 48), 42) &* k1
      x ^= w.second
      y = y &+ v.first &+ bytes.word64(start + 40)
      z = rotated(z &+ w.first, 33) &* k1
      v = weak(bytes, start, v.second &* k1, x &+ w.first)
      w = weak(bytes, start + 32, z &+ w.second, y &+ bytes.word64(start + 16))
      swap(&z, &x)
    }
    let factor = k1 &+ (z & 0xff) << 1
    let start = bytes.count - 64
    w.first = w.first &+ UInt64(last & 63)
    v.first = v.first &+ w.first
    w.first = w.first &+ v.first
    x = rotated(x &+ y &+ v.first &+ bytes.word64(start + 8), 37) &* factor
    y = rotated(y &+ v.second &+ bytes.word64(start + 48), 42) &* factor
    x ^= w.second &* 9
    y = y &+ v.first &* 9 &+ bytes.word64(start + 40)
    z = rotated(z &+ w.first, 33) &* factor
    v = weak(bytes, start, v.second &* factor, x &+ w.first)
    w = weak(bytes, start + 32, z &+ w.second, y &+ bytes.word64(start + 16))
    swap(&z, &x)
    return joined(
      joined(v.first, w.first, factor) &+ mixed(y) &* k0 &+ z, joined(v.second, w.second, factor) &+ x, factor)
  }
}

extension [UInt8] {
  /// Eight bytes from `start`, the lowest first; the caller has checked that they are there.
  func word64(_ start: Int) -> UInt64 { self[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) } }

  func word32(_ start: Int) -> UInt64 { self[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt64($1) } }
}
