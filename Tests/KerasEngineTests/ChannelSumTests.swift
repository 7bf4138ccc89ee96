import KerasCore
import KerasEngine
import KerasGraph
import Testing

/// Sums over all axes but the last ones, which the step takes that computes their operand.
@Suite struct ChannelSumTests {
  /// Rows so many that there are several parts, and row lengths that divide no block.
  @Test(arguments: [
    [40_000, 1], [20_000, 3], [300, 7, 24], [3000, 96], [5, 1000], [3, 5000], [2, 3], [70, 513],
  ])
  func sumsAndMeansOfResultsAndOfInputs(shape: [Int]) throws {
    var comparison = EngineComparison()
    let x = try comparison.input(shape)
    let axes = Array(0..<(shape.count - 1))
    let shifted = try comparison.add(.binary(.subtract), x, try comparison.parameter([shape[shape.count - 1]]))
    let square = try comparison.add(.unary(.square), shifted)
    comparison.graph.outputs = [
      try comparison.add(.reduce(.mean, axes: axes, keepDimensions: false), square),
      try comparison.add(.reduce(.sum, axes: axes, keepDimensions: true), shifted),
      try comparison.add(.reduce(.mean, axes: axes, keepDimensions: false), x), shifted,
      try comparison.add(.reduce(.sum, axes: Array(shape.indices), keepDimensions: false), square),
    ]
    // 40 000 numbers of size 1 rounded at every sum.
    try comparison.expectAgreement(1e-5, "\(shape)")
  }

  @Test func sumsBelongToTheStepThatComputesTheirOperand() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([50, 8])
    let square = try comparison.add(.unary(.square), x)
    comparison.graph.outputs = [try comparison.add(.reduce(.sum, axes: [0], keepDimensions: false), square)]
    #expect(try comparison.plan().stepDescriptions.map(\.name) == ["square+reduce sum"])
  }

  @Test func aSumOfASumIsTakenOfTheWholeFirst() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([4, 6, 8])
    let y = try comparison.add(.reduce(.sum, axes: [0], keepDimensions: false), try comparison.add(.unary(.tanh), x))
    comparison.graph.outputs = [try comparison.add(.reduce(.mean, axes: [0], keepDimensions: false), y)]
    try comparison.expectAgreement()
  }

  @Test func anyNumberOfThreadsGivesTheSameBits() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([3000, 96])
    let y = try comparison.add(.unary(.tanh), x)
    comparison.graph.outputs = [
      try comparison.add(.reduce(.mean, axes: [0], keepDimensions: false), y),
      try comparison.add(.reduce(.sum, axes: [0], keepDimensions: false), x),
    ]
    let results = try [1, 2, 3].map { try comparison.plan(threads: $0).run(comparison.inputs).map { try $0.floats() } }
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}
