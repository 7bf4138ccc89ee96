import CHDF5
import KerasCore

extension HDF5File {
  /// An attribute or data set as the shared reading code sees it.
  struct Elements: ~Copyable {
    /// For messages.
    let object: String
    let type: HDF5Handle
    let space: HDF5Handle
    /// Whether an opaque pair is a bfloat16.
    var isBfloat16 = false
    /// Bytes the file really holds for these elements.
    var storageBytes: Int
    /// Calls the library: the memory type and where to put the elements.
    let read: (hid_t, UnsafeMutableRawPointer) -> herr_t
  }

  /// The shape of a data space: `[]` for a scalar, `[0]` for the null space in which h5py keeps empty lists.
  func shape(of space: borrowing HDF5Handle, _ object: String) throws(HDF5Error) -> [Int] {
    switch H5Sget_simple_extent_type(space.id) {
    case H5S_SCALAR: return []
    case H5S_NULL: return [0]
    case H5S_SIMPLE: break
    default: throw damaged(object)
    }
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard (0...Limits.rank).contains(rank) else { throw damaged(object) }
    var dimensions = [hsize_t](repeating: 0, count: rank)
    guard rank == 0 || H5Sget_simple_extent_dims(space.id, &dimensions, nil) >= 0 else { throw damaged(object) }
    let shape = dimensions.compactMap { Int(exactly: $0) }
    guard shape.count == rank, checkedProduct(shape) != nil else {
      throw HDF5Error(file: name, object: object, .tooLarge("a shape of \(dimensions)"))
    }
    return shape
  }

  /// The element type a reader gets, without reading.
  func dtype(of stored: ElementType, isBfloat16: Bool, _ object: String) throws(HDF5Error) -> DType {
    switch stored {
    case .numeric(let dtype): return dtype
    case .boolean: return .bool
    case .opaque(2) where isBfloat16: return .bfloat16
    case .opaque(let size): throw HDF5Error(file: name, object: object, .unsupportedType("\(size)-byte opaque"))
    case .fixedString, .variableString: return .string
    case .unsupported(let type): throw HDF5Error(file: name, object: object, .unsupportedType(type))
    }
  }

  /// Reads elements of any supported type into memory, after checking that their declared size can be true.
  func tensor(_ elements: borrowing Elements) throws(HDF5Error) -> TensorData {
    let object = elements.object
    let stored = ElementType(stored: elements.type.id)
    let dtype = try dtype(of: stored, isBfloat16: elements.isBfloat16, object)
    let shape = try shape(of: elements.space, object)
    guard let count = checkedProduct(shape) else {
      throw HDF5Error(file: name, object: object, .tooLarge("a shape of \(shape)"))
    }
    do {
      switch stored {
      case .variableString:
        try checkStringCount(count, object)
        return try TensorData(shape: shape, strings: variableStrings(elements, count: count))
      case .fixedString(let length, let padding):
        try checkStringCount(count, object)
        let bytes = try bytes(elements, count: count, size: length, memoryType: elements.type.id)
        let strings = (0..<count).map { index in
          Self.text(bytes[(index * length)..<((index + 1) * length)], padding: padding)
        }
        return try TensorData(shape: shape, strings: strings)
      case .opaque:
        let bytes = try bytes(elements, count: count, size: 2, memoryType: elements.type.id)
        return try TensorData(dtype: .bfloat16, shape: shape, bytes: bytes)
      case .numeric(.bfloat16) where H5Tget_order(elements.type.id) == H5T_ORDER_LE:
        // No conversion: a file's own idea of this type may differ in details that do not matter.
        let bytes = try bytes(elements, count: count, size: 2, memoryType: elements.type.id)
        return try TensorData(dtype: .bfloat16, shape: shape, bytes: bytes)
      case .boolean:
        let bytes = try bytes(elements, count: count, size: 1, memoryType: elements.type.id)
        return try TensorData(dtype: .bool, shape: shape, bytes: bytes.map { $0 == 0 ? 0 : 1 })
      case .numeric, .unsupported:
        guard let memoryType = try memoryType(for: elements, dtype) else {
          throw HDF5Error(file: name, object: object, .unsupportedType(dtype.rawValue))
        }
        let bytes = try bytes(elements, count: count, size: dtype.byteCount, memoryType: memoryType.id)
        return try TensorData(dtype: dtype, shape: shape, bytes: bytes)
      }
    } catch let error as HDF5Error {
      throw error
    } catch {
      throw HDF5Error(file: name, object: object, .damaged("\(error)"))
    }
  }

  private func memoryType(for elements: borrowing Elements, _ dtype: DType) throws(HDF5Error) -> HDF5Handle? {
    guard H5Tget_class(elements.type.id) == H5T_ENUM else { return ElementType.littleEndian(dtype) }
    // An enumeration is not converted to plain integers: read as stored, which is refused if that is big-endian.
    guard H5Tget_size(elements.type.id) == 1 || H5Tget_order(elements.type.id) == H5T_ORDER_LE else {
      throw HDF5Error(file: name, object: elements.object, .unsupportedType("big-endian enumeration"))
    }
    return HDF5Handle(H5Tcopy(elements.type.id))
  }

  func bytes(
    _ elements: borrowing Elements, count: Int, size: Int, memoryType: hid_t
  ) throws(HDF5Error) -> [UInt8] {
    let (total, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else { throw HDF5Error(file: name, object: elements.object, .tooLarge("\(count) elements")) }
    try checkDeclaredSize(total, storage: elements.storageBytes, elements.object)
    guard total > 0 else { return [] }
    var status: herr_t = -1
    let bytes = [UInt8](unsafeUninitializedCapacity: total) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      base.initialize(repeating: 0, count: min(total, 1))
      status = elements.read(memoryType, base)
      initialized = status >= 0 ? total : 0
    }
    guard status >= 0 else { throw damaged(elements.object) }
    return bytes
  }

  /// Refuses declared sizes that the storage behind them cannot fill, before any memory is asked for.
  func checkDeclaredSize(_ declared: Int, storage: Int, _ object: String) throws(HDF5Error) {
    if declared > Limits.unquestionedBytes, declared / Limits.expansion > storage {
      throw HDF5Error(
        file: name, object: object, .tooLarge("\(declared) bytes are declared where \(storage) are stored"))
    }
  }

  private func checkStringCount(_ count: Int, _ object: String) throws(HDF5Error) {
    if count > Limits.strings { throw HDF5Error(file: name, object: object, .tooLarge("\(count) strings")) }
  }

  /// A fixed-length string up to its first zero byte, or without the spaces that fill it.
  private static func text(_ bytes: ArraySlice<UInt8>, padding: H5T_str_t) -> String {
    var text = bytes.prefix { $0 != 0 }
    if padding == H5T_STR_SPACEPAD { while text.last == UInt8(ascii: " ") { text.removeLast() } }
    return String(decoding: text, as: UTF8.self)
  }
}
