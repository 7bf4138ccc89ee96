import KerasCore

/// How the elements of an attribute or data set are stored, and as what they are read.
///
/// Layout: HDF5 File Format Specification 3.0, section IV.A.2.d.
struct ElementType: Hashable {
  enum Kind: Hashable {
    case numeric(DType)
    /// numpy's bool: an enumeration of `FALSE` and `TRUE` over a one-byte integer.
    case boolean
    /// Opaque elements: bfloat16 if there are two bytes, unless the data set's `dtype` attribute says otherwise.
    case opaque
    case fixedString(isSpacePadded: Bool)
    case variableString
    case unsupported(String)
  }

  var kind: Kind
  /// Bytes of a stored element.
  var size: Int
  var isBigEndian = false
  /// The bits that an integer has, if not all of its bytes.
  var bits: IntegerBits?

  struct IntegerBits: Hashable {
    var offset: Int
    var precision: Int
    var isSigned: Bool

    /// The number in a stored element.
    func number(in stored: UInt64) -> UInt64 {
      let shifted = stored << UInt64(64 - offset - precision)
      let unused = UInt64(64 - precision)
      return isSigned ? UInt64(bitPattern: Int64(bitPattern: shifted) >> Int64(unused)) : shifted >> unused
    }
  }

  init(_ content: Range<Int>, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(content)
    self = try Self(&cursor, depth: 0)
  }

  private init(_ cursor: inout StoredCursor, depth: Int) throws(HDF5Error.Cause) {
    let first = try cursor.byte()
    let bits = Int(try cursor.number(3))
    size = try cursor.word()
    guard size > 0 else { throw .damaged("elements of no size") }
    kind = .unsupported("")
    switch first & 15 {
    case 0: (kind, self.bits) = try Self.integer(&cursor, size, isSigned: bits & 8 != 0)
    case 1: kind = try Self.float(&cursor, size, isVAX: bits & 0x40 != 0)
    case 3: kind = .fixedString(isSpacePadded: bits & 15 == 2)
    case 5: kind = .opaque
    case 8:
      guard depth == 0 else { throw .damaged("an enumeration of enumerations") }
      let base = try Self(&cursor, depth: 1)
      guard base.size == size else { throw .damaged("an enumeration's size") }
      isBigEndian = base.isBigEndian
      self.bits = base.bits
      var names: Set<String> = []
      for _ in 0..<(bits & 0xffff) {
        let start = cursor.position
        names.insert(try cursor.text().uppercased())
        // Names fill multiples of eight bytes before version 3.
        if first >> 4 < 3 { try cursor.skip((8 - (cursor.position - start) % 8) % 8) }
      }
      kind = size == 1 && names == ["FALSE", "TRUE"] ? .boolean : base.kind
    case 9: kind = bits & 15 == 1 && size == 16 ? .variableString : .unsupported("variable-length sequence")
    case 2: kind = .unsupported("time")
    case 4: kind = .unsupported("bit field")
    case 6: kind = .unsupported("compound (\(bits & 0xffff) fields)")
    case 7: kind = .unsupported("reference")
    case 10: kind = .unsupported("array")
    case 11: kind = .unsupported("complex")
    default: kind = .unsupported("unknown")
    }
    if first & 15 < 2 { isBigEndian = bits & 1 != 0 }
  }

  private static func integer(
    _ cursor: inout StoredCursor, _ size: Int, isSigned: Bool
  ) throws(HDF5Error.Cause) -> (Kind, IntegerBits?) {
    let (offset, precision) = (try cursor.short(), try cursor.short())
    guard precision > 0, offset <= 8 * size - precision else { throw .damaged("an integer's bits") }
    let bits = precision == 8 * size ? nil : IntegerBits(offset: offset, precision: precision, isSigned: isSigned)
    return switch size {
    case 1: (.numeric(isSigned ? .int8 : .uint8), bits)
    case 2: (.numeric(isSigned ? .int16 : .uint16), bits)
    case 4: (.numeric(isSigned ? .int32 : .uint32), bits)
    case 8: (.numeric(isSigned ? .int64 : .uint64), bits)
    default: (.unsupported("\(size)-byte integer"), nil)
    }
  }

  private static func float(_ cursor: inout StoredCursor, _ size: Int, isVAX: Bool) throws(HDF5Error.Cause) -> Kind {
    let (offset, precision) = (try cursor.short(), try cursor.short())
    let (exponent, exponentSize) = (try cursor.byte(), try cursor.byte())
    let (mantissa, mantissaSize) = (try cursor.byte(), try cursor.byte())
    guard !isVAX, offset == 0, precision == 8 * size, mantissa == 0, exponent == mantissaSize else {
      return .unsupported("float of an unusual layout")
    }
    return switch (size, exponentSize, mantissaSize) {
    case (2, 5, 10): .numeric(.float16)
    case (2, 8, 7): .numeric(.bfloat16)
    case (4, 8, 23): .numeric(.float32)
    case (8, 11, 52): .numeric(.float64)
    default: .unsupported("\(size)-byte float")
    }
  }

  /// The element type a reader gets.
  func dtype(isBfloat16: Bool) throws(HDF5Error.Cause) -> DType {
    switch kind {
    case .numeric(let dtype): return dtype
    case .boolean: return .bool
    case .opaque where size == 2 && isBfloat16: return .bfloat16
    case .opaque: throw .unsupportedType("\(size)-byte opaque")
    case .fixedString, .variableString: return .string
    case .unsupported(let name): throw .unsupportedType(name)
    }
  }
}
