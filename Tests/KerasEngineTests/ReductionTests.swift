import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct ReductionTests {
  static let patterns: [([Int], [Int])] = [
    ([7], [0]), ([5, 300], [1]), ([300, 5], [0]), ([4, 5, 6], [1]), ([4, 5, 6], [0, 2]), ([3, 4, 5, 6], [1, 2]),
    ([3, 4, 5, 6], [0, 1, 2, 3]), ([3, 4, 5, 6], [0, 2]), ([2, 3, 2, 3, 2], [0, 2, 4]), ([4, 1, 6], [1]),
    ([3, 700], [0]), ([5000], [0]), ([3, 4], []),
  ]

  @Test(arguments: patterns, [Reduction.sum, .mean, .maximum, .minimum, .product])
  func reductionsOverAnyAxes(pattern: ([Int], [Int]), reduction: Reduction) throws {
    var comparison = EngineComparison()
    let x = try comparison.input(pattern.0, in: reduction == .product ? 0.9...1.1 : -1...1)
    comparison.graph.outputs = [
      try comparison.add(.reduce(reduction, axes: pattern.1, keepDimensions: false), x),
      try comparison.add(.reduce(reduction, axes: pattern.1, keepDimensions: true), x),
    ]
    try comparison.expectAgreement(5e-6, "\(pattern) \(reduction)")
  }

  @Test func reductionsOfBoolAndInteger() throws {
    var comparison = EngineComparison()
    let b = try comparison.boolInput([6, 2])
    let i = try comparison.intInput([6, 5], in: -9...9)
    comparison.graph.outputs = [
      try comparison.add(.reduce(.any, axes: [1], keepDimensions: false), b),
      try comparison.add(.reduce(.all, axes: [1], keepDimensions: false), b),
      try comparison.add(.reduce(.sum, axes: [0], keepDimensions: false), i),
      try comparison.add(.reduce(.maximum, axes: [1], keepDimensions: true), i),
      try comparison.add(.reduce(.minimum, axes: [0, 1], keepDimensions: false), i),
    ]
    try comparison.expectAgreement(0)
  }

  @Test(arguments: [([3, 10], 1), ([10, 3], 0), ([4, 5, 70], 1), ([2, 1000], 1), ([2, 3, 4, 5], 2), ([1, 7], 0)])
  func softmaxScansAndArgMax(shape: [Int], axis: Int) throws {
    var comparison = EngineComparison()
    let x = try comparison.input(shape, in: -5...5)
    let i = try comparison.intInput(shape, in: -5...5)
    comparison.graph.outputs = [
      try comparison.add(.softmax(axis: axis), x), try comparison.add(.logSoftmax(axis: axis), x),
      try comparison.add(.cumulativeSum(axis: axis, reverse: false), x),
      try comparison.add(.cumulativeSum(axis: axis, reverse: true), x),
      try comparison.add(.argMax(axis: axis), x), try comparison.add(.argMax(axis: axis), i),
      try comparison.add(.cumulativeSum(axis: axis, reverse: false), i),
    ]
    try comparison.expectAgreement(3e-6, "\(shape) \(axis)")
  }

  @Test(arguments: [
    ([3, 10], 1), ([10, 3], 0), ([4, 5, 70], 1), ([2, 1000], 1), ([2, 3, 4, 5], 2), ([9, 130], 1),
  ])
  func softmaxGradient(shape: [Int], axis: Int) throws {
    var comparison = EngineComparison()
    let y = try comparison.add(.softmax(axis: axis), try comparison.input(shape, in: -5...5))
    let g = try comparison.input(shape, in: -2...2)
    comparison.graph.outputs = [try comparison.add(.softmaxGradient(axis: axis), y, g)]
    try comparison.expectAgreement(3e-6, "\(shape) \(axis)")
  }

  @Test func softmaxOfLargeNumbersStaysFinite() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([1, 3], [1000, 999, -1000])
    comparison.graph.outputs = [try comparison.add(.softmax(axis: 1), x), try comparison.add(.logSoftmax(axis: 1), x)]
    try comparison.expectAgreement(1e-6)
  }

  @Test func softmaxOfMaskedNumbersIsZero() throws {
    var comparison = EngineComparison()
    let rows: [[Float]] = [[0, -1e9, 1, -.infinity], [-1e9, 0, -80, 2], [3, 3, -1e30, 1]]
    let x = try comparison.input([6, 4], (rows + rows).flatMap { $0 })
    let y = try comparison.add(.softmax(axis: 1), x)
    let zero = comparison.graph.addConstant(TensorData(0))
    comparison.graph.outputs = [y, try comparison.add(.compare(.equal), y, zero)]
    try comparison.expectAgreement(1e-7)
  }

  @Test func sumsOfManyNumbersStayAccurate() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([200_000, 1], in: 0...1)
    comparison.graph.outputs = [
      try comparison.add(.reduce(.sum, axes: [0], keepDimensions: false), x),
      try comparison.add(.reduce(.mean, axes: [0, 1], keepDimensions: false), x),
    ]
    try comparison.expectAgreement(1e-6)
  }
}
