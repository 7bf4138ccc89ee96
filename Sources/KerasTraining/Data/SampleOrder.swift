import KerasCore

/// The order in which samples are seen: as they are, or shuffled anew for each epoch from a seed.
struct SampleOrder {
  private(set) var indices: [Int]
  private var generator: SplitMix64?

  init(count: Int, shuffleSeed: UInt64?) {
    indices = Array(0..<count)
    generator = shuffleSeed.map { SplitMix64(state: $0) }
  }

  /// Shuffles if there is a seed.
  mutating func beginEpoch() {
    guard var random = generator else { return }
    for last in stride(from: indices.count - 1, to: 0, by: -1) {
      indices.swapAt(last, Int(random.next() % UInt64(last + 1)))
    }
    generator = random
  }
}
