import KerasModel

/// Which layer of one model is which of the other.
struct LayerMatching {
  /// Places in both models, in A's order.
  var pairs: [(a: Int, b: Int)] = []
  var onlyA: [Int] = []
  var onlyB: [Int] = []

  /// Names that a program chose tell; those that Keras numbers differ from release to release, and then the classes'
  /// order tells.
  init(_ a: [Network.Entry], _ b: [Network.Entry]) {
    var partners = [Int?](repeating: nil, count: a.count)
    var isTaken = [Bool](repeating: false, count: b.count)
    let places = Dictionary(b.indices.map { (b[$0].name, $0) }, uniquingKeysWith: { first, _ in first })
    func take(_ i: Int, _ j: Int) { (partners[i], isTaken[j]) = (j, true) }
    let (namesA, namesB) = (Set(a.map(\.name)), Set(b.map(\.name)))
    if namesA == namesB {
      for i in a.indices { if let j = places[a[i].name], Self.isAlike(a[i], b[j]) { take(i, j) } }
    } else if a.count == b.count, zip(a, b).allSatisfy({ Self.isAlike($0, $1) }) {
      for i in a.indices { take(i, i) }
    } else {
      for i in a.indices where !Self.isNumbered(a[i]) {
        if let j = places[a[i].name], !isTaken[j], Self.isAlike(a[i], b[j]) { take(i, j) }
      }
    }
    // The longest series of layers of one class in one order, among those left.
    let (restA, restB) = (a.indices.filter { partners[$0] == nil }, b.indices.filter { !isTaken[$0] })
    for (i, j) in Self.longest(restA, restB, { Self.isAlike(a[$0], b[$1]) }) { take(i, j) }
    for i in a.indices where partners[i] == nil {
      if let j = places[a[i].name], !isTaken[j], Self.isAlike(a[i], b[j]) { take(i, j) }
    }
    for (i, partner) in partners.enumerated() {
      if let partner { pairs.append((i, partner)) } else { onlyA.append(i) }
    }
    onlyB = b.indices.filter { !isTaken[$0] }
  }

  /// Models are alike whatever their class.
  private static func isAlike(_ a: Network.Entry, _ b: Network.Entry) -> Bool {
    a.className == b.className || a.layer is Network && b.layer is Network
  }

  /// Whether the name is one that Keras gives: `dense`, `dense_12`, `max_pooling2d_1`.
  private static func isNumbered(_ entry: Network.Entry) -> Bool {
    func letters(_ text: String) -> String { String(text.lowercased().filter(\.isLetter)) }
    return letters(entry.name) == letters(entry.className)
      || ["convolution", "sequential", "model", "functional", "input"].contains { letters(entry.name).hasPrefix($0) }
  }

  private static func longest(_ a: [Int], _ b: [Int], _ isAlike: (Int, Int) -> Bool) -> [(Int, Int)] {
    guard !a.isEmpty, !b.isEmpty, a.count * b.count <= 4_000_000 else { return [] }
    var lengths = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in a.indices.reversed() {
      for j in b.indices.reversed() {
        lengths[i][j] =
          isAlike(a[i], b[j]) ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
      }
    }
    var (i, j) = (0, 0)
    var pairs: [(Int, Int)] = []
    while i < a.count, j < b.count {
      if isAlike(a[i], b[j]), lengths[i][j] == lengths[i + 1][j + 1] + 1 {
        pairs.append((a[i], b[j]))
        (i, j) = (i + 1, j + 1)
      } else if lengths[i + 1][j] >= lengths[i][j + 1] {
        i += 1
      } else {
        j += 1
      }
    }
    return pairs
  }
}
