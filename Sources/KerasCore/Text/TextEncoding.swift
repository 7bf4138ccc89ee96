/// The numbers of a text's tokens: the first `size` of them in order, filled up with 0, or how often each occurs.
public struct TextEncoding: Sendable, Hashable {
  public enum Output: Sendable, Hashable { case numbers, counts, occurrences }

  public var splitting: TextSplitting
  public var lookup: CategoryLookup
  public var output: Output
  /// How many numbers are put out for each sample; `nil`: as many as the batch's longest has tokens.
  public var size: Int?

  public init(splitting: TextSplitting, lookup: CategoryLookup, output: Output, size: Int?) {
    self.splitting = splitting
    self.lookup = lookup
    self.output = output
    self.size = size
  }

  /// The encoding of one sample's tokens by a function that `lookup.numbering` made.
  public func encoded(_ texts: [String], _ numbering: (CategoryKey) -> Int32?) -> [Int32] {
    let numbers = splitting.tokens(of: texts).map { numbering(.text($0)) ?? 0 }
    let size = size ?? numbers.count
    var result = [Int32](repeating: 0, count: size)
    if output == .numbers {
      for (place, number) in numbers.prefix(size).enumerated() { result[place] = number }
      return result
    }
    for number in numbers where number >= 0 && number < size {
      result[Int(number)] = output == .occurrences ? 1 : result[Int(number)] + 1
    }
    return result
  }
}
