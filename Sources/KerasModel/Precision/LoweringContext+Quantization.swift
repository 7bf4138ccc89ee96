import KerasCore
import KerasGraph

extension LoweringContext {
  /// Two four-bit numbers of each byte, the low ones first, along the last axis of `(rows, bytes)`.
  mutating func unpacked(_ bytes: Value, count: Int, isSigned: Bool) throws(ModelError) -> Value {
    let sizes = try shape(bytes).knownSizes()
    let high = try f(.floor, scaled(bytes, by: 1 / 16))
    var low = try f(.subtract, bytes, scaled(high, by: 16))
    if isSigned {
      let isNegative = try cast(f(.greaterOrEqual, low, 8), to: .float32)
      low = try f(.subtract, low, scaled(isNegative, by: 16))
    }
    let pairs = try op(.concatenate(axis: 2), expanded(low, axis: 2), expanded(high, axis: 2))
    let flat = try op(.reshape([.fixed(sizes[0]), .fixed(sizes[1] * 2)]), pairs)
    return sizes[1] * 2 == count ? flat : try sliced(flat, axis: 1, from: 0, to: count)
  }

  /// (q − zero) · scale, both of the group of each row; `q` is `(rows, columns)`, the others `(groups, columns)`.
  mutating func dequantized(
    _ q: Value, scale: Value, zero: Value, groupOfRow: Value
  ) throws(ModelError) -> Value {
    let groups = try cast(groupOfRow, to: .int32)
    let difference = try f(.subtract, q, op(.gatherRows, zero, groups))
    return try f(.multiply, difference, op(.gatherRows, scale, groups))
  }

  /// x in eight bits and back: x / scale to the nearest number of the format, times the scale.
  mutating func throughFloat8(_ x: Value, scale: Value) throws(ModelError) -> Value {
    let limited = try f(.clip(minimum: -448, maximum: 448), f(.divide, x, scale))
    return try f(.multiply, f(.rounded(.float8), limited), scale)
  }
}
