/// A nest of loops in which several arrays advance by strides of their own.
struct StridedLoop {
  var dimensions: [Int]
  /// For each array a stride per axis.
  var strides: [[Int]]

  /// Drops axes of size 1 and merges neighbours that all arrays walk as one; at least one axis remains.
  mutating func merge() {
    var merged: [Int] = []
    var kept: [[Int]] = strides.map { _ in [] }
    for axis in dimensions.indices where dimensions[axis] != 1 {
      let size = dimensions[axis]
      if let last = merged.last, !merged.isEmpty,
        strides.indices.allSatisfy({ kept[$0][merged.count - 1] == strides[$0][axis] * size })
      {
        merged[merged.count - 1] = last * size
        for array in strides.indices { kept[array][merged.count - 1] = strides[array][axis] }
      } else {
        merged.append(size)
        for array in strides.indices { kept[array].append(strides[array][axis]) }
      }
    }
    if merged.isEmpty {
      merged = [1]
      kept = strides.map { _ in [1] }
    }
    dimensions = merged
    strides = kept
  }

  /// Moves the axis along which an array is contiguous next to last, so that a copy works in tiles of whole lines.
  mutating func moveContiguousAxisInward(ofArray array: Int) {
    guard dimensions.count > 2, let axis = strides[array].firstIndex(of: 1), axis < dimensions.count - 2 else { return }
    let target = dimensions.count - 2
    dimensions.insert(dimensions.remove(at: axis), at: target)
    for index in strides.indices { strides[index].insert(strides[index].remove(at: axis), at: target) }
  }
}
