import KerasCore
import KerasGraph

extension GradientCase {
  static let structural: [GradientCase] = matmuls + reductions + layouts + indexing

  private static let matmuls: [GradientCase] = [false, true].flatMap { (transposeA: Bool) in
    [false, true].flatMap { (transposeB: Bool) -> [GradientCase] in
      let op = Op.matmul(transposeA: transposeA, transposeB: transposeB)
      func a(_ lead: [Int], unknown: Set<Int> = []) -> Operand {
        float(lead + (transposeA ? [3, 2] : [2, 3]), unknown: unknown)
      }
      func b(_ lead: [Int], unknown: Set<Int> = []) -> Operand {
        float(lead + (transposeB ? [4, 3] : [3, 4]), unknown: unknown, seed: 2)
      }
      return [
        GradientCase(op, a([]), b([])),
        GradientCase(op, a([2], unknown: [0]), b([2], unknown: [0])),
        GradientCase(op, a([2], unknown: transposeA ? [0] : [0, 1]), b([]), note: "shared right"),
        GradientCase(op, a([]), b([2], unknown: [0]), note: "shared left"),
        GradientCase(op, a([2, 1], unknown: [0]), b([3]), note: "both sides"),
      ]
    }
  }

  private static let reductions: [GradientCase] =
    [Reduction.sum, .mean, .maximum, .minimum, .product].flatMap { (reduction: Reduction) -> [GradientCase] in
      [
        GradientCase(.reduce(reduction, axes: [0, 2], keepDimensions: true), float([2, 3, 2], unknown: [0, 1])),
        GradientCase(.reduce(reduction, axes: [0, 2], keepDimensions: false), float([2, 3, 2], unknown: [0, 1])),
        GradientCase(.reduce(reduction, axes: [1], keepDimensions: false), float([2, 3], unknown: [0])),
        GradientCase(.reduce(reduction, axes: [0, 1], keepDimensions: false), float([2, 3], unknown: [0, 1])),
      ]
    } + [
      GradientCase(
        .reduce(.product, axes: [1], keepDimensions: false), values([1, 0, 3, 0, 0, 2, 1.5, 2, 3], shape: [3, 3]),
        note: "zeros"),
      GradientCase(.softmax(axis: 1), float([2, 4], unknown: [0])),
      GradientCase(.softmax(axis: 1), float([2, 3, 2], unknown: [0, 1])),
      GradientCase(.logSoftmax(axis: 2), float([2, 2, 3], unknown: [0])),
      GradientCase(.softmaxGradient(axis: 1), float([2, 4], unknown: [0]), float([2, 4], unknown: [0], seed: 2)),
      GradientCase(.softmaxGradient(axis: 1), float([2, 3, 2]), float([2, 3, 2], unknown: [0, 2], seed: 2)),
      GradientCase(.cumulativeSum(axis: 1, reverse: false), float([2, 4], unknown: [0])),
      GradientCase(.cumulativeSum(axis: 0, reverse: true), float([3, 2], unknown: [0])),
    ]

  private static let layouts: [GradientCase] = [
    GradientCase(.reshape([.ofOperand(0, axis: 0), .inferred]), float([2, 3, 2], unknown: [0])),
    GradientCase(.reshape([.inferred, .fixed(2)]), float([2, 3, 2], unknown: [0, 1])),
    GradientCase(
      .reshape([.ofOperand(1, axis: 0), .ofOperand(1, axis: 1)]), float([6], unknown: [0]),
      float([2, 3], unknown: [0, 1], seed: 2)),
    GradientCase(.transpose([2, 0, 1]), float([2, 3, 2], unknown: [0, 1])),
    GradientCase(.broadcast([.fixed(2), .fixed(3), .fixed(4)]), float([3, 1])),
    GradientCase(
      .broadcast([.ofOperand(1, axis: 0), .fixed(3), .ofOperand(1, axis: 1)]), float([3, 1]),
      float([2, 2], unknown: [0, 1], seed: 2)),
    GradientCase(.concatenate(axis: 1), float([2, 1], unknown: [0]), float([2, 3], unknown: [0]), float([2, 2])),
    GradientCase(.concatenate(axis: 1), float([2, 1]), float([2, 3], unknown: [0, 1]), float([2, 2], seed: 3)),
    GradientCase(.concatenate(axis: 0), float([2, 2], unknown: [0]), float([1, 2])),
    GradientCase(
      .concatenate(axis: 1), float([2, 1], seed: 4), float([2, 3], unknown: [0, 1]), float([2, 1], seed: 5),
      float([2, 2], unknown: [1], seed: 6), float([2, 1], seed: 7)),
    GradientCase(.concatenate(axis: 0), float([2, 2], unknown: [0]), float([1, 2], unknown: [0, 1])),
    GradientCase(.slice(starts: [1, -3], limits: [nil, -1], strides: [1, 1]), float([3, 4], unknown: [0, 1])),
    GradientCase(.slice(starts: [0, 1], limits: [2, nil], strides: [1, 2]), float([2, 5], unknown: [0])),
    GradientCase(
      .sliceGradient(starts: [0, 1], limits: [2, 4], strides: [1, 2]), float([2, 2]), float([2, 5], seed: 2)),
    GradientCase(.pad(before: [0, 1], after: [2, 0], value: 3), float([2, 3], unknown: [0])),
    GradientCase(.reverse(axes: [0, 1]), float([2, 3], unknown: [0])),
  ]

  /// Σ a²b over the last axis.
  private static let weighedSquares = CustomFunction(
    "weighedSquares",
    shape: { Shape(Array($0[0].dimensions.dropLast())) },
    forward: { operands in
      let (a, b) = (operands[0], operands[1])
      var sums = [Double](repeating: 0, count: a.values.count / (a.shape.last ?? 1))
      for index in a.values.indices {
        sums[index / (a.shape.last ?? 1)] += a.values[index] * a.values[index] * b.values[index]
      }
      return sums
    },
    backward: { operands, _, gradient in
      let (a, b, width) = (operands[0].values, operands[1].values, operands[0].shape.last ?? 1)
      return [
        a.indices.map { 2 * a[$0] * b[$0] * gradient.values[$0 / width] },
        a.indices.map { a[$0] * a[$0] * gradient.values[$0 / width] },
      ]
    })

  private static let indexing: [GradientCase] = [
    GradientCase(.custom(weighedSquares), float([2, 3], unknown: [0]), float([2, 3], unknown: [0], seed: 5)),
    GradientCase(.gatherRows, float([4, 3]), integers([0, 2, 2, 3, 0, 2], shape: [2, 3], unknown: [0, 1])),
    GradientCase(
      .scatterAddRows, float([3, 2], unknown: [0]), integers([1, 3, 1], shape: [3], unknown: [0]),
      float([4, 2], seed: 2)),
  ]
}
