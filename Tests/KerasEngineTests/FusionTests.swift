import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct FusionTests {
  private let same = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])

  @Test func biasActivationAndResidualBecomePartOfAConvolution() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([1, 6, 6, 16])
    let start = try comparison.add(.unary(.tanh), x)
    var y = try comparison.add(.convolution(same), start, try comparison.parameter([3, 3, 16, 16]))
    y = try comparison.add(.convolution(same), y, try comparison.parameter([3, 3, 16, 16]))
    y = try comparison.add(.binary(.add), y, try comparison.parameter([16]))
    y = try comparison.add(.binary(.add), start, y)
    y = try comparison.add(.unary(.relu), y)
    comparison.graph.outputs = [y]
    let plan = try comparison.plan()
    #expect(plan.stepDescriptions.map(\.name) == ["tanh", "convolution", "convolution+bias+add+relu"])
    try comparison.expectAgreement()
  }

  @Test func aResidualThatIsStillNeededIsNotOverwritten() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([1, 6, 6, 16])
    let start = try comparison.add(.unary(.tanh), x)
    var y = try comparison.add(.convolution(same), start, try comparison.parameter([3, 3, 16, 16]))
    y = try comparison.add(.binary(.add), start, y)
    comparison.graph.outputs = [y, try comparison.add(.binary(.multiply), start, y)]
    try comparison.expectAgreement()
  }

  @Test func theSumOfTwoProductsBelongsToOneOfThem() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([1, 6, 6, 16])
    var branches: [Value] = []
    for size in [1, 3] {
      let y = try comparison.add(.convolution(same), x, try comparison.parameter([size, size, 16, 16]))
      branches.append(try comparison.add(.binary(.add), y, try comparison.parameter([16])))
    }
    let sum = try comparison.add(.binary(.add), branches[0], branches[1])
    comparison.graph.outputs = [try comparison.add(.unary(.relu), sum)]
    #expect(try comparison.plan().stepDescriptions.count == 2)
    try comparison.expectAgreement()
  }

  @Test func aResultReadTwiceIsNotFusedAway() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([9, 12])
    let y = try comparison.add(.matmul(transposeA: false, transposeB: false), x, try comparison.parameter([12, 5]))
    let z = try comparison.add(.unary(.relu), y)
    comparison.graph.outputs = [z, try comparison.add(.binary(.subtract), z, y)]
    try comparison.expectAgreement()
  }

  @Test(arguments: [1, 9]) func denseLayersWithEveryActivation(rows: Int) throws {
    for function in ElementwiseTests.anywhere {
      var comparison = EngineComparison()
      let x = try comparison.input([rows, 12])
      var y = try comparison.add(.matmul(transposeA: false, transposeB: false), x, try comparison.parameter([12, 70]))
      y = try comparison.add(.binary(.add), y, try comparison.parameter([70]))
      comparison.graph.outputs = [try comparison.add(.unary(function), y)]
      // Steps jump where a sum lies within rounding of them: none of these sums does.
      try comparison.expectAgreement(3e-6, "\(function)")
    }
  }

  @Test func convolutionsWithEveryActivation() throws {
    for function in ElementwiseTests.anywhere {
      var comparison = EngineComparison()
      let x = try comparison.input([2, 5, 5, 3])
      var y = try comparison.add(.convolution(same), x, try comparison.parameter([3, 3, 3, 16]))
      y = try comparison.add(.binary(.add), try comparison.parameter([16]), y)
      y = try comparison.add(.unary(function), y)
      comparison.graph.outputs = [try comparison.add(.binary(.multiply), y, try comparison.parameter([16]))]
      try comparison.expectAgreement(3e-6, "\(function)")
    }
  }

  @Test func elementwiseChainsRunAsOnePass() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([50, 40])
    let scale = try comparison.parameter([40])
    let mean = try comparison.add(.reduce(.mean, axes: [1], keepDimensions: true), x)
    let centred = try comparison.add(.binary(.subtract), x, mean)
    let squared = try comparison.add(.unary(.square), centred)
    let variance = try comparison.add(.reduce(.mean, axes: [1], keepDimensions: true), squared)
    let inverse = try comparison.add(.unary(.reciprocalSquareRoot), variance)
    let normalised = try comparison.add(.binary(.multiply), centred, inverse)
    comparison.graph.outputs = [try comparison.add(.binary(.multiply), normalised, scale)]
    try comparison.expectAgreement(5e-6)
    #expect(try comparison.plan().stepDescriptions.count == 5)
  }

  @Test func reshapesAndStoppedGradientsCostNothing() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([4, 6])
    var y = try comparison.add(.unary(.tanh), x)
    y = try comparison.add(.reshape([.fixed(2), .fixed(12)]), y)
    y = try comparison.add(.stopGradient, y)
    y = try comparison.add(.unary(.square), y)
    comparison.graph.outputs = [try comparison.add(.reshape([.inferred]), y)]
    #expect(try comparison.plan().stepDescriptions.count == 1)
    try comparison.expectAgreement()
  }

  @Test func whatOnlyConstantParametersDecideIsComputedOnce() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([6, 3])
    let kernel = try comparison.add(.unary(.exponential), try comparison.parameter([3, 4]))
    comparison.graph.outputs = [try comparison.add(.matmul(transposeA: false, transposeB: false), x, kernel)]
    #expect(try comparison.plan().stepDescriptions.map(\.name) == ["matmul"])
    #expect(try comparison.plan(mutableParameters: true).stepDescriptions.count == 2)
    try comparison.expectAgreement()
  }

  @Test func nodesThatNoOutputNeedsAreDropped() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([6, 3])
    _ = try comparison.add(.softmax(axis: 1), x)
    comparison.graph.outputs = [try comparison.add(.unary(.relu), x)]
    #expect(try comparison.plan().stepDescriptions.map(\.name) == ["relu"])
  }

  @Test func outputsMayBeInputsParametersAndRepeated() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([6, 3])
    let p = try comparison.parameter([3])
    let y = try comparison.add(.unary(.relu), x)
    comparison.graph.outputs = [x, p, y, y, try comparison.add(.reshape([.inferred]), y)]
    try comparison.expectAgreement(0)
  }
}
