/// Rearrangements of stored weights; elements are moved, never converted.
extension TensorData {
  /// Axis `i` of the result is axis `permutation[i]` of this array, as in `numpy.transpose`; texts too.
  public func transposed(_ permutation: [Int]) throws(TensorDataError) -> TensorData {
    guard permutation.sorted() == Array(shape.indices) else {
      throw .sizeMismatch(dtype: dtype, shape: shape, found: permutation.count)
    }
    if permutation == Array(shape.indices) { return self }
    if dtype == .string {
      let places = try TensorData(shape: shape, int64s: strings.indices.map { Int64($0) }).transposed(permutation)
      return try TensorData(shape: places.shape, strings: places.int64s().map { strings[Int($0)] })
    }
    let strides = contiguousStrides
    return try gathered(shape: permutation.map { shape[$0] }, strides: permutation.map { strides[$0] }, offset: 0)
  }

  /// The array read backwards along the given axes.
  public func reversed(_ axes: Range<Int>) throws(TensorDataError) -> TensorData {
    var strides = contiguousStrides
    var offset = 0
    for axis in axes where shape.indices.contains(axis) && shape[axis] > 0 {
      offset += strides[axis] * (shape[axis] - 1)
      strides[axis] = -strides[axis]
    }
    return try gathered(shape: shape, strides: strides, offset: offset)
  }

  /// The `count` equal blocks of the last axis.
  public func split(_ count: Int) throws(TensorDataError) -> [TensorData] {
    guard let width = shape.last, count > 0, width % count == 0 else {
      throw .sizeMismatch(dtype: dtype, shape: shape, found: count)
    }
    let block = width / count
    let part = Array(shape.dropLast()) + [block]
    var parts: [TensorData] = []
    for index in 0..<count {
      parts.append(try gathered(shape: part, strides: contiguousStrides, offset: index * block))
    }
    return parts
  }

  /// Arrays of equal leading axes side by side along the last one.
  public static func concatenated(_ parts: [TensorData]) throws(TensorDataError) -> TensorData {
    guard let first = parts.first, let rank = Optional(first.shape.count), rank > 0 else {
      throw .sizeMismatch(dtype: .float32, shape: [], found: parts.count)
    }
    let leading = Array(first.shape.dropLast())
    for part in parts
    where part.dtype != first.dtype || Array(part.shape.dropLast()) != leading || part.shape.count != rank {
      throw .sizeMismatch(dtype: part.dtype, shape: part.shape, found: part.bytes.count)
    }
    let rows = checkedProduct(leading) ?? 0
    let size = first.dtype.byteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(parts.reduce(0) { $0 + $1.bytes.count })
    for row in 0..<rows {
      for part in parts {
        let width = part.shape[rank - 1] * size
        bytes += part.bytes[row * width..<(row + 1) * width]
      }
    }
    return try TensorData(
      dtype: first.dtype, shape: leading + [parts.reduce(0) { $0 + $1.shape[rank - 1] }], bytes: bytes)
  }

  /// The elements in C order, taken as a matrix of this shape in Fortran order.
  public func refilledByColumns() throws(TensorDataError) -> TensorData {
    guard shape.count == 2 else { throw .sizeMismatch(dtype: dtype, shape: shape, found: shape.count) }
    return try gathered(shape: shape, strides: [1, shape[0]], offset: 0)
  }

  /// The result of arithmetic in Double, in this array's own type.
  public func mapped(_ body: (Double) -> Double) throws(TensorDataError) -> TensorData {
    try TensorData(shape: shape, doubles: doubles().map(body)).converted(to: dtype)
  }

  public var contiguousStrides: [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  private func gathered(shape: [Int], strides: [Int], offset: Int) throws(TensorDataError) -> TensorData {
    let size = dtype.byteCount
    guard size > 0, let count = checkedProduct(shape) else { throw .notNumeric(shape: shape) }
    var result = [UInt8](repeating: 0, count: count * size)
    guard count > 0 else { return try TensorData(dtype: dtype, shape: shape, bytes: result) }
    let inner = shape.last ?? 1
    let innerStride = strides.last ?? 1
    var index = Array(repeating: 0, count: max(0, shape.count - 1))
    var source = offset
    bytes.withUnsafeBytes { from in
      result.withUnsafeMutableBytes { to in
        var target = 0
        while target < count {
          for step in 0..<inner {
            let start = (source + step * innerStride) * size
            for byte in 0..<size { to[(target + step) * size + byte] = from[start + byte] }
          }
          target += inner
          var axis = index.count - 1
          while axis >= 0 {
            index[axis] += 1
            source += strides[axis]
            if index[axis] < shape[axis] { break }
            source -= strides[axis] * shape[axis]
            index[axis] = 0
            axis -= 1
          }
        }
      }
    }
    return try TensorData(dtype: dtype, shape: shape, bytes: result)
  }
}
