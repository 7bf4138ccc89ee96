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

/// Steele, Lea and Flood's generator: a fixed sequence for a seed on every platform.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
