/// A floating point format narrower than float32, whose numbers float32 holds exactly.
public enum FloatFormat: String, Sendable, Hashable, CaseIterable {
  case bfloat16, float16
  /// Four bits of exponent and three of fraction, without infinities (`float8_e4m3fn`); 448 is the largest.
  case float8 = "float8_e4m3fn"

  /// Stored bits of the fraction: neighbours differ by 2⁻ᵇ of their magnitude.
  public var fractionBits: Int {
    switch self {
    case .bfloat16: 7
    case .float16: 10
    case .float8: 3
    }
  }

  /// The nearest number of the format, halves to even; beyond the largest, infinity, or NaN where the format has none.
  public func rounded(_ x: Float) -> Float {
    switch self {
    case .bfloat16: Float(bitPattern: UInt32(x.bfloat16Bits) << 16)
    case .float16: narrowed(x, minimum: 0x1p-14, largest: 65504, overflow: .infinity)
    case .float8: narrowed(x, minimum: 0x1p-6, largest: 448, overflow: .nan)
    }
  }

  /// `minimum` is the smallest number of full precision.
  private func narrowed(_ x: Float, minimum: Float, largest: Float, overflow: Float) -> Float {
    let step = Float(sign: .plus, exponent: max(x.magnitude, minimum).exponent - fractionBits, significand: 1)
    let rounded = x.isFinite ? (x / step).rounded(.toNearestOrEven) * step : x
    return rounded.magnitude > largest ? (x.sign == .minus ? -overflow : overflow) : rounded
  }
}
