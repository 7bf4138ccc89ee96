import KerasCore

/// A NumPy element type as its descriptor names it: `<f4`, `|b1`, `>i8`, `<U12`, `|S5`.
public struct NumpyElementType: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case number(DType)
    /// UTF-32 code units, filled up with zeros.
    case unicode(length: Int)
    /// Bytes, filled up with zeros.
    case byteString
  }

  public var kind: Kind
  public var isBigEndian: Bool
  /// Bytes of one element.
  public var size: Int

  /// `nil` for types without a counterpart: objects, complex numbers, dates, records.
  public init?(_ descriptor: String) {
    var rest = descriptor[...]
    isBigEndian = rest.first == ">"
    if let order = rest.first, "<>|=".contains(order) { rest.removeFirst() }
    guard let code = rest.popFirst(), let number = Int(rest), (0...(1 << 28)).contains(number) else { return nil }
    size = number
    switch (code, number) {
    case ("U", _):
      kind = .unicode(length: number)
      size = number * 4
    case ("S", _), ("a", _): kind = .byteString
    // NumPy knows no bfloat16: `ml_dtypes` arrays, the only pairs of bytes a Keras user meets, are saved as such.
    case ("V", 2): kind = .number(.bfloat16)
    default:
      guard let dtype = Self.dtypes["\(code)\(number)"] else { return nil }
      kind = .number(dtype)
    }
  }

  private static let dtypes: [String: DType] = [
    "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32,
    "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]

  /// How an array of `dtype` is written; `nil` for those that NumPy does not have.
  public static func descriptor(_ dtype: DType) -> String? {
    guard let name = dtypes.first(where: { $0.value == dtype })?.key else { return nil }
    return (dtype.byteCount == 1 ? "|" : "<") + name
  }
}
