extension ModelDiff {
  /// A layer whose units stand in another order in B, and what the layers behind it make of that.
  public struct UnitReordering: Sendable, Hashable {
    /// The layer in A's names.
    public var layer: String
    /// How many of its units stand elsewhere, of how many.
    public var moved: Int
    public var units: Int
    /// Layers whose weights follow the new order, in A's names.
    public var followers: [String]
    /// Why the models do not compute the same for all that; `nil` if they do.
    public var problem: String?

    public var isConsistent: Bool { problem == nil }
  }
}

/// In which order B has the features of a tensor of A, along its last axis.
struct UnitOrder: Hashable {
  /// B's feature j is A's `places[j]`; `nil` for A's own order.
  var places: [Int]?
  /// The layers that brought the order about.
  var origins: [String]

  static let same = UnitOrder(places: nil, origins: [])

  init(places: [Int]?, origins: [String]) {
    let isSame = places.map { $0 == Array(0..<$0.count) } ?? true
    (self.places, self.origins) = isSame ? (nil, []) : (places, origins)
  }

  /// With every feature repeated `count` times as a block: what Flatten makes of images.
  func tiled(_ count: Int) -> UnitOrder {
    guard let places else { return .same }
    return UnitOrder(
      places: (0..<count).flatMap { block in places.map { block * places.count + $0 } }, origins: origins)
  }

  /// Every feature becomes `count` that stand together.
  func repeated(_ count: Int) -> UnitOrder {
    guard let places else { return .same }
    return UnitOrder(places: places.flatMap { place in (0..<count).map { place * count + $0 } }, origins: origins)
  }
}

/// Tells units by all their numbers.
struct UnitFingerprints {
  private var sums: [UInt64]

  init(units: Int) { sums = [UInt64](repeating: 0x9e37_79b9_7f4a_7c15, count: units) }

  /// Takes up the numbers of an array whose last axis counts units, or the units of each gate after the other.
  ///
  /// `inputs` is the order of the axis before it.
  mutating func add(_ array: NumberedArray, inputs: [Int]? = nil) {
    guard let width = array.shape.last, width > 0, !sums.isEmpty else { return }
    let features = inputs?.count ?? 1
    for row in 0..<array.values.count / width {
      let source = inputs.map { row / features * features + $0[row % features] } ?? row
      for column in 0..<width {
        let unit = column % sums.count
        let value = array.values[source * width + column]
        var mixed = (sums[unit] ^ UInt64(value == 0 ? 0 : value.bitPattern)) &* 0xbf58_476d_1ce4_e5b9
        mixed ^= mixed >> 29
        sums[unit] = mixed &* 0x94d0_49bb_1331_11eb
      }
    }
  }

  /// Where each of the other's units stands here, alike ones in order; `nil` if they are not the same units.
  func order(of other: UnitFingerprints) -> [Int]? {
    if sums == other.sums { return Array(sums.indices) }
    var places: [UInt64: [Int]] = [:]
    for (index, sum) in sums.enumerated().reversed() { places[sum, default: []].append(index) }
    var order: [Int] = []
    for sum in other.sums {
      guard let place = places[sum]?.popLast() else { return nil }
      order.append(place)
    }
    return order
  }
}
