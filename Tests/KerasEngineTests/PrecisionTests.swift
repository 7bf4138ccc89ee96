import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct PrecisionTests {
  /// A convolution of stride 2 and a product with what follows them.
  private func comparison() throws -> EngineComparison {
    var comparison = EngineComparison()
    let x = try comparison.input([2, 12, 12, 32])
    let convolution = Convolution(strides: [2, 2], padding: .same, dilations: [1, 1])
    var y = try comparison.add(.convolution(convolution), x, try comparison.parameter([3, 3, 32, 32], in: -0.1...0.1))
    y = try comparison.add(.unary(.relu), try comparison.add(.binary(.add), y, try comparison.parameter([32])))
    y = try comparison.add(.reshape([.fixed(72), .fixed(32)]), y)
    y = try comparison.add(
      .matmul(transposeA: false, transposeB: false), y, try comparison.parameter([32, 128], in: -0.2...0.2))
    comparison.graph.outputs = [try comparison.add(.unary(.tanh), y)]
    return comparison
  }

  @Test func bfloat16RoundsFactorsAndNothingElse() throws {
    let comparison = try comparison()
    let expected = try comparison.reference()[0]
    let options = EngineOptions(threads: 1, precision: .bfloat16)
    let plan = try Plan(comparison.graph, parameters: comparison.store(), options: options)
    let error = try difference(try plan.run(comparison.inputs)[0], expected)
    guard EngineOptions.Precision.bfloat16.isAvailable else {
      #expect(error < 1e-5)
      return
    }
    #expect(plan.stepDescriptions.filter { $0.name == "reorder" }.count == 2)
    #expect(!plan.stepDescriptions.contains { $0.implementation.hasPrefix("ref") })
    // A factor's rounding is at most 2⁻⁹ of it, and sums of random ones average.
    #expect(error > 1e-5 && error < 1e-2, "off by \(error)")
    let exact = try comparison.plan().run(comparison.inputs)[0]
    #expect(try difference(exact, expected) < 2e-6)
  }

  @Test func changingWeightsStayFloat32() throws {
    let comparison = try comparison()
    let options = EngineOptions(threads: 1, precision: .bfloat16)
    let plan = try Plan(
      comparison.graph, parameters: comparison.store(), mutableParameters: true, options: options)
    #expect(try difference(try plan.run(comparison.inputs)[0], try comparison.reference()[0]) < 2e-6)
  }
}
