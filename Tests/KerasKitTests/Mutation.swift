import Foundation
@testable import TensorBundle
import ZipArchive

/// A small repeatable generator.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}

/// Damage of the kinds that decoders get wrong: bits, lengths and counts at their limits, missing and repeated parts.
enum Mutation {
  private static let numbers = [
    "0", "-1", "1", "2", "255", "65536", "2147483648", "4294967296", "9223372036854775807", "1e308", "-0.5", "null",
    "[]", "{}", "\"\"", "true",
  ]
  private static let words: [UInt64] = [
    0, 1, 7, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 33,
    0x7fff_ffff_ffff_ffff, .max,
  ]

  /// `bytes` with one to four damages; `keepsSize` leaves out those that move what follows.
  static func of(_ bytes: [UInt8], keepsSize: Bool = false, _ random: inout SeededNumbers) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let place = place(in: bytes, &random)
      switch Int.random(in: 0..<(keepsSize ? 5 : 10), using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 2, 3:
        let width = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
        var word = words.randomElement(using: &random) ?? 0
        if Bool.random(using: &random) { word = word.byteSwapped >> UInt64(64 - 8 * width) }
        for index in 0..<width where place + index < bytes.count {
          bytes[place + index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index))
        }
      case 4: for index in digits(at: place, in: bytes) { bytes[index] = UInt8(ascii: "9") }
      case 5: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random) / 4)
      case 6: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...64, using: &random)))
      case 7:
        let part = bytes[place..<min(bytes.count, place + Int.random(in: 1...64, using: &random))]
        bytes.insert(contentsOf: Array(part), at: Self.place(in: bytes, &random))
      default:
        bytes.replaceSubrange(digits(at: place, in: bytes), with: (numbers.randomElement(using: &random) ?? "").utf8)
      }
    }
    return bytes
  }

  /// Half of the damage falls on the first kilobyte, where headers are.
  private static func place(in bytes: [UInt8], _ random: inout SeededNumbers) -> Int {
    let end = Bool.random(using: &random) ? bytes.count : min(bytes.count, 1024)
    return Int.random(in: 0..<max(end, 1), using: &random)
  }

  /// The first number written in digits behind `place`.
  private static func digits(at place: Int, in bytes: [UInt8]) -> Range<Int> {
    let zero = UInt8(ascii: "0")
    let isDigit = { (byte: UInt8) in byte >= zero && byte < zero + 10 }
    guard let start = bytes[place...].firstIndex(where: isDigit) else { return place..<place }
    return start..<(bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count)
  }

  /// An archive with one damaged member under a good checksum; `nil` if the original is no archive.
  static func ofMember(_ archive: String, to path: String, _ random: inout SeededNumbers) throws -> Bool {
    guard let zip = try? ZipReader(path: archive), let chosen = zip.members.randomElement(using: &random) else {
      return false
    }
    let writer = try ZipWriter(replacing: path)
    for member in zip.members {
      var bytes = try zip.read(member.name)
      if member.name == chosen.name { bytes = of(bytes, &random) }
      try bytes.withUnsafeBytes { try writer.add(member.name, $0) }
    }
    try writer.finish()
    return true
  }

  /// A checkpoint's index with damaged blocks under good checksums.
  static func ofIndex(_ bytes: [UInt8], _ random: inout SeededNumbers) -> [UInt8] {
    let footer = bytes.count - 48
    var result = of(Array(bytes.prefix(footer)), keepsSize: true, &random) + bytes.suffix(48)
    var cursor = ByteCursor(bytes.suffix(48))
    var blocks: [(Int, Int)] = []
    for _ in 0..<2 {
      if let offset = cursor.varint(), let size = cursor.varint() { blocks.append((offset, size)) }
    }
    // The entries come first, in one block: all that a small checkpoint has.
    if let first = blocks.map(\.0).min() { blocks.append((0, first - 5)) }
    for (offset, size) in blocks where size >= 0 && offset + size + 5 <= footer {
      let checksum = result.withUnsafeBytes { MaskedChecksum.of(.init(rebasing: $0[offset...offset + size])) }
      for index in 0..<4 {
        result[offset + size + 1 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
      }
    }
    return result
  }
}
