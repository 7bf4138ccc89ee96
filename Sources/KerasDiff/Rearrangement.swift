import KerasCore

/// An array's numbers with its shape.
struct NumberedArray {
  let shape: [Int]
  let values: [Float]

  init(_ shape: [Int], _ values: [Float]) {
    self.shape = shape
    self.values = values
  }

  var strides: [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }
}

/// Finds how one array's numbers were moved to make another.
enum Rearrangement {
  static func between(_ a: NumberedArray, _ b: NumberedArray) -> ArrayRelation? {
    // The same numbers in any order, before any order is tried.
    guard a.values.count == b.values.count, !a.values.isEmpty, sum(a.values) == sum(b.values) else { return nil }
    if a.shape != b.shape, a.values == b.values {
      return isTransposition(a, b).map { .transposed($0) } ?? .reshaped
    }
    let rank = a.shape.count
    if a.shape == b.shape, rank >= 3 {
      let identity = a.shape.map { Array(0..<$0) }
      var flipped = identity
      for axis in 0..<rank - 2 { flipped[axis].reverse() }
      if matches(a, b, flipped) { return .rotated }
    }
    if let axes = isTransposition(a, b) { return .transposed(axes) }
    guard a.shape == b.shape else { return nil }
    return permutation(a, b)
  }

  private static func isTransposition(_ a: NumberedArray, _ b: NumberedArray) -> [Int]? {
    let rank = a.shape.count
    guard b.shape.count == rank, (2...5).contains(rank), a.shape.sorted() == b.shape.sorted() else { return nil }
    let strides = a.strides
    return orders(rank).first { order in
      order != Array(0..<rank) && order.map { a.shape[$0] } == b.shape
        && isGathered(a.values, b, strides: order.map { strides[$0] })
    }
  }

  /// Each axis' entries told by the sums of their slices, which the other axes' order does not change.
  private static func permutation(_ a: NumberedArray, _ b: NumberedArray) -> ArrayRelation? {
    var orders: [[Int]] = []
    for axis in a.shape.indices {
      var places: [UInt64: [Int]] = [:]
      for (index, sum) in slices(a, axis).enumerated().reversed() { places[sum, default: []].append(index) }
      var order: [Int] = []
      for sum in slices(b, axis) {
        guard let place = places[sum]?.popLast() else { return nil }
        order.append(place)
      }
      orders.append(order)
    }
    guard matches(a, b, orders) else { return nil }
    let moved = orders.indices.filter { orders[$0] != Array(0..<a.shape[$0]) }
    if moved == [0], a.shape.count == 2, let channels = flattenChannels(orders[0]) {
      return .flattenOrder(channels: channels)
    }
    return .permuted(axes: moved)
  }

  /// The number of channels for which the order goes from (h, w, c) to (c, h, w) or back.
  static func flattenChannels(_ order: [Int]) -> Int? {
    let count = order.count
    guard count >= 4 else { return nil }
    for channels in 2..<count where count % channels == 0 && count / channels > 1 {
      let places = count / channels
      if order.indices.allSatisfy({ order[$0] == ($0 % channels) * places + $0 / channels }) { return channels }
      if order.indices.allSatisfy({ order[$0] == ($0 % places) * channels + $0 / places }) { return channels }
    }
    return nil
  }

  // MARK: Moving

  private static func matches(_ a: NumberedArray, _ b: NumberedArray, _ orders: [[Int]]) -> Bool {
    let (strides, rank) = (a.strides, a.shape.count)
    var place = [Int](repeating: 0, count: rank)
    for value in b.values {
      var source = 0
      for axis in 0..<rank { source += orders[axis][place[axis]] * strides[axis] }
      if a.values[source] != value { return false }
      advance(&place, b.shape)
    }
    return true
  }

  private static func isGathered(_ values: [Float], _ b: NumberedArray, strides: [Int]) -> Bool {
    var place = [Int](repeating: 0, count: b.shape.count)
    for value in b.values {
      var source = 0
      for axis in place.indices { source += place[axis] * strides[axis] }
      if values[source] != value { return false }
      advance(&place, b.shape)
    }
    return true
  }

  private static func advance(_ place: inout [Int], _ shape: [Int]) {
    for axis in shape.indices.reversed() {
      place[axis] += 1
      if place[axis] < shape[axis] { return }
      place[axis] = 0
    }
  }

  private static func orders(_ rank: Int) -> [[Int]] {
    guard rank > 0 else { return [[]] }
    return orders(rank - 1).flatMap { order in
      (0..<rank).map { place in
        var order = order
        order.insert(rank - 1, at: place)
        return order
      }
    }
  }

  // MARK: Fingerprints

  /// A mixture of a number's bits; sums of these do not depend on the order.
  private static func mixed(_ value: Float) -> UInt64 {
    var z = UInt64(value == 0 ? 0 : value.bitPattern) &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  private static func sum(_ values: [Float]) -> UInt64 { values.reduce(0) { $0 &+ mixed($1) } }

  private static func slices(_ array: NumberedArray, _ axis: Int) -> [UInt64] {
    var sums = [UInt64](repeating: 0, count: array.shape[axis])
    let stride = array.strides[axis]
    for (index, value) in array.values.enumerated() { sums[index / stride % array.shape[axis]] &+= mixed(value) }
    return sums
  }
}
