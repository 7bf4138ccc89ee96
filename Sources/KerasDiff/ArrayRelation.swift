import Foundation
import KerasCore

/// How one array of weights stands to another.
public enum ArrayRelation: Sendable, Hashable {
  /// The same values bit for bit, or the same numbers in another type.
  case equal
  /// They differ by no more than float32 rounds.
  case withinRounding(largest: Double)
  /// One is the other in a type of fewer bits: `float16` or `bfloat16`.
  case rounded(to: String)
  /// One is the other in 255 steps, of each last axis' entry or of the whole array.
  case quantized
  /// B is A with its axes in that order, as in `numpy.transpose`.
  case transposed([Int])
  /// B is A read backwards along its spatial axes, as Theano and TensorFlow take convolutions.
  case rotated
  /// The first axis counts (h, w, c) in one and (c, h, w) in the other, for that number of channels.
  case flattenOrder(channels: Int)
  /// B is A with the entries of these axes in another order.
  case permuted(axes: [Int])
  /// The same numbers in the same order, in another shape.
  case reshaped
  /// B is A times the factor.
  case scaled(Double)
  /// Clearly the same array some training apart: ‖B − A‖ / ‖A‖ and the cosine between them.
  case trained(distance: Double, cosine: Double)
  case unrelated(distance: Double, cosine: Double)
  case otherShape

  /// The word of reports.
  public var word: String {
    switch self {
    case .equal: "equal"
    case .withinRounding: "rounding"
    case .rounded(let type): type
    case .quantized: "quantized"
    case .transposed: "transposed"
    case .rotated: "kernel-rotated"
    case .flattenOrder: "flatten-order"
    case .permuted: "permuted"
    case .reshaped: "reshaped"
    case .scaled: "scaled"
    case .trained: "trained"
    case .unrelated: "unrelated"
    case .otherShape: "other-shape"
    }
  }

  /// Whether a model computes the same with either.
  public var isSame: Bool {
    switch self {
    case .equal, .withinRounding: true
    default: false
    }
  }

  /// Compares two arrays of the same variable in the canonical layout; `role` tells kernels, which can be rotated.
  ///
  /// Throws `TensorDataError` where one holds strings and the other numbers.
  public static func between(_ a: TensorData, _ b: TensorData) throws(TensorDataError) -> ArrayRelation {
    if a == b { return .equal }
    if a.dtype == .string || b.dtype == .string {
      return a.shape == b.shape ? .unrelated(distance: .infinity, cosine: 0) : .otherShape
    }
    // Integers beyond float32's are compared as such.
    if a.shape == b.shape, a.dtype.isInteger, b.dtype.isInteger, try a.doubles() == b.doubles() { return .equal }
    let values = (a: NumberedArray(a.shape, try a.floats()), b: NumberedArray(b.shape, try b.floats()))
    if a.shape == b.shape {
      if let near = near(values.a.values, values.b.values, areWhole: a.dtype.isInteger && b.dtype.isInteger) {
        return near
      }
      if let type = roundedType(values.a.values, values.b.values) { return .rounded(to: type) }
    }
    if let moved = Rearrangement.between(values.a, values.b) { return moved }
    guard a.shape == b.shape else { return .otherShape }
    if let factor = factor(values.a.values, values.b.values) { return .scaled(factor) }
    let width = max(a.shape.last ?? 1, 1)
    if Quantization.isBetween(
      values.a.values, values.b.values, width: width, isStored: (a.dtype == .int8, b.dtype == .int8))
    {
      return .quantized
    }
    return distance(values.a.values, values.b.values)
  }

  private static func near(_ a: [Float], _ b: [Float], areWhole: Bool) -> ArrayRelation? {
    var (largest, scale) = (0.0, 0.0)
    var isEqual = true
    for (x, y) in zip(a, b) where !(x == y || x.isNaN && y.isNaN) {
      guard x.isFinite, y.isFinite, !areWhole else { return nil }
      isEqual = false
      largest = max(largest, Double((x - y).magnitude))
      // Two units in the last place of the number itself.
      if (x - y).magnitude > 2.4e-7 * max(x.magnitude, y.magnitude) { scale = 1 }
    }
    if isEqual { return areWhole ? nil : .equal }
    if scale == 0 { return .withinRounding(largest: largest) }
    let top = a.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 }
    return largest <= 1e-7 * Double(top) ? .withinRounding(largest: largest) : nil
  }

  private static func roundedType(_ a: [Float], _ b: [Float]) -> String? {
    func isRounding(_ fine: [Float], _ coarse: [Float], _ round: (Float) -> Float) -> Bool {
      zip(fine, coarse).allSatisfy { round($0) == $1 }
    }
    func bfloat(_ x: Float) -> Float { Float(bitPattern: UInt32(x.bfloat16Bits) << 16) }
    func half(_ x: Float) -> Float { Float(halfBits: x.halfBits) }
    if isRounding(a, b, bfloat) || isRounding(b, a, bfloat) { return "bfloat16" }
    if isRounding(a, b, half) || isRounding(b, a, half) { return "float16" }
    return nil
  }

  private static func factor(_ a: [Float], _ b: [Float]) -> Double? {
    guard a.count > 1, let top = a.indices.max(by: { a[$0].magnitude < a[$1].magnitude }), a[top] != 0, b[top] != 0
    else { return nil }
    let factor = Double(b[top]) / Double(a[top])
    let bound = 1e-6 * Double(b[top].magnitude)
    guard factor.isFinite else { return nil }
    return zip(a, b).allSatisfy { (Double($1) - factor * Double($0)).magnitude <= bound } ? factor : nil
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> ArrayRelation {
    var (aa, bb, ab, dd) = (0.0, 0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      let (x, y) = (Double(x), Double(y))
      aa += x * x
      bb += y * y
      ab += x * y
      dd += (x - y) * (x - y)
    }
    let distance = aa > 0 ? (dd / aa).squareRoot() : .infinity
    let cosine = aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
    // Fisher's transformation of a chance cosine of n numbers spreads by about 1/√n; biases leave zero in training.
    let spreads = atanh(min(cosine, 1 - 1e-12)) * Double(max(a.count - 2, 1)).squareRoot()
    let isLike = cosine > 0.5 && spreads > 4 || aa == 0
    return isLike
      ? .trained(distance: distance, cosine: cosine) : .unrelated(distance: distance, cosine: cosine)
  }
}

/// Numbers kept in steps of a 127th of the largest.
enum Quantization {
  static func isBetween(_ a: [Float], _ b: [Float], width: Int, isStored: (Bool, Bool)) -> Bool {
    guard a.count >= 8 else { return false }
    for groups in [width, 1] where a.count / groups >= 4 {
      if holds(a, b, groups, isStored: isStored.1) || holds(b, a, groups, isStored: isStored.0) { return true }
    }
    return false
  }

  /// Whether `coarse` is `fine` in such steps, each `groups`-th number sharing one.
  private static func holds(_ fine: [Float], _ coarse: [Float], _ groups: Int, isStored: Bool) -> Bool {
    var tops = [Float](repeating: 0, count: groups)
    for (index, value) in (isStored ? fine : coarse).enumerated() {
      tops[index % groups] = max(tops[index % groups], value.magnitude)
    }
    for (index, (x, y)) in zip(fine, coarse).enumerated() {
      let step = tops[index % groups] / 127
      if step == 0 {
        if x != 0 || y != 0 { return false }
        continue
      }
      let level = isStored ? y : y / step
      guard (level - level.rounded()).magnitude < 2e-3, (x - level * step).magnitude <= 0.52 * step else {
        return false
      }
    }
    return true
  }
}
