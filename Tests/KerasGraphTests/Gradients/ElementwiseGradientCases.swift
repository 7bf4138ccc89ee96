import KerasGraph

extension GradientCase {
  static let elementwise: [GradientCase] =
    unaries + binaries + [
      GradientCase(.select, mask([1, 0, 1], shape: [3]), float([2, 3], unknown: [0]), float([3], seed: 2)),
      GradientCase(
        .select, mask([1, 0], shape: [2, 1], unknown: [0]), float([]), float([2, 3], unknown: [0], seed: 2)),
      GradientCase(.cast(.float32), float([3])),
    ]

  private static let unaries: [GradientCase] = [
    (Unary.negate, -1.0...1.0), (.absolute, -1...1), (.exponential, -1...1), (.expm1, -1...1), (.logarithm, 0.5...2),
    (.log1p, -0.5...1), (.squareRoot, 0.5...2), (.reciprocalSquareRoot, 0.5...2), (.reciprocal, 0.5...2),
    (.square, -1...1), (.sine, -2...2), (.cosine, -2...2), (.tanh, -2...2), (.sigmoid, -3...3), (.erf, -2...2),
    (.relu, -1...1), (.softplus, -3...3), (.elu(alpha: 0.7), -2...2), (.leakyRelu(slope: 0.3), -1...1),
    (.clip(minimum: -0.5, maximum: 0.25), -1...1), (.hardSigmoid(scale: 0.2, offset: 0.5), -4...4),
    (.hardSigmoid(scale: 1.0 / 6, offset: 0.5), -4...4), (.gelu(approximate: false), -3...3),
    (.gelu(approximate: true), -3...3), (.silu, -3...3),
  ].map { GradientCase(.unary($0), float([2, 5], $1, unknown: [0])) }

  private static let binaries: [GradientCase] = [
    (Binary.add, -1.0...1.0, -1.0...1.0), (.subtract, -1...1, -1...1), (.multiply, -1...1, -1...1),
    (.divide, -1...1, 0.5...2), (.maximum, -1...1, -1...1), (.minimum, -1...1, -1...1), (.power, 0.5...2, -2...2),
    (.modulo, 3...3.9, 1.1...1.4), (.modulo, -3.9...(-3), 1.1...1.4), (.divideNoNaN, -1...1, 0.5...2),
  ].flatMap { (function: Binary, a: ClosedRange<Double>, b: ClosedRange<Double>) -> [GradientCase] in
    [
      GradientCase(.binary(function), float([2, 3], a, unknown: [0]), float([2, 3], b, unknown: [0], seed: 2)),
      GradientCase(.binary(function), float([2, 3], a, unknown: [0]), float([3], b, seed: 2), note: "bias"),
      GradientCase(.binary(function), float([], a), float([2, 3], b, unknown: [0, 1], seed: 2), note: "scalar"),
      GradientCase(
        .binary(function), float([2, 1, 3], a, unknown: [0]), float([4, 1], b, unknown: [0], seed: 2),
        note: "both sides"),
    ]
  }
}
