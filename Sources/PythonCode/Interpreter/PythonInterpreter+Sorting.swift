import OrderedCollections

extension PythonInterpreter {
  /// What things are sorted by: numbers and texts, or tuples of them.
  private enum SortKey: Comparable {
    case number(Int)
    case text(String)
    case tuple([SortKey])

    static func < (a: SortKey, b: SortKey) -> Bool {
      switch (a, b) {
      case (.number(let a), .number(let b)): a < b
      case (.text(let a), .text(let b)): a < b
      case (.tuple(let a), .tuple(let b)): a.lexicographicallyPrecedes(b)
      default: false
      }
    }

    /// Whether Python compares the two.
    func isComparable(to other: SortKey) -> Bool {
      switch (self, other) {
      case (.number, .number), (.text, .text): return true
      case (.tuple(let a), .tuple(let b)):
        // What follows the first difference is not compared.
        for (x, y) in zip(a, b) {
          guard x.isComparable(to: y) else { return false }
          if x != y { return true }
        }
        return true
      default: return false
      }
    }
  }

  private mutating func sortKey(_ item: Item, _ frame: Frame) throws(PythonCodeError) -> SortKey? {
    if case .tuple(let elements) = item, elements.count <= 8 {
      var keys: [SortKey] = []
      for element in elements {
        // What has no order stands behind what decides; a tie is refused.
        guard let key = try sortKey(element, frame) else { break }
        keys.append(key)
      }
      return keys.isEmpty ? nil : .tuple(keys)
    }
    guard case .value(let value) = item else { return nil }
    if let number = semantics.int(value) { return .number(number) }
    return semantics.text(value).map { .text($0) }
  }

  /// Whole numbers, texts or tuples of them in order, or others by such a key.
  mutating func sorted(
    _ items: [Item], _ keywords: OrderedDictionary<String, Item>, _ frame: Frame
  ) throws(PythonCodeError) -> [Item] {
    for key in keywords.keys where key != "reverse" && key != "key" { throw refusal("'sorted' with '\(key)'", frame) }
    var isReversed = false
    if let given = keywords["reverse"] {
      guard let truth = try truth(given, frame) else { throw refusal("'reverse' that is not known", frame) }
      isReversed = truth
    }
    var keys: [SortKey] = []
    for item in items {
      let by = try keywords["key"].map { key throws(PythonCodeError) in try apply(key, [item], [:], frame) } ?? item
      guard let key = try sortKey(by, frame), keys.last.map({ $0.isComparable(to: key) }) ?? true else {
        throw refusal("'sorted' of something else than known whole numbers or texts", frame)
      }
      keys.append(key)
    }
    let order = items.indices.sorted { a, b in
      keys[a] == keys[b] ? (isReversed ? a > b : a < b) : keys[a] < keys[b]
    }
    return (isReversed ? order.reversed() : order).map { items[$0] }
  }
}
