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

  /// Numbers of `tf.keras.experimental.LinearCosineDecay` in TensorFlow 1.15.
  @Test func linearCosineDecay() throws {
    func rates(_ config: JSON, _ steps: [Int]) throws -> [Double] {
      try steps.map { try rate("LinearCosineDecay", config, at: $0) }
    }
    #expect(
      isClose(
        try rates(["initial_learning_rate": 0.1, "decay_steps": 15], [0, 3, 7, 14, 15, 20]),
        [0.100100003, 0.0724606737, 0.0295540933, 0.000172841261, 0.0001, 0.0001], 1e-7))
    let other: JSON = [
      "initial_learning_rate": 0.1, "decay_steps": 10, "num_periods": 1.5, "alpha": 0.2, "beta": 0.01,
    ]
    #expect(
      isClose(
        try rates(other, [0, 3, 7, 10, 20]), [0.121000007, 0.00320245302, 0.0497764163, 0.001, 0.001], 1e-7))
  }

  @Test func schedulesAreReadAsUsersWriteThem() throws {
    let pairs: [(String, LearningRate)] = [
      ("0.01", .constant(0.01)), ("constant(1e-3)", .constant(0.001)),
      (
        "cosine(1e-3, steps=1000)",
        .cosineDecay(rate: 0.001, alpha: 0, steps: 1000, warmupSteps: 0, warmupTarget: nil)
      ),
      (
        "CosineDecay(0.0, 90, warmup_target=0.1, warmup=10, alpha=0.01)",
        .cosineDecay(rate: 0, alpha: 0.01, steps: 90, warmupSteps: 10, warmupTarget: 0.1)
      ),
      (
        "exponential(0.1, 50, decay=0.5, staircase)",
        .exponentialDecay(rate: 0.1, decay: 0.5, steps: 50, isStaircase: true)
      ),
      (
        "inverse_time(rate=0.1, decay_steps=5, decay_rate=0.5, staircase=false)",
        .timeDecay(rate: 0.1, decay: 0.5, steps: 5, isStaircase: false)
      ),
      (
        "polynomial(0.1, 100, end=0, power=2, cycle=true)",
        .polynomialDecay(rate: 0.1, end: 0, steps: 100, power: 2, cycles: true)
      ),
      (
        "cosine_restarts(0.1, steps=10, t_mul=1.5)",
        .cosineRestarts(rate: 0.1, alpha: 0, steps: 10, growth: 1.5, height: 1)
      ),
      ("piecewise([100, 200], [1e-1, 1e-2, 1e-3])", .piecewise(boundaries: [100, 200], values: [0.1, 0.01, 0.001])),
    ]
    for (text, expected) in pairs {
      #expect(try LearningRate(text: text) == expected, "\(text)")
      #expect(try LearningRate(expected.json, default: 0) == expected, "\(text)")
    }
  }

  @Test(arguments: [
    " ", "fast", "cosine", "cosine(", "cosine()", "cosine(0.1)", "cosine(0.1, steps=0)", "cosine(0.1, 10) x",
    "cosine(0.1, speed=3)", "cosine(0.1, steps=ten)", "exponential(0.1, 10)", "piecewise([1], [0.1])", "nan",
    "constant(1, 2)", "polynomial(0.1, 10, 0, 1, true, 7)", "cosine(0.1,, 10)",
  ])
  func textsThatAreNoScheduleSayWhatWasExpected(_ text: String) {
    #expect { try LearningRate(text: text) } throws: { "\($0)".contains(text) || "\($0)".contains("learning_rate") }
  }

  @Test func unknownSchedulesAndShortListsAreRefused() {
    #expect(throws: TrainingError.self) { try rate("MadeUp", .null, at: 0) }
    #expect(throws: TrainingError.self) {
      try rate("PiecewiseConstantDecay", ["boundaries": [1], "values": [1.0]], at: 0)
    }
  }
}
