import KerasCore
import KerasEngine
import KerasGraph
import ReferenceInterpreter
import Testing

@Suite struct ElementwiseTests {
  static let anywhere: [Unary] = [
    .negate, .absolute, .sign, .exponential, .expm1, .square, .sine, .cosine, .tanh, .sigmoid, .erf, .floor, .ceiling,
    .roundHalfToEven, .relu, .softplus, .elu(alpha: 0.7), .leakyRelu(slope: 0.2), .clip(minimum: -0.5, maximum: 1.5),
    .hardSigmoid(scale: 0.2, offset: 0.5), .gelu(approximate: false), .gelu(approximate: true), .silu,
    .rounded(.bfloat16), .rounded(.float16), .rounded(.float8),
  ]
  static let positive: [Unary] = [.logarithm, .log1p, .squareRoot, .reciprocalSquareRoot, .reciprocal]

  @Test(arguments: anywhere) func unaryFunctionsOfAnyNumber(function: Unary) throws {
    var comparison = EngineComparison()
    let special: [Float] = [0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 30, -30, 1e-5, -1e-5]
    let values = special + (0..<2000).map { _ in comparison.numbers.float(in: -6...6) }
    let x = try comparison.input([values.count], values)
    comparison.graph.outputs = [try comparison.add(.unary(function), x)]
    // Relative to each value for functions that span many magnitudes.
    let result = try comparison.plan().run(["input0": comparison.inputs["input0"]!])[0].doubles()
    for (index, (found, expected)) in zip(result, try comparison.reference()[0].values).enumerated() {
      #expect((found - expected).magnitude <= 3e-6 * max(expected.magnitude, 0.1), "\(function)(\(values[index]))")
    }
  }

  @Test(arguments: positive) func unaryFunctionsOfPositiveNumbers(function: Unary) throws {
    var comparison = EngineComparison()
    let values = (0..<1500).map { _ in comparison.numbers.float(in: 1e-4...10) } + [1e-30, 1e30, 1]
    let x = try comparison.input([values.count], values)
    comparison.graph.outputs = [try comparison.add(.unary(function), x)]
    let result = try comparison.plan().run(["input0": comparison.inputs["input0"]!])[0].doubles()
    for (index, (found, expected)) in zip(result, try comparison.reference()[0].values).enumerated() {
      #expect((found - expected).magnitude <= 3e-6 * max(expected.magnitude, 1e-6), "\(function)(\(values[index]))")
    }
  }

  @Test func exponentialCoversTheFloatRange() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([8], [88.7, 89, 200, -87, -100, -120, .infinity, -.infinity])
    comparison.graph.outputs = [
      try comparison.add(.unary(.exponential), x), try comparison.add(.unary(.sigmoid), x),
      try comparison.add(.unary(.tanh), x), try comparison.add(.unary(.softplus), x),
    ]
    let results = try comparison.plan().run(comparison.inputs)
    let exponential = try results[0].floats()
    #expect((exponential[0] / 3.325e38 - 1).magnitude < 0.01)
    #expect(exponential[1] == .infinity && exponential[2] == .infinity && exponential[6] == .infinity)
    // 4e-44 counts as 0, see SubnormalTests.
    #expect(exponential[4] == 0 && exponential[5] == 0 && exponential[7] == 0)
    let sigmoid = try results[1].floats()
    #expect(sigmoid[6] == 1 && sigmoid[7] == 0 && sigmoid[5] == 0)
    let tanh = try results[2].floats()
    #expect(tanh[6] == 1 && tanh[7] == -1 && tanh[2] == 1)
    let softplus = try results[3].floats()
    #expect(softplus[6] == .infinity && softplus[7] == 0 && softplus[2] == 200)
  }

  @Test func notANumberPassesThrough() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([2], [.nan, 1])
    let functions: [Unary] = [
      .exponential, .tanh, .sigmoid, .relu, .logarithm, .erf, .softplus, .clip(minimum: 0, maximum: 1),
    ]
    comparison.graph.outputs = try functions.map { try comparison.graph.add(.unary($0), [x])[0] }
    for (function, result) in zip(functions, try comparison.plan().run(comparison.inputs)) {
      #expect(try result.floats()[0].isNaN, "\(function)")
    }
  }

  static let floatBinaries: [Binary] = [
    .add, .subtract, .multiply, .divide, .maximum, .minimum, .power, .modulo, .floorDivide, .divideNoNaN,
  ]
  static let shapes: [([Int], [Int])] = [
    ([7, 9], [7, 9]), ([7, 9], [9]), ([9], [7, 9]), ([7, 9], []), ([7, 9], [7, 1]), ([3, 1, 5], [4, 1]),
    ([2, 3, 4, 5], [3, 1, 5]), ([2, 1, 4, 1], [1, 3, 1, 5]), ([1100], [1100]), ([33, 40], [1, 40]), ([1], [1]),
    ([600, 3], [600, 1]),
  ]

  @Test(arguments: floatBinaries) func binaryFunctionsBroadcast(function: Binary) throws {
    for (a, b) in Self.shapes {
      var comparison = EngineComparison()
      let x = try comparison.input(a, in: 0.2...3)
      let y = try comparison.input(b, in: 0.2...3)
      comparison.graph.outputs = [try comparison.add(.binary(function), x, y)]
      // A floor may differ where the quotient is within rounding of a whole number: not with these numbers.
      try comparison.expectAgreement(4e-6, "\(function) \(a) \(b)")
    }
  }

  @Test func signsOfPythonsRemainderFollowTheDivisor() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([4], [5.5, -5.5, 5.5, -5.5])
    let y = try comparison.input([4], [3, 3, -3, -3])
    comparison.graph.outputs = [
      try comparison.add(.binary(.modulo), x, y), try comparison.add(.binary(.floorDivide), x, y),
    ]
    let results = try comparison.plan().run(comparison.inputs)
    #expect(try results[0].floats() == [2.5, 0.5, -0.5, -2.5])
    #expect(try results[1].floats() == [1, -2, -2, 1])
  }

  @Test func divideNoNaNGivesZeroForZero() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([3], [1, 0, -2])
    let y = try comparison.input([3], [0, 0, 4])
    comparison.graph.outputs = [try comparison.add(.binary(.divideNoNaN), x, y)]
    #expect(try comparison.plan().run(comparison.inputs)[0].floats() == [0, 0, -0.5])
  }

  @Test(arguments: [Binary.add, .subtract, .multiply, .maximum, .minimum, .floorDivide, .modulo])
  func binaryFunctionsOfIntegers(function: Binary) throws {
    var comparison = EngineComparison()
    let x = try comparison.intInput([5, 40], in: -50...50)
    let y = try comparison.intInput([40], in: 1...9)
    comparison.graph.outputs = [try comparison.add(.binary(function), x, y)]
    try comparison.expectAgreement(0, "\(function)")
  }

  @Test(arguments: [Comparison.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual])
  func comparisonsAndSelection(comparison kind: Comparison) throws {
    var comparison = EngineComparison()
    let x = try comparison.intInput([6, 11], in: -2...2)
    let y = try comparison.intInput([11], in: -2...2)
    let xf = try comparison.add(.cast(.float32), x)
    let yf = try comparison.add(.cast(.float32), y)
    let ints = try comparison.add(.compare(kind), x, y)
    let floats = try comparison.add(.compare(kind), xf, yf)
    let other = try comparison.input([6, 1])
    comparison.graph.outputs = [
      ints, floats, try comparison.add(.select, ints, xf, other), try comparison.add(.select, floats, x, y),
      try comparison.add(.unary(.logicalNot), ints), try comparison.add(.binary(.logicalAnd), ints, floats),
      try comparison.add(.binary(.logicalOr), ints, floats),
    ]
    try comparison.expectAgreement(0)
  }

  @Test func castsBetweenAllTypes() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([6], [1.9, -1.9, 0, 0.4, -0.4, 100])
    let i = try comparison.intInput([6], in: -1...1)
    let b = try comparison.boolInput([6])
    let toInt = try comparison.add(.cast(.int32), x)
    comparison.graph.outputs = [
      toInt, try comparison.add(.cast(.bool), x), try comparison.add(.cast(.float32), i),
      try comparison.add(.cast(.bool), i), try comparison.add(.cast(.float32), b), try comparison.add(.cast(.int32), b),
      try comparison.add(.cast(.float32), x),
    ]
    try comparison.expectAgreement(0)
    #expect(try comparison.plan().run(comparison.inputs)[0].int32s() == [1, -1, 0, 0, 0, 100])
  }

  @Test func longChainsAreSplitWithoutChangingTheResult() throws {
    var comparison = EngineComparison()
    var x = try comparison.input([37, 29])
    let row = try comparison.input([29])
    let column = try comparison.input([37, 1])
    for step in 0..<90 {
      x = try comparison.add(.binary([.add, .multiply, .subtract][step % 3]), x, step % 2 == 0 ? row : column)
      if step % 7 == 0 { x = try comparison.add(.unary(.tanh), x) }
    }
    comparison.graph.outputs = [x]
    try comparison.expectAgreement(1e-5)
  }
}
