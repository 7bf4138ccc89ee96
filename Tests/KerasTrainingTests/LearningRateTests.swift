import Foundation
import KerasCore
import Testing

@testable import KerasTraining

/// Keras 3's documented formulas.
@Suite struct LearningRateTests {
  private func rate(_ className: String, _ config: JSON, at t: Int) throws -> Double {
    try LearningRate(.object(["class_name": .string(className), "config": config]), default: 0.01).value(at: t)
  }

  @Test func schedules() throws {
    let exponential: JSON = ["initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": false]
    #expect(abs(try rate("ExponentialDecay", exponential, at: 5) - 0.1 * pow(0.5, 0.5)) < 1e-12)
    let inverse: JSON = ["initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": true]
    #expect(abs(try rate("InverseTimeDecay", inverse, at: 25) - 0.1 / 2) < 1e-12)
    let polynomial: JSON = ["initial_learning_rate": 0.1, "decay_steps": 10, "end_learning_rate": 0.01, "power": 2.0]
    #expect(abs(try rate("PolynomialDecay", polynomial, at: 5) - (0.09 * 0.25 + 0.01)) < 1e-12)
    #expect(abs(try rate("PolynomialDecay", polynomial, at: 50) - 0.01) < 1e-12)
    let cosine: JSON = ["initial_learning_rate": 0.1, "decay_steps": 10, "alpha": 0.1]
    #expect(abs(try rate("CosineDecay", cosine, at: 5) - 0.1 * (0.9 * 0.5 + 0.1)) < 1e-12)
    let piecewise: JSON = ["boundaries": [10, 20], "values": [1.0, 0.5, 0.1]]
    #expect(try [10, 11, 20, 21].map { try rate("PiecewiseConstantDecay", piecewise, at: $0) } == [1, 0.5, 0.5, 0.1])
  }

  @Test func unknownSchedulesAndShortListsAreRefused() {
    #expect(throws: TrainingError.self) { try rate("MadeUp", .null, at: 0) }
    #expect(throws: TrainingError.self) {
      try rate("PiecewiseConstantDecay", ["boundaries": [1], "values": [1.0]], at: 0)
    }
  }
}
