import KerasCore
import Testing

/// Buckets recorded with TensorFlow 2.21: `to_hash_bucket_fast` and `to_hash_bucket_strong` with the key 133, 137.
@Suite struct TextHashTests {
  private static let texts = [
    "", "a", "abc", "abcd", "hello", "12345678", "the quick brown", "the quick brown fox!",
    String(repeating: "x", count: 32), String(repeating: "y", count: 33),
    String(repeating: "0123456789", count: 6) + "0123", String(repeating: "z", count: 65),
    String(repeating: "lorem ipsum dolor sit amet ", count: 6), String(repeating: "k", count: 128), "ä€😀",
  ]
  private static let fast: [Int32] = [
    377723, 291400, 152962, 267500, 497363, 470335, 859063, 237593, 750362, 904239, 814449, 666247, 381062, 851874,
    154122,
  ]
  private static let strong: [Int32] = [
    953272, 554259, 707065, 483067, 73327, 100339, 92435, 409816, 280614, 587031, 953851, 498803, 943373, 291829,
    254138,
  ]

  @Test func farmHashIsTensorFlows() {
    let hash = CategoryHash(binCount: 1_000_003)
    #expect(Self.texts.map { hash.bin(of: .text($0)) } == Self.fast)
  }

  @Test func sipHashIsTensorFlows() {
    let hash = CategoryHash(binCount: 1_000_003, key: [133, 137])
    #expect(Self.texts.map { hash.bin(of: .text($0)) } == Self.strong)
  }
}
