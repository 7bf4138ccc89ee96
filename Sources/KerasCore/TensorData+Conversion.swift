extension TensorData {
  /// The elements as Float; integers and wider floats are rounded to the nearest Float.
  public func floats() throws(TensorDataError) -> [Float] {
    switch dtype {
    case .float32: bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    case .float64: elements(as: Double.self).map { Float($0) }
    case .float16: elements(as: UInt16.self).map { Float(halfBits: $0) }
    case .bfloat16: elements(as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .bool, .uint8: bytes.map { Float($0) }
    case .int8: elements(as: Int8.self).map { Float($0) }
    case .int16: elements(as: Int16.self).map { Float($0) }
    case .uint16: elements(as: UInt16.self).map { Float($0) }
    case .int32: elements(as: Int32.self).map { Float($0) }
    case .uint32: elements(as: UInt32.self).map { Float($0) }
    case .int64: elements(as: Int64.self).map { Float($0) }
    case .uint64: elements(as: UInt64.self).map { Float($0) }
    case .string: throw .notNumeric(shape: shape)
    }
  }

  /// The elements as Double.
  public func doubles() throws(TensorDataError) -> [Double] {
    switch dtype {
    case .float64: elements(as: Double.self)
    case .int32: elements(as: Int32.self).map { Double($0) }
    case .uint32: elements(as: UInt32.self).map { Double($0) }
    case .int64: elements(as: Int64.self).map { Double($0) }
    case .uint64: elements(as: UInt64.self).map { Double($0) }
    default: try floats().map { Double($0) }
    }
  }

  /// The elements as Int32; fractions are cut towards zero as Keras casts embedding indices, values out of range clamp.
  public func int32s() throws(TensorDataError) -> [Int32] {
    switch dtype {
    case .int32: elements(as: Int32.self)
    case .int64: elements(as: Int64.self).map { Int32(clamping: $0) }
    case .uint64: elements(as: UInt64.self).map { Int32(clamping: $0) }
    case .uint32: elements(as: UInt32.self).map { Int32(clamping: $0) }
    default:
      try doubles().map { value in
        value.isNaN ? 0 : Int32(max(Double(Int32.min), min(Double(Int32.max), value.rounded(.towardZero))))
      }
    }
  }

  /// The same values in another numeric type; narrowing rounds to nearest even.
  public func converted(to target: DType) throws(TensorDataError) -> TensorData {
    if target == dtype { return self }
    switch target {
    case .float32: return try TensorData(shape: shape, floats: floats())
    case .float64: return try TensorData(shape: shape, doubles: doubles())
    case .int32: return try TensorData(shape: shape, int32s: int32s())
    case .int64: return try TensorData(shape: shape, int64s: doubles().map { Int64($0.clampedForInt64) })
    case .float16: return try packed(target, floats().map { $0.halfBits })
    case .bfloat16: return try packed(target, floats().map { $0.bfloat16Bits })
    case .bool: return try packed(target, floats().map { $0 != 0 ? UInt8(1) : 0 })
    case .uint8: return try packed(target, int32s().map { UInt8(clamping: $0) })
    case .int8: return try packed(target, int32s().map { Int8(clamping: $0) })
    case .int16: return try packed(target, int32s().map { Int16(clamping: $0) })
    case .uint16: return try packed(target, int32s().map { UInt16(clamping: $0) })
    case .uint32: return try packed(target, doubles().map { UInt32(clamping: Int64($0.clampedForInt64)) })
    case .uint64: return try packed(target, doubles().map { UInt64(clamping: Int64($0.clampedForInt64)) })
    case .string: throw .notNumeric(shape: shape)
    }
  }

  private func packed<Element>(_ dtype: DType, _ values: [Element]) throws(TensorDataError) -> TensorData {
    try TensorData(dtype: dtype, shape: shape, bytes: values.withUnsafeBytes { Array($0) })
  }

  func elements<Element: BitwiseCopyable>(as type: Element.Type) -> [Element] {
    bytes.withUnsafeBytes { raw in
      let count = raw.count / MemoryLayout<Element>.size
      return (0..<count).map { raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self) }
    }
  }
}

extension Double {
  fileprivate var clampedForInt64: Double {
    isNaN ? 0 : Swift.max(-9.2e18, Swift.min(9.2e18, rounded(.towardZero)))
  }
}

extension Float {
  /// The value of an IEEE binary16 bit pattern.
  public init(halfBits bits: UInt16) {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      self = sign == 0 ? magnitude : -magnitude
    case 31: self.init(bitPattern: sign | 0x7f80_0000 | (fraction << 13))
    default: self.init(bitPattern: sign | ((exponent + 112) << 23) | (fraction << 13))
    }
  }

  /// The IEEE binary16 bit pattern nearest to this value.
  public var halfBits: UInt16 {
    let sign = UInt16((bitPattern >> 16) & 0x8000)
    if isNaN { return sign | 0x7e00 }
    let magnitude = self.magnitude
    if magnitude >= 65520 { return sign | 0x7c00 }
    if magnitude < 0x1p-14 {
      return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let bits = magnitude.bitPattern
    let rounded = bits &+ 0xfff &+ ((bits >> 13) & 1)
    return sign | UInt16((rounded >> 13) &- (112 << 10))
  }

  /// The bfloat16 bit pattern nearest to this value.
  public var bfloat16Bits: UInt16 {
    if isNaN { return UInt16(bitPattern >> 16) | 0x40 }
    return UInt16((bitPattern &+ 0x7fff &+ ((bitPattern >> 16) & 1)) >> 16)
  }
}
