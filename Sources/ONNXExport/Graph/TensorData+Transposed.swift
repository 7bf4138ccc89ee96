import KerasCore

extension TensorData {
  /// The array with axis i of the result being axis `permutation[i]`; texts too.
  func transposed(_ permutation: [Int]) throws(TensorDataError) -> TensorData {
    if permutation == Array(shape.indices) { return self }
    let target = permutation.map { shape[$0] }
    let source = sourceIndices(permutation, target)
    if dtype == .string { return try TensorData(shape: target, strings: source.map { strings[$0] }) }
    let size = dtype.byteCount
    let moved = [UInt8](unsafeUninitializedCapacity: bytes.count) { result, count in
      bytes.withUnsafeBytes { old in
        for (place, index) in source.enumerated() {
          for byte in 0..<size { result[place * size + byte] = old[index * size + byte] }
        }
      }
      count = bytes.count
    }
    return try TensorData(dtype: dtype, shape: target, bytes: moved)
  }

  /// For each element of the result in C order, its place in this array.
  private func sourceIndices(_ permutation: [Int], _ target: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    // Axis by axis from the last: the places within what follows, repeated for each entry of the axis.
    var places = [0]
    for axis in target.indices.reversed() {
      let stride = strides[permutation[axis]]
      var all: [Int] = []
      all.reserveCapacity(places.count * target[axis])
      for entry in 0..<target[axis] { for place in places { all.append(entry * stride + place) } }
      places = all
    }
    return places
  }
}
