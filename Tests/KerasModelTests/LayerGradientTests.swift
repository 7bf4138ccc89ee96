import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// The gradients of every registered layer against finite differences, in double precision.
///
/// Each output is weighted with fixed numbers; the slope of the sum along a random direction in all inputs and weights
/// together has to be the gradients' product with that direction.
@Suite struct LayerGradientTests {
  enum Mode: String, CaseIterable, Sendable { case inference, training, maskedInference, maskedTraining }

  /// A sample in a mode that it has.
  struct Case: Sendable, CustomTestStringConvertible {
    let sample: LayerSample
    let mode: Mode
    var trains: Bool { mode == .training || mode == .maskedTraining }
    var isMasked: Bool { mode == .maskedInference || mode == .maskedTraining }
    var testDescription: String { "\(sample.className), \(mode.rawValue)" }
  }

  static let cases = LayerSample.all.flatMap { sample in Mode.allCases.map { Case(sample: sample, mode: $0) } }.filter {
    // Nothing flows through strings; quantizers pass the gradient straight through their steps, which have no slope.
    $0.sample.dtype != .string && !$0.sample.className.hasPrefix("keraskit>Quantize")
      && !($0.trains && LayerSample.isUntrainable($0.sample))
      && !($0.isMasked && !$0.sample.inputs.contains { $0.rank >= 3 })
  }

  @Test func mostSamplesHaveCases() { #expect(Self.cases.count > LayerSample.all.count * 2) }

  @Test(arguments: cases)
  func gradientsAreFiniteDifferences(_ testCase: Case) throws {
    let bench = try LayerGradientBench(testCase.sample, trains: testCase.trains, isMasked: testCase.isMasked)
    guard let problem = try bench.problem() else { return }
    Issue.record("\(testCase.testDescription): \(problem)")
  }
}
