extension TensorData {
  /// The elements as Int64, fractions cut towards zero.
  ///
  /// Throws `TensorDataError.integerOutOfRange` for what 64 bits do not hold, NaN and infinity among it.
  public func int64s() throws(TensorDataError) -> [Int64] {
    switch dtype {
    case .int64: return elements(as: Int64.self)
    case .uint64: return try elements(as: UInt64.self).map(Self.exact)
    case .string: throw .notNumeric(shape: shape)
    default: return try doubles().map(Self.exact)
    }
  }

  /// The elements if one of them is beyond Int32; throws as `int64s`.
  public func int64sBeyondInt32() throws(TensorDataError) -> [Int64]? {
    switch dtype {
    case .bool, .int8, .uint8, .int16, .uint16, .int32, .string: return nil
    default:
      let numbers = try int64s()
      return numbers.contains { Int32(exactly: $0) == nil } ? numbers : nil
    }
  }

  private static func exact(_ number: UInt64) throws(TensorDataError) -> Int64 {
    guard let result = Int64(exactly: number) else { throw .integerOutOfRange("\(number)") }
    return result
  }

  private static func exact(_ number: Double) throws(TensorDataError) -> Int64 {
    guard let result = Int64(exactly: number.rounded(.towardZero)) else { throw .integerOutOfRange("\(number)") }
    return result
  }
}
