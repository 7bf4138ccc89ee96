import CHDF5
import KerasCore

/// The library's types, in which arrays are written.
enum LibraryType {
  /// A library type for little-endian elements of `dtype` in memory and on disk; `nil` for `string`.
  static func littleEndian(_ dtype: DType) -> HDF5Handle? {
    switch dtype {
    case .float16: return float16()
    case .bfloat16: return bfloat16()
    case .bool: return boolean()
    case .float32: return HDF5Handle(H5Tcopy(keraskit_h5_float32()))
    case .float64: return HDF5Handle(H5Tcopy(keraskit_h5_float64()))
    case .int8: return HDF5Handle(H5Tcopy(keraskit_h5_int8()))
    case .int16: return HDF5Handle(H5Tcopy(keraskit_h5_int16()))
    case .int32: return HDF5Handle(H5Tcopy(keraskit_h5_int32()))
    case .int64: return HDF5Handle(H5Tcopy(keraskit_h5_int64()))
    case .uint8: return HDF5Handle(H5Tcopy(keraskit_h5_uint8()))
    case .uint16: return HDF5Handle(H5Tcopy(keraskit_h5_uint16()))
    case .uint32: return HDF5Handle(H5Tcopy(keraskit_h5_uint32()))
    case .uint64: return HDF5Handle(H5Tcopy(keraskit_h5_uint64()))
    case .string: return nil
    }
  }

  /// IEEE binary16, put together as h5py does: the library has no name for it before 1.14.4.
  private static func float16() -> HDF5Handle? {
    float(sign: 15, exponent: 10, exponentSize: 5, mantissaSize: 10, bias: 15)
  }

  /// The upper half of a float32, for files that declare bfloat16 as a float.
  static func bfloat16() -> HDF5Handle? {
    float(sign: 15, exponent: 7, exponentSize: 8, mantissaSize: 7, bias: 127)
  }

  private static func float(
    sign: Int, exponent: Int, exponentSize: Int, mantissaSize: Int, bias: Int
  ) -> HDF5Handle? {
    guard let type = HDF5Handle(H5Tcopy(keraskit_h5_float32())),
      H5Tset_fields(type.id, sign, exponent, exponentSize, 0, mantissaSize) >= 0,
      H5Tset_size(type.id, 2) >= 0, H5Tset_ebias(type.id, bias) >= 0
    else { return nil }
    return type
  }

  private static func boolean() -> HDF5Handle? {
    guard let type = HDF5Handle(H5Tenum_create(keraskit_h5_int8())) else { return nil }
    var (no, yes): (Int8, Int8) = (0, 1)
    guard H5Tenum_insert(type.id, "FALSE", &no) >= 0, H5Tenum_insert(type.id, "TRUE", &yes) >= 0 else { return nil }
    return type
  }

  /// How Keras 3 stores bfloat16: two opaque bytes.
  static func opaquePair() -> HDF5Handle? {
    guard let type = HDF5Handle(H5Tcreate(H5T_OPAQUE, 2)) else { return nil }
    return type
  }
}
