import Foundation
import KerasCore
import KerasEngine
import Testing

@testable import KerasModel
@testable import KerasTraining

@Suite struct OptimizerTests {
  /// Gradients of the measured runs: b of a Dense(1), lr 0.1, ε 0.01.
  private let gradients: [Double] = [0.3, -0.2, 0.05, 0.5]

  /// The variable after each step.
  private func run(
    _ className: String, _ fields: JSON = .object([:]), _ semantics: TrainingSemantics = .init(),
    gradients: [[Double]], start: [Double]
  ) throws -> [[Double]] {
    var config = fields
    if config["learning_rate"] == nil { config["learning_rate"] = 0.1 }
    if config["epsilon"] == nil { config["epsilon"] = 0.01 }
    let optimizer = try Optimizer(
      .object(["class_name": .string(className), "config": config]), semantics: semantics)
    let store = ParameterStore()
    try store.set("w", try TensorData(shape: [start.count], floats: start.map { Float($0) }))
    let variable = Optimizer.Variable(name: "w", shape: [start.count])
    return try gradients.map { step in
      let floats = step.map { Float($0) }
      try floats.withUnsafeBufferPointer { try optimizer.apply([$0], to: [variable], in: store) }
      return try store.data("w").doubles()
    }
  }

  private func expect(
    _ className: String, _ fields: JSON = .object([:]), _ semantics: TrainingSemantics = .init(),
    follows formula: (Int, Double, inout [Double]) -> Double, slots: [Double],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let found = try run(className, fields, semantics, gradients: gradients.map { [$0] }, start: [0.25])
    var (w, state) = (0.25, slots)
    for (index, g) in gradients.enumerated() {
      w += formula(index + 1, g, &state)
      #expect(abs(found[index][0] - w) < 1e-6, "\(className), step \(index + 1)", sourceLocation: sourceLocation)
    }
  }

  @Test func gradientDescent() throws {
    try expect("SGD", follows: { (_: Int, g: Double, _: inout [Double]) -> Double in -0.1 * g }, slots: [])
    try expect(
      "SGD", ["momentum": 0.9],
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.9 * s[0] - 0.1 * g
        return s[0]
      }, slots: [0])
    try expect(
      "SGD", ["momentum": 0.9, "nesterov": true],
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.9 * s[0] - 0.1 * g
        return 0.9 * s[0] - 0.1 * g
      }, slots: [0])
  }

  @Test func decayDividesTheRateFromTheSecondStepOnWhereTheReleaseHonoursIt() throws {
    try expect(
      "SGD", ["decay": 0.5], semantics { $0.honorsDecay = true },
      follows: { (step: Int, g: Double, _: inout [Double]) -> Double in -0.1 / (1 + 0.5 * Double(step - 1)) * g },
      slots: [])
    try expect(
      "SGD", ["decay": 0.5], follows: { (_: Int, g: Double, _: inout [Double]) -> Double in -0.1 * g }, slots: [])
  }

  @Test func rmspropPlacesEpsilonAsTheReleaseDid() throws {
    try expect(
      "RMSprop", [:], semantics { $0.rmspropEpsilon = .outsideRoot },
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.9 * s[0] + 0.1 * g * g
        return -0.1 * g / (s[0].squareRoot() + 0.01)
      }, slots: [0])
    try expect(
      "RMSprop",
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.9 * s[0] + 0.1 * g * g
        return -0.1 * g / (s[0] + 0.01).squareRoot()
      }, slots: [0])
  }

  @Test func rmspropWithMomentumAndCenteringHasEpsilonInside() throws {
    try expect(
      "RMSprop", ["momentum": 0.5, "centered": true], semantics { $0.rmspropEpsilon = .outsideRoot },
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.9 * s[0] + 0.1 * g * g
        s[1] = 0.9 * s[1] + 0.1 * g
        s[2] = 0.5 * s[2] + 0.1 * g / (s[0] - s[1] * s[1] + 0.01).squareRoot()
        return -s[2]
      }, slots: [0, 0, 0])
    try expect(
      "RMSprop", ["centered": true], semantics { $0.rmspropEpsilon = .outsideRoot },
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.9 * s[0] + 0.1 * g * g
        s[1] = 0.9 * s[1] + 0.1 * g
        return -0.1 * g / ((s[0] - s[1] * s[1]).squareRoot() + 0.01)
      }, slots: [0, 0])
  }

  @Test func adamHasEpsilonOutsideTheUncorrectedRoot() throws {
    func step(_ t: Int, _ g: Double, _ s: inout [Double], _ usesMaximum: Bool) -> Double {
      s[0] = 0.9 * s[0] + 0.1 * g
      s[1] = 0.999 * s[1] + 0.001 * g * g
      s[2] = max(s[2], s[1])
      let rate = 0.1 * (1 - pow(0.999, Double(t))).squareRoot() / (1 - pow(0.9, Double(t)))
      return -rate * s[0] / ((usesMaximum ? s[2] : s[1]).squareRoot() + 0.01)
    }
    try expect("Adam", follows: { step($0, $1, &$2, false) }, slots: [0, 0, 0])
    try expect("Adam", ["amsgrad": true], follows: { step($0, $1, &$2, true) }, slots: [0, 0, 0])
  }

  @Test func adagradStartsAndPlacesEpsilonAsTheReleaseDid() throws {
    try expect(
      "Adagrad",
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] += g * g
        return -0.1 * g / (s[0] + 0.01).squareRoot()
      }, slots: [0.1])
    try expect(
      "Adagrad", [:],
      semantics {
        $0.adagradEpsilon = .outsideRoot
        $0.adagradStart = 0
      },
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] += g * g
        return -0.1 * g / (s[0].squareRoot() + 0.01)
      }, slots: [0])
  }

  @Test func adadeltaAndAdamax() throws {
    try expect(
      "Adadelta",
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.95 * s[0] + 0.05 * g * g
        let u = g * (s[1] + 0.01).squareRoot() / (s[0] + 0.01).squareRoot()
        s[1] = 0.95 * s[1] + 0.05 * u * u
        return -0.1 * u
      }, slots: [0, 0])
    try expect(
      "Adamax",
      follows: { (t: Int, g: Double, s: inout [Double]) -> Double in
        s[0] = 0.9 * s[0] + 0.1 * g
        s[1] = max(0.999 * s[1], abs(g))
        return -0.1 / (1 - pow(0.9, Double(t))) * s[0] / (s[1] + 0.01)
      }, slots: [0, 0])
  }

  @Test func nadamsScheduleIsTheReleases() throws {
    for decay in [nil, 0.004] as [Double?] {
      func momentum(_ t: Int) -> Double { 0.9 * (1 - 0.5 * pow(0.96, (decay ?? 1) * Double(t))) }
      try expect(
        "Nadam", [:], semantics { $0.nadamScheduleDecay = decay },
        follows: { (t: Int, g: Double, s: inout [Double]) -> Double in
          s[0] = 0.9 * s[0] + 0.1 * g
          s[1] = 0.999 * s[1] + 0.001 * g * g
          s[2] *= momentum(t)
          let gradientShare: Double = (1 - momentum(t)) / (1 - s[2])
          let momentumShare: Double = momentum(t + 1) / (1 - s[2] * momentum(t + 1))
          let variance: Double = s[1] / (1 - pow(0.999, Double(t)))
          return -0.1 * (gradientShare * g + momentumShare * s[0]) / (variance.squareRoot() + 0.01)
        }, slots: [0, 0, 1])
    }
  }

  @Test func decoupledDecayComesFirstAndLionTakesTheSign() throws {
    let adamW = try run("AdamW", ["weight_decay": 0.5], gradients: [[0.0]], start: [2])
    #expect(abs(adamW[0][0] - (2 - 0.5 * 0.1 * 2)) < 1e-6)
    try expect(
      "Lion",
      follows: { (_: Int, g: Double, s: inout [Double]) -> Double in
        let direction = 0.9 * s[0] + 0.1 * g
        s[0] = 0.99 * s[0] + 0.01 * g
        return direction > 0 ? -0.1 : 0.1
      }, slots: [0])
  }

  @Test func ftrlFollowsTheRegularizedLeader() throws {
    let found = try run("Ftrl", gradients: [[0.3], [-0.2]], start: [0.25])
    var (w, a, z) = (0.25, 0.1, 0.0)
    for (g, result) in zip([0.3, -0.2], found) {
      let sum = a + g * g
      z += g - (sum.squareRoot() - a.squareRoot()) / 0.1 * w
      a = sum
      w = -z / (a.squareRoot() / 0.1)
      #expect(abs(result[0] - w) < 1e-6)
    }
  }

  /// TensorFlow Addons' AdamW and LAMB are not Keras' of those names.
  @Test func anotherPackagesOptimizerIsNotTakenForKeras() throws {
    for name in ["Addons>AdamW", "Addons>LAMB"] {
      #expect(throws: TrainingError.self) {
        try OptimizerRegistry.type(named: OptimizerConfig(["class_name": .string(name), "config": [:]]).className)
      }
    }
    #expect(try OptimizerConfig(["class_name": "Custom>Adam", "config": [:]]).className == "Adam")
  }

  /// Measured with gradients (0.225, 0.3) and lr 1.
  @Test func clippingIsOverAllGradientsOrEachByRelease() throws {
    func updates(_ config: JSON, _ semantics: TrainingSemantics) throws -> [Double] {
      let clipping = GradientClipping(OptimizerConfig(className: "SGD", fields: config), semantics)
      var values: [Float] = [0.225, 0.3]
      values.withUnsafeMutableBufferPointer { all in
        clipping.apply(to: [
          UnsafeMutableBufferPointer(rebasing: all[..<1]), UnsafeMutableBufferPointer(rebasing: all[1...]),
        ])
      }
      return values.map { Double($0) }
    }
    let old = semantics {
      $0.clipnormScope = .global
      $0.clipsByOneRule = false
    }
    #expect(isClose(try updates(["clipnorm": 0.1], old), [0.06, 0.08]))
    #expect(isClose(try updates(["clipnorm": 0.1], .init()), [0.1, 0.1]))
    #expect(isClose(try updates(["global_clipnorm": 0.1], .init()), [0.06, 0.08]))
    #expect(isClose(try updates(["clipvalue": 0.1], .init()), [0.1, 0.1]))
    #expect(isClose(try updates(["clipnorm": 0.2, "clipvalue": 0.1], old), [0.1, 0.1]))
    #expect(isClose(try updates(["clipnorm": 0.2, "clipvalue": 0.1], .init()), [0.2, 0.2]))
  }

  @Test func oldNamesAndDressingsOfClassesAreUnderstood() throws {
    #expect(try Optimizer("adam", semantics: .init()).className == "Adam")
    let dressed: JSON = ["class_name": "Custom>SGD", "config": ["lr": 0.5]]
    let optimizer = try Optimizer(dressed, semantics: .init())
    #expect(optimizer.className == "SGD")
    #expect(optimizer.learningRate == .constant(0.5))
    #expect(throws: TrainingError.self) { try Optimizer("made_up", semantics: .init()) }
  }
}
