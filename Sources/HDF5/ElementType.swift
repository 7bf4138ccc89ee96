import CHDF5
import KerasCore

/// How the elements of an attribute or data set are stored, and as what they are read.
enum ElementType: Equatable {
  /// Numbers, converted by the library to little-endian elements of `dtype`.
  case numeric(DType)
  /// numpy's bool: an enumeration of `FALSE` and `TRUE` over a one-byte integer.
  case boolean
  /// Opaque elements of so many bytes: bfloat16 if the data set's `dtype` attribute says so.
  case opaque(Int)
  case fixedString(length: Int, padding: H5T_str_t)
  case variableString
  case unsupported(String)

  init(stored type: hid_t) {
    let size = H5Tget_size(type)
    switch H5Tget_class(type) {
    case H5T_INTEGER: self = Self.integer(size: size, isSigned: H5Tget_sign(type) == H5T_SGN_2)
    case H5T_FLOAT: self = Self.float(type, size: size)
    case H5T_STRING:
      self =
        H5Tis_variable_str(type) > 0
        ? .variableString : .fixedString(length: size, padding: H5Tget_strpad(type))
    case H5T_ENUM:
      guard let base = HDF5Handle(H5Tget_super(type)) else {
        self = .unsupported("enumeration")
        return
      }
      self =
        size == 1 && Self.isBoolean(type)
        ? .boolean : Self.integer(size: size, isSigned: H5Tget_sign(base.id) == H5T_SGN_2)
    case H5T_OPAQUE: self = .opaque(size)
    case H5T_COMPOUND: self = .unsupported("compound")
    case H5T_REFERENCE: self = .unsupported("reference")
    case H5T_VLEN: self = .unsupported("variable-length sequence")
    case H5T_ARRAY: self = .unsupported("array")
    case H5T_BITFIELD: self = .unsupported("bit field")
    case H5T_TIME: self = .unsupported("time")
    default: self = .unsupported("unknown")
    }
  }

  private static func integer(size: Int, isSigned: Bool) -> ElementType {
    switch size {
    case 1: .numeric(isSigned ? .int8 : .uint8)
    case 2: .numeric(isSigned ? .int16 : .uint16)
    case 4: .numeric(isSigned ? .int32 : .uint32)
    case 8: .numeric(isSigned ? .int64 : .uint64)
    default: .unsupported("\(size)-byte integer")
    }
  }

  private static func float(_ type: hid_t, size: Int) -> ElementType {
    switch size {
    case 2:
      var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
      H5Tget_fields(type, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize)
      return switch exponentSize {
      case 5: .numeric(.float16)
      case 8: .numeric(.bfloat16)
      default: .unsupported("2-byte float")
      }
    case 4: return .numeric(.float32)
    case 8: return .numeric(.float64)
    default: return .unsupported("\(size)-byte float")
    }
  }

  private static func isBoolean(_ type: hid_t) -> Bool {
    guard H5Tget_nmembers(type) == 2 else { return false }
    return ["FALSE", "TRUE"].allSatisfy { name in
      (0..<2).contains { index in
        guard let member = H5Tget_member_name(type, UInt32(index)) else { return false }
        defer { H5free_memory(member) }
        return String(cString: member).uppercased() == name
      }
    }
  }

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
