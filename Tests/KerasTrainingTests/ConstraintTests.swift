import Testing

@testable import KerasModel
@testable import KerasTraining

@Suite struct ConstraintTests {
  private func projected(_ constraint: Constraint, _ shape: [Int], _ values: [Float]) -> [Double] {
    var values = values
    values.withUnsafeMutableBufferPointer { ConstraintProjection(constraint: constraint, shape: shape).apply(to: $0) }
    return values.map { Double($0) }
  }

  // Columns (3, 4) and (0.6, 0.8): norms 5 and 1.
  private let kernel: [Float] = [3, 0.6, 4, 0.8]

  @Test func maxNormShrinksOnlyLongColumns() {
    let found = projected(.maxNorm(maximum: 2, axes: [0]), [2, 2], kernel)
    #expect(isClose(found, [1.2, 0.6, 1.6, 0.8], 1e-6))
  }

  @Test func unitNormOverRowsAndNegativeAxes() {
    #expect(isClose(projected(.unitNorm(axes: [0]), [2, 2], kernel), [0.6, 0.6, 0.8, 0.8], 1e-6))
    #expect(
      projected(.unitNorm(axes: [-1]), [2, 2], kernel) == projected(.unitNorm(axes: [1]), [2, 2], kernel))
  }

  @Test func minMaxNormMovesByItsRate() {
    let found = projected(.minMaxNorm(minimum: 2, maximum: 3, rate: 0.5, axes: [0]), [2, 2], kernel)
    let (first, second) = ((0.5 * 3 + 0.5 * 5) / 5, (0.5 * 2 + 0.5 * 1) / 1)
    #expect(isClose(found, [3 * first, 0.6 * second, 4 * first, 0.8 * second], 1e-6))
  }

  /// Computed by `RadialConstraint` of Keras 2.15 from 0, 1, 2 … in kernels `(size, size, 1, 2)`; those of the first.
  @Test(arguments: [
    (2, [0, 0, 0, 0]), (3, [8, 8, 8, 8, 0, 8, 8, 8, 8]),
    (4, [30, 30, 30, 30, 30, 10, 10, 30, 30, 10, 10, 30, 30, 30, 30, 30]),
    (
      5,
      [
        36, 36, 36, 36, 36, 36, 24, 24, 24, 36, 36, 24, 12, 24, 36, 36, 24, 24, 24, 36, 36, 36, 36, 36, 36,
      ]
    ),
  ]) func radialIsWhatKerasComputes(_ size: Int, _ expected: [Double]) {
    let found = projected(.radial, [size, size, 1, 2], (0..<size * size * 2).map { Float($0) })
    #expect(stride(from: 0, to: found.count, by: 2).map { found[$0] } == expected)
    #expect(stride(from: 1, to: found.count, by: 2).map { found[$0] } == expected.map { $0 + 1 })
  }

  @Test func nonNegativeCutsBelowZero() {
    #expect(projected(.nonNegative, [3], [-1, 0, 2]) == [0, 0, 2])
  }
}
