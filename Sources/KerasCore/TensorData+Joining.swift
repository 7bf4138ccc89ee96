extension TensorData {
  /// Arrays one after the other along the first axis; all must agree in the other axes and the type.
  public init(joining parts: [TensorData]) throws(TensorDataError) {
    guard let first = parts.first else { throw .sizeMismatch(dtype: .float32, shape: [0], found: 0) }
    if parts.count == 1 {
      self = first
      return
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(parts.reduce(0) { $0 + $1.bytes.count })
    var rows = 0
    for part in parts {
      guard part.dtype == first.dtype, part.shape.dropFirst() == first.shape.dropFirst(), let count = part.shape.first
      else { throw .sizeMismatch(dtype: part.dtype, shape: part.shape, found: part.bytes.count) }
      bytes += part.bytes
      rows += count
    }
    if first.dtype == .string {
      try self.init(shape: [rows] + first.shape.dropFirst(), strings: parts.flatMap(\.strings))
      return
    }
    try self.init(dtype: first.dtype, shape: [rows] + first.shape.dropFirst(), bytes: bytes)
  }
}
