/// The range of each unit, or channel, of a tensor over all samples and positions.
struct UnitRanges: Sendable {
  private var low: [Float] = []
  private var high: [Float] = []
  private var seen = 0

  /// Adds a tensor whose units lie along `axis`.
  mutating func add(_ values: UnsafeBufferPointer<Float>, _ shape: [Int], axis: Int) {
    let layout = UnitLayout(shape, axis: axis)
    guard layout.units > 0, values.count == layout.count else { return }
    if low.count != layout.units {
      low = Array(repeating: .infinity, count: layout.units)
      high = Array(repeating: -.infinity, count: layout.units)
      seen = 0
    }
    seen += values.count / layout.units
    layout.forEach { index, unit in
      let value = values[index]
      if value < low[unit] { low[unit] = value }
      if value > high[unit] { high[unit] = value }
    }
  }

  var count: Int { low.count }

  /// Units that gave one and the same number everywhere; `nil` where a single number says nothing.
  var constant: Int? {
    guard seen > 1, !low.isEmpty else { return nil }
    return zip(low, high).count { $0 == $1 }
  }
}

/// Which unit each number of a tensor belongs to.
struct UnitLayout {
  let outer: Int
  let units: Int
  let inner: Int

  init(_ shape: [Int], axis: Int) {
    guard shape.indices.contains(axis) else {
      (outer, units, inner) = (0, 0, 0)
      return
    }
    outer = shape[..<axis].reduce(1, *)
    units = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }

  var count: Int { outer * units * inner }

  func forEach(_ body: (_ index: Int, _ unit: Int) -> Void) {
    var index = 0
    for _ in 0..<outer {
      for unit in 0..<units {
        for _ in 0..<inner {
          body(index, unit)
          index += 1
        }
      }
    }
  }
}
