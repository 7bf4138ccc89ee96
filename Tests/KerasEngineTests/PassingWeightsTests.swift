import CKernels
import KerasCore
import KerasEngine
import KerasGraph
import Synchronization
import Testing

/// Plans that run once and read large weights as they need them.
@Suite struct PassingWeightsTests {
  private struct Failure: Error, CustomStringConvertible {
    var description: String { "the disk is gone" }
  }

  /// What was read of all parameters.
  private final class Reads: Sendable {
    let count = Atomic(0)
    let largest = Atomic(0)
    let fails = Atomic(false)
  }

  /// Two convolutions whose kernels pass through the same memory, and a product of many rows of weights.
  private func comparison() throws -> EngineComparison {
    var comparison = EngineComparison(seed: 5)
    let convolution = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])
    var y = try comparison.input([1, 12, 12, 32])
    for filters in [80, 32] {
      let channels = try #require(comparison.graph.shape(y)[3])
      let kernel = try comparison.parameter([3, 3, channels, filters], in: -0.1...0.1)
      let product = try comparison.add(.convolution(convolution), y, kernel)
      let biased = try comparison.add(.binary(.add), product, try comparison.parameter([filters]))
      y = try comparison.add(.unary(.relu), biased)
    }
    let row = try comparison.add(.reshape([.fixed(1), .inferred]), y)
    let matrix = try comparison.parameter([4608, 150], in: -0.1...0.1)
    let product = try comparison.add(.matmul(transposeA: false, transposeB: false), row, matrix)
    let biased = try comparison.add(.binary(.add), product, try comparison.parameter([150]))
    comparison.graph.outputs = [try comparison.add(.unary(.relu), biased)]
    return comparison
  }

  private func store(_ comparison: EngineComparison, _ reads: Reads, inParts: Bool) throws -> ParameterStore {
    let store = ParameterStore()
    for (name, data) in comparison.parameters {
      var parameter = UnreadParameter(shape: data.shape) {
        if reads.fails.load(ordering: .relaxed) { throw Failure() }
        reads.count.add(1, ordering: .relaxed)
        return data
      }
      if inParts {
        parameter.readPart = { start, target in
          if reads.fails.load(ordering: .relaxed) { throw Failure() }
          reads.count.add(1, ordering: .relaxed)
          reads.largest.max(target.count, ordering: .relaxed)
          data.bytes.withUnsafeBytes { target.copyMemory(from: .init(rebasing: $0[start..<start + target.count])) }
        }
      }
      store.set(name, parameter)
    }
    return store
  }

  @Test(arguments: [false, true]) func itAgreesWithPlainSumsAndKeepsLess(inParts: Bool) throws {
    let comparison = try comparison()
    let reads = Reads()
    let executor = Executor(comparison.graph, parameters: try store(comparison, reads, inParts: inParts))
    let found = try executor.run(comparison.inputs, runsOnce: true)[0]
    #expect(try difference(found, comparison.reference()[0]) <= 3e-6)
    let kept = Executor(comparison.graph, parameters: try store(comparison, Reads(), inParts: inParts))
    let shapes = comparison.inputs.mapValues(\.shape)
    let (once, whole) = (try executor.plan(for: shapes, runsOnce: true), try kept.plan(for: shapes))
    // Nothing but biases stays where all weights are read late.
    if inParts, kk_suits_winograd() != 0 {
      #expect(once.weightByteCount < 4096)
      #expect(once.stepDescriptions.filter { $0.implementation.hasSuffix("weights as read") }.count == 3)
      // No more of the matrix at once than a cache holds.
      #expect(reads.largest.load(ordering: .relaxed) <= 1 << 20)
    }
    #expect(once.weightByteCount <= whole.weightByteCount)
    #expect(whole.stepDescriptions.allSatisfy { !$0.implementation.hasSuffix("weights as read") })

    // A further run reads them again and gives the same.
    #expect(try once.run(comparison.inputs)[0] == found)
    let before = reads.count.load(ordering: .relaxed)
    #expect(try once.run(comparison.inputs)[0] == found)
    if inParts { #expect(reads.count.load(ordering: .relaxed) > before) }

    // Such a plan is not what later runs get.
    let later = try executor.plan(for: shapes)
    #expect(later !== once)
    #expect(later.weightByteCount == whole.weightByteCount)
    #expect(try executor.plan(for: shapes) === later)
  }

  @Test func whatCannotBeReadInTheRunIsAnErrorWithItsName() throws {
    let comparison = try comparison()
    let reads = Reads()
    let executor = Executor(comparison.graph, parameters: try store(comparison, reads, inParts: true))
    let plan = try executor.plan(for: comparison.inputs.mapValues(\.shape), runsOnce: true)
    reads.fails.store(true, ordering: .relaxed)
    let error = #expect(throws: EngineError.self) { try plan.run(comparison.inputs) }
    guard case .unreadableParameter(_, let reason)? = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason == "the disk is gone")
    reads.fails.store(false, ordering: .relaxed)
    #expect(throws: Never.self) { try plan.run(comparison.inputs) }
  }
}
