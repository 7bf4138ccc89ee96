/// The number of each category of a vocabulary, and the numbers of those outside it.
public struct CategoryLookup: Sendable, Hashable {
  /// How categories outside the vocabulary share several numbers.
  public enum Outsiders: Sendable, Hashable {
    case remainder
    case hash(CategoryHash)
  }

  public var vocabulary: [CategoryKey]
  /// The number of the vocabulary's first category.
  public var firstIndex: Int
  /// The first of the numbers of categories outside the vocabulary, and how many there are.
  public var outsideIndex: Int
  public var outsideCount: Int
  public var outsiders: Outsiders
  public var mask: CategoryKey?
  public var maskIndex: Int32

  public init(
    vocabulary: [CategoryKey], firstIndex: Int, outsideIndex: Int, outsideCount: Int, outsiders: Outsiders,
    mask: CategoryKey?, maskIndex: Int32
  ) {
    self.vocabulary = vocabulary
    self.firstIndex = firstIndex
    self.outsideIndex = outsideIndex
    self.outsideCount = outsideCount
    self.outsiders = outsiders
    self.mask = mask
    self.maskIndex = maskIndex
  }

  /// The function from a category to its number, which is `nil` outside the vocabulary if that has no number.
  public func numbering() -> @Sendable (CategoryKey) -> Int32? {
    var table: [CategoryKey: Int32] = [:]
    table.reserveCapacity(vocabulary.count)
    for (index, key) in vocabulary.enumerated() where table[key] == nil {
      table[key] = Int32(clamping: firstIndex + index)
    }
    if let mask { table[mask] = maskIndex }
    let known = table
    return { category in known[category] ?? outside(category) }
  }

  private func outside(_ category: CategoryKey) -> Int32? {
    guard outsideCount > 0 else { return nil }
    if outsideCount == 1 { return Int32(clamping: outsideIndex) }
    if case .remainder = outsiders, case .integer(let number) = category {
      let remainder = number % Int64(outsideCount)
      return Int32(clamping: outsideIndex + Int(remainder < 0 ? remainder + Int64(outsideCount) : remainder))
    }
    if case .hash(let hash) = outsiders { return Int32(clamping: outsideIndex + Int(hash.bin(of: category))) }
    return Int32(clamping: outsideIndex)
  }
}
