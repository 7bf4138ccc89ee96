/// What several categories make together.
///
/// As TensorFlow's `sparse_cross` and `sparse_cross_hashed`, which HashedCrossing, CategoryCrossing and crossed feature
/// columns call.
public enum CategoryCross: Sendable, Hashable {
  /// Their texts in a row.
  case joined(separator: String)
  /// The bin, of so many, that their hashes fall into together.
  case hashed(binCount: Int)

  public func text(_ categories: [CategoryKey]) -> String {
    guard case .joined(let separator) = self else { return "" }
    return categories.map(\.text).joined(separator: separator)
  }

  public func bin(_ categories: [CategoryKey]) -> Int32 {
    guard case .hashed(let count) = self else { return 0 }
    // `_DEFAULT_HASH_KEY` of TensorFlow's sparse_ops.py.
    let hash = categories.reduce(0xdeca_fcaf_fe) { Self.joined($0, Self.fingerprint($1)) }
    return Int32(clamping: hash % UInt64(max(count, 1)))
  }

  private static func fingerprint(_ category: CategoryKey) -> UInt64 {
    switch category {
    case .integer(let number): UInt64(bitPattern: number)
    case .text(let text): FarmHash.fingerprint64(text)
    }
  }

  /// `FingerprintCat64` of TensorFlow's core/platform/fingerprint.h.
  private static func joined(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let factor: UInt64 = 0xc6a4_a793_5bd1_e995
    func mixed(_ value: UInt64) -> UInt64 { value ^ (value >> 47) }
    let result = (first ^ factor ^ (mixed(second &* factor) &* factor)) &* factor
    return mixed(mixed(result) &* factor)
  }
}
