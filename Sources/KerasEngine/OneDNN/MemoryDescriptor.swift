import COneDNN

/// The logical dimensions and the physical order of a float array, in oneDNN's terms.
struct MemoryDescriptor {
  var raw: dnnl_memory_desc_t

  init(_ raw: dnnl_memory_desc_t) { self.raw = raw }

  /// Dense or strided; strides in elements, one per dimension.
  static func strided(_ dimensions: [Int], _ strides: [Int]) throws(EngineError) -> MemoryDescriptor {
    guard !dimensions.isEmpty, dimensions.count <= Int(DNNL_MAX_NDIMS), dimensions.count == strides.count else {
      throw EngineError(.unsupported(op: "memory", reason: "an array of rank \(dimensions.count)"))
    }
    var descriptor = dnnl_memory_desc_t()
    try check(
      dnnl_memory_desc_init_by_strides(
        &descriptor, Int32(dimensions.count), dimensions.map { Int64($0) }, dnnl_f32, strides.map { Int64($0) }),
      "memory descriptor")
    return MemoryDescriptor(descriptor)
  }

  /// In C order.
  static func dense(_ dimensions: [Int]) throws(EngineError) -> MemoryDescriptor {
    try strided(dimensions, denseStrides(dimensions))
  }

  /// Logical dimensions whose order in memory, outermost first, is `order`.
  static func dense(_ dimensions: [Int], order: [Int]) throws(EngineError) -> MemoryDescriptor {
    var strides = [Int](repeating: 1, count: dimensions.count)
    var stride = 1
    for axis in order.reversed() {
      strides[axis] = stride
      stride *= max(dimensions[axis], 1)
    }
    return try strided(dimensions, strides)
  }

  /// In whatever order the implementation likes best.
  static func any(_ dimensions: [Int]) throws(EngineError) -> MemoryDescriptor {
    var descriptor = dnnl_memory_desc_t()
    try check(
      dnnl_memory_desc_init_by_tag(
        &descriptor, Int32(dimensions.count), dimensions.map { Int64($0) }, dnnl_f32, dnnl_format_tag_any),
      "memory descriptor")
    return MemoryDescriptor(descriptor)
  }

  /// The same order of elements of another type.
  func holding(_ type: dnnl_data_type_t) -> MemoryDescriptor {
    var copy = self
    copy.raw.data_type = type
    return copy
  }

  var byteCount: Int {
    var copy = raw
    return dnnl_memory_desc_get_size(&copy)
  }

  func isSame(as other: MemoryDescriptor) -> Bool {
    var (a, b) = (raw, other.raw)
    return dnnl_memory_desc_equal(&a, &b) != 0
  }
}

/// The strides of an array in C order.
func denseStrides(_ dimensions: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: dimensions.count)
  var stride = 1
  for axis in dimensions.indices.reversed() {
    strides[axis] = stride
    stride *= max(dimensions[axis], 1)
  }
  return strides
}
