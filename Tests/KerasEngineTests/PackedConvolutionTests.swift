import CKernels
import KerasEngine
import KerasGraph
import Testing

/// Convolutions with constant weights as packed products, against plain sums in Double.
@Suite struct PackedConvolutionTests {
  struct Case: Sendable {
    var x: [Int]
    /// Window and filters.
    var kernel: [Int]
    var strides = [1, 1]
    var padding = Padding.same
  }

  static let cases: [Case] = [
    Case(x: [2, 9, 7, 16], kernel: [1, 7, 24]),
    Case(x: [1, 17, 17, 32], kernel: [7, 1, 72]),
    // More than one part of a window's row.
    Case(x: [1, 6, 6, 80], kernel: [3, 5, 64]),
    Case(x: [3, 11, 13, 16], kernel: [3, 3, 40], strides: [2, 2]),
    Case(x: [2, 12, 10, 32], kernel: [5, 5, 8], strides: [2, 1], padding: .valid(2)),
    Case(x: [1, 5, 40, 12], kernel: [2, 3, 16], padding: .explicit(before: [1, 0], after: [0, 3])),
    // Windows that read nothing but zeros.
    Case(
      x: [1, 6, 1, 32], kernel: [1, 2, 16], strides: [1, 10], padding: .explicit(before: [0, 5], after: [0, 0])),
    // More results than are made together.
    Case(x: [1, 20, 33, 16], kernel: [2, 2, 16], padding: .valid(2)),
    // Fewer rows than threads; filters that fill no registers.
    Case(x: [1, 1, 150, 16], kernel: [1, 4, 138], padding: .valid(2)),
    Case(x: [2, 8, 9, 16], kernel: [3, 3, 67], strides: [2, 1]),
  ]

  private func comparison(
    _ arguments: Case, _ follow: (inout EngineComparison, Value) throws -> Value
  ) throws -> EngineComparison {
    var comparison = EngineComparison()
    let convolution = Convolution(strides: arguments.strides, padding: arguments.padding, dilations: [1, 1])
    let (channels, filters) = (arguments.x[3], arguments.kernel[2])
    let kernel = try comparison.parameter(
      [arguments.kernel[0], arguments.kernel[1], channels, filters], in: -0.1...0.1)
    let y = try comparison.add(.convolution(convolution), try comparison.input(arguments.x), kernel)
    let biased = try comparison.add(.binary(.add), y, try comparison.parameter([filters]))
    comparison.graph.outputs = [try follow(&comparison, biased)]
    return comparison
  }

  @Test(arguments: cases) func agreesWithPlainSums(_ arguments: Case) throws {
    let comparison = try comparison(arguments) { try $0.add(.unary(.clip(minimum: 0, maximum: 0.3)), $1) }
    try comparison.expectAgreement(3e-6, "\(arguments)")
    let one = try comparison.plan(threads: 1).run(comparison.inputs)
    #expect(try comparison.plan(threads: 2).run(comparison.inputs) == one, "the same bits whatever the threads")
    if kk_suits_packed_convolution() != 0 {
      let steps = try comparison.plan().stepDescriptions
      #expect(steps.contains { $0.implementation == "own packed" && $0.name.hasSuffix("bias+clip") }, "\(steps)")
    }
  }

  @Test(arguments: [Unary.relu, .tanh], [(32, true), (32, false), (26, true)]) func otherValuesAndActivationsFollow(
    _ function: Unary, _ form: (filters: Int, isAddedFirst: Bool)
  ) throws {
    let (filters, isAddedFirst) = form
    let comparison = try comparison(Case(x: [2, 9, 9, 32], kernel: [1, 3, filters])) { comparison, value in
      let other = try comparison.input([2, 9, 9, filters])
      if isAddedFirst { return try comparison.add(.unary(function), comparison.add(.binary(.add), value, other)) }
      return try comparison.add(.binary(.add), comparison.add(.unary(function), value), other)
    }
    try comparison.expectAgreement(3e-6, "\(function) \(form)")
  }
}
