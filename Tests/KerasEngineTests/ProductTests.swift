import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct ProductTests {
  static let products: [(a: [Int], b: [Int], Bool, Bool)] = [
    ([5, 7], [7, 9], false, false), ([7, 5], [7, 9], true, false), ([5, 7], [9, 7], false, true),
    ([7, 5], [9, 7], true, true), ([1, 33], [33, 130], false, false), ([1, 33], [130, 33], false, true),
    ([33, 1], [33, 70], true, false), ([4, 20], [20, 64], false, false), ([3, 20], [20, 5], false, false),
    ([2, 3, 5], [5, 4], false, false), ([2, 5, 3], [5, 4], true, false), ([2, 3, 5], [2, 5, 4], false, false),
    ([2, 6, 3, 5], [2, 6, 4, 5], false, true), ([6, 3, 5], [2, 6, 5, 4], false, false),
    ([2, 1, 3, 5], [1, 6, 5, 4], false, false), ([5, 4], [2, 4, 3], false, false),
    ([3, 4, 5], [1, 5, 2], false, false),
    ([64, 100], [100, 48], false, false), ([64, 100], [64, 48], true, false), ([2, 1, 9], [9, 9], false, true),
  ]

  @Test(arguments: products) func matrixProducts(a: [Int], b: [Int], transposeA: Bool, transposeB: Bool) throws {
    for asParameter in [false, true] {
      var comparison = EngineComparison()
      let x = try comparison.input(a)
      let y = try asParameter ? comparison.parameter(b) : comparison.input(b)
      comparison.graph.outputs = [
        try comparison.add(.matmul(transposeA: transposeA, transposeB: transposeB), x, y)
      ]
      try comparison.expectAgreement(2e-6, "\(a) \(b) \(transposeA) \(transposeB)")
    }
  }

  struct Case: Sendable {
    var x: [Int]
    var kernel: [Int]
    var convolution: Convolution
  }

  static let cases: [Case] = [
    Case(
      x: [2, 9, 8, 3], kernel: [3, 3, 3, 16],
      convolution: .init(strides: [1, 1], padding: .valid(2), dilations: [1, 1])),
    Case(
      x: [1, 9, 8, 16], kernel: [3, 2, 16, 32], convolution: .init(strides: [2, 2], padding: .same, dilations: [1, 1])),
    Case(
      x: [2, 11, 10, 4], kernel: [3, 3, 4, 5], convolution: .init(strides: [1, 1], padding: .same, dilations: [2, 3])),
    Case(
      x: [2, 7, 9, 8], kernel: [3, 4, 8, 7],
      convolution: .init(
        strides: [2, 3], padding: .explicit(before: [2, 0], after: [1, 3]), dilations: [1, 1])),
    Case(
      x: [1, 8, 8, 5], kernel: [4, 2, 5, 6],
      convolution: .init(strides: [3, 2], padding: .sameTheano, dilations: [1, 1])),
    Case(
      x: [2, 8, 7, 6], kernel: [3, 3, 1, 6],
      convolution: .init(strides: [1, 1], padding: .same, dilations: [1, 1], groups: 6)),
    Case(
      x: [2, 8, 7, 6], kernel: [3, 3, 1, 12],
      convolution: .init(strides: [2, 2], padding: .same, dilations: [1, 1], groups: 6)),
    Case(
      x: [1, 8, 7, 32], kernel: [3, 3, 1, 32],
      convolution: .init(strides: [1, 1], padding: .same, dilations: [1, 1], groups: 32)),
    Case(
      x: [1, 8, 7, 8], kernel: [3, 3, 4, 6],
      convolution: .init(strides: [1, 1], padding: .valid(2), dilations: [1, 1], groups: 2)),
    Case(
      x: [3, 12, 5], kernel: [3, 5, 8],
      convolution: .init(strides: [1], padding: .explicit(before: [4], after: [0]), dilations: [2])),
    Case(x: [3, 12, 5], kernel: [4, 5, 8], convolution: .init(strides: [2], padding: .same, dilations: [1])),
    Case(
      x: [2, 20, 6], kernel: [3, 1, 6], convolution: .init(strides: [1], padding: .same, dilations: [1], groups: 6)),
    Case(
      x: [1, 5, 6, 7, 3], kernel: [2, 3, 2, 3, 4],
      convolution: .init(strides: [1, 2, 1], padding: .same, dilations: [1, 1, 1])),
    Case(
      x: [2, 6, 6, 16], kernel: [1, 1, 16, 24],
      convolution: .init(strides: [1, 1], padding: .valid(2), dilations: [1, 1])),
    Case(
      x: [1, 3, 3, 2], kernel: [5, 5, 2, 3], convolution: .init(strides: [1, 1], padding: .same, dilations: [1, 1])),
  ]

  @Test(arguments: cases) func convolutions(of arguments: Case) throws {
    var comparison = EngineComparison()
    let x = try comparison.input(arguments.x)
    let kernel = try comparison.parameter(arguments.kernel)
    comparison.graph.outputs = [try comparison.add(.convolution(arguments.convolution), x, kernel)]
    try comparison.expectAgreement(3e-6)
  }

  @Test(arguments: cases) func convolutionGradients(of arguments: Case) throws {
    var comparison = EngineComparison()
    let x = try comparison.input(arguments.x)
    let kernel = try comparison.parameter(arguments.kernel)
    let y = try comparison.add(.convolution(arguments.convolution), x, kernel)
    let shape = try #require(comparison.graph.shape(y).concrete)
    let gradient = try comparison.input(shape)
    let spatial = Array(arguments.x.dropFirst().dropLast())
    let window = Array(arguments.kernel.dropLast(2))
    comparison.graph.outputs = [
      try comparison.add(
        .convolutionInputGradient(arguments.convolution, outputSpatial: spatial), gradient, kernel),
      try comparison.add(.convolutionInputGradient(arguments.convolution, outputSpatial: nil), gradient, kernel, x),
      try comparison.add(.convolutionKernelGradient(arguments.convolution, kernelSpatial: window), x, gradient),
    ]
    try comparison.expectAgreement(5e-6)
  }
}
