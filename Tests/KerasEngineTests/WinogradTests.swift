import CKernels
import KerasCore
import KerasEngine
import KerasGraph
import Testing

/// Convolutions with fewer multiplications, against plain sums in Double.
@Suite struct WinogradTests {
  struct Case: Sendable {
    var x: [Int]
    var filters: Int
    var padding: Padding = .same
  }

  static let cases: [Case] = [
    Case(x: [1, 8, 8, 16], filters: 32),
    // Tiles stand over both edges; channels fill one block and half of the next.
    Case(x: [2, 7, 9, 16], filters: 48),
    Case(x: [1, 11, 15, 16], filters: 80, padding: .valid(2)),
    // More tiles than a block holds.
    Case(x: [1, 29, 27, 16], filters: 16, padding: .explicit(before: [2, 0], after: [1, 2])),
    // Few tiles and two blocks of filters: threads share the filters.
    Case(x: [2, 7, 7, 32], filters: 64),
  ]

  private func comparison(_ arguments: Case, gradient: Bool = true) throws -> EngineComparison {
    var comparison = EngineComparison()
    let convolution = Convolution(strides: [1, 1], padding: arguments.padding, dilations: [1, 1])
    let channels = arguments.x[3]
    let x = try comparison.input(arguments.x)
    let kernel = try comparison.parameter([3, 3, channels, arguments.filters], in: -0.1...0.1)
    let y = try comparison.add(.convolution(convolution), x, kernel)
    let biased = try comparison.add(.binary(.add), y, try comparison.parameter([arguments.filters]))
    comparison.graph.outputs = [try comparison.add(.unary(.relu), biased)]
    if gradient {
      let dy = try comparison.input(try #require(comparison.graph.shape(y).concrete))
      let size = Array(arguments.x[1...2])
      comparison.graph.outputs.append(
        try comparison.add(.convolutionInputGradient(convolution, outputSpatial: size), dy, kernel))
    }
    return comparison
  }

  @Test(arguments: cases) func agreesWithPlainSums(_ arguments: Case) throws {
    let comparison = try comparison(arguments)
    try comparison.expectAgreement(3e-6, "\(arguments)")
    let one = try comparison.plan(threads: 1).run(comparison.inputs)
    let two = try comparison.plan(threads: 2).run(comparison.inputs)
    #expect(one == two, "the same bits whatever the threads")
    let plan = try comparison.plan()
    if kk_suits_winograd() != 0 {
      #expect(plan.stepDescriptions.contains { $0.implementation == "own winograd" && $0.name.hasSuffix("bias+relu") })
    }
  }

  @Test func aSampleDoesNotDependOnTheOthers() throws {
    let many = try comparison(Case(x: [9, 8, 8, 16], filters: 32), gradient: false)
    let all = try many.plan().run(many.inputs)[0]
    let x = try #require(many.inputs["input0"])
    let kernel = many.parameters
    for sample in [0, 4, 8] {
      var one = try comparison(Case(x: [1, 8, 8, 16], filters: 32), gradient: false)
      #expect(one.parameters.keys == kernel.keys)
      one = EngineComparison.replacing(one, input: try slice(x, sample), parameters: kernel)
      let alone = try one.plan().run(one.inputs)[0]
      #expect(try alone == slice(all, sample))
    }
  }

  private func slice(_ data: TensorData, _ sample: Int) throws -> TensorData {
    let size = data.bytes.count / data.shape[0]
    return try TensorData(
      dtype: data.dtype, shape: [1] + data.shape.dropFirst(),
      bytes: Array(data.bytes[sample * size..<(sample + 1) * size]))
  }

  @Test func otherValuesAndActivationsFollow() throws {
    for order in [[true, false], [false, true]] {
      for function in [Unary.relu, .tanh] {
        var comparison = EngineComparison()
        let same = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])
        let x = try comparison.input([2, 9, 9, 32])
        let start = try comparison.add(.unary(.tanh), x)
        var y = try comparison.add(.convolution(same), start, try comparison.parameter([3, 3, 32, 32], in: -0.1...0.1))
        y = try comparison.add(.binary(.add), y, try comparison.parameter([32]))
        for isAddition in order {
          y =
            isAddition ? try comparison.add(.binary(.add), start, y) : try comparison.add(.unary(function), y)
        }
        comparison.graph.outputs = [y]
        try comparison.expectAgreement(3e-6, "\(order) \(function)")
      }
    }
  }
}
