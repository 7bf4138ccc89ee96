import KerasCore
import KerasGraph
import Testing

@testable import KerasModel
@testable import KerasTraining

/// Numbers measured on the original releases with errors 1, 4, 9, 16 or a masked (2, 3) case.
@Suite struct LossReductionTests {
  private enum Release: CaseIterable {
    case keras224, tf112, keras231, keras3

    var semantics: TrainingSemantics {
      KerasTrainingTests.semantics {
        switch self {
        case .keras224: $0.weightNormalization = .nonZeroCount
        case .tf112: $0.weightNormalization = .sumOfWeights
        case .keras231:
          $0.weightNormalization = .count
          $0.maskNormalization = .all
        case .keras3:
          $0.weightNormalization = .count
          $0.maskNormalization = .unmasked
        }
      }
    }
  }

  private func reduced(
    _ release: Release, _ shape: [Int], _ values: [Double], mask: [Double]? = nil,
    weights: ([Int], [Double])? = nil, _ reduction: LossReduction = .sumOverBatchSize
  ) throws -> Double {
    try evaluate { graph in
      let x = try constant(shape, values, &graph)
      let m = try mask.map { try constant(shape, $0, &graph) }
      let w = try weights.map { try constant($0.0, $0.1, &graph) }
      return try reduction.reduce(x, mask: m, weights: w, semantics: release.semantics, in: &graph)
    }[0]
  }

  private func check(_ expected: [Double], _ compute: (Release) throws -> Double) throws {
    for (release, value) in zip(Release.allCases, expected) {
      let found = try compute(release)
      #expect(abs(found - value) < 1e-4, "\(release): \(found)")
    }
  }

  @Test func sampleWeights() throws {
    try check([25.0 / 3, 6.25, 6.25, 6.25]) { try reduced($0, [4], [1, 4, 9, 16], weights: ([4], [1, 2, 0, 1])) }
  }

  @Test func classWeightsOneAndThree() throws {
    try check([10, 5, 10, 10]) { try reduced($0, [4], [1, 1, 9, 9], weights: ([4], [1, 3, 1, 3])) }
  }

  private let masked = [2.25, 6.25, 100, 12.25, 100, 100]
  private let mask = [1.0, 1, 0, 1, 0, 0]

  @Test func masks() throws {
    try check([6.91667, 6.91667, 3.45833, 6.91667]) { try reduced($0, [2, 3], masked, mask: mask) }
  }

  @Test func masksWithSampleWeights() throws {
    try check([11, 8.25, 5.5, 11]) { try reduced($0, [2, 3], masked, mask: mask, weights: ([2], [1, 2])) }
  }

  @Test func temporalWeights() throws {
    // Values whose weighted sum is 21.125 with the measured weights.
    let values = [2.25, 6.25, 100, 12.25, 100, 0.25]
    try check([5.28125, 4.69444, 3.52083, 3.52083]) {
      try reduced($0, [2, 3], values, weights: ([2, 3], [1, 2, 0, 0.5, 0, 1]))
    }
  }

  @Test func withoutWeightsEveryReleaseTakesTheMean() throws {
    try check([7.5, 7.5, 7.5, 7.5]) { try reduced($0, [4], [1, 4, 9, 16]) }
  }

  @Test func reductionsOfLossObjects() throws {
    let weights = ([4], [1.0, 2, 0, 1])
    #expect(try reduced(.keras3, [4], [1, 4, 9, 16], weights: weights, .sum) == 25)
    #expect(try reduced(.keras3, [4], [1, 4, 9, 16], weights: weights, .meanWithSampleWeight) == 6.25)
    #expect(throws: TrainingError.self) { try LossReduction(["reduction": "none"]) }
  }
}
