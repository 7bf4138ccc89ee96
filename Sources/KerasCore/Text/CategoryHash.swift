/// The bins that texts and integers (as decimal text) fall into: their hash modulo the number of bins.
///
/// As TensorFlow's `to_hash_bucket_fast`, with a key `to_hash_bucket_strong`.
public struct CategoryHash: Sendable, Hashable {
  public var binCount: Int
  /// The two halves of SipHash's key; without them FarmHash's fingerprint is taken.
  public var key: [UInt64]?
  /// What falls into bin 0, which nothing else does then.
  public var mask: CategoryKey?

  /// `binCount` should be at least 1, `key` two numbers.
  public init(binCount: Int, key: [UInt64]? = nil, mask: CategoryKey? = nil) {
    self.binCount = binCount
    self.key = key
    self.mask = mask
  }

  public func bin(of category: CategoryKey) -> Int32 {
    var count = UInt64(max(binCount, 1))
    var first: UInt64 = 0
    if let mask, count > 1 {
      if category == mask { return 0 }
      count -= 1
      first = 1
    }
    let bytes = Array(category.text.utf8)
    let hash =
      if let key, key.count == 2 { SipHash.hash(bytes, key: (key[0], key[1])) } else { FarmHash.fingerprint64(bytes) }
    return Int32(clamping: first + hash % count)
  }
}

/// What a category is known by.
public enum CategoryKey: Sendable, Hashable {
  case integer(Int64)
  case text(String)

  public var text: String {
    switch self {
    case .integer(let number): String(number)
    case .text(let text): text
    }
  }
}
