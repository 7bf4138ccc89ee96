import KerasCore
import KerasEngine
import Testing

@testable import KerasModel
@testable import KerasTraining

/// Numbers of Keras 3.15.1 on TensorFlow for the same arrays.
@Suite struct Keras3FormulaTests {
  private let truth = [1.0, 0, 0, 0, 1, 1]
  private let prediction = [0.6, 0.3, 0.1, 0.2, 0.7, 0.4]

  private func loss(_ name: String, _ config: JSON = .null, classes: [Double]? = nil) throws -> [Double] {
    let loss = try LossRegistry.loss(named: name, config: config)
    return try evaluate { graph in
      try loss.values(
        truth: try constant(classes == nil ? [2, 3] : [2], classes ?? truth, &graph),
        prediction: try constant([2, 3], prediction, &graph), semantics: .init(), in: &graph)
    }
  }

  @Test func focalLosses() throws {
    #expect(isClose(try loss("binary_focal_crossentropy"), [0.0382954814, 0.1236303821]))
    let balanced: JSON = ["apply_class_balancing": true, "alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.1]
    #expect(isClose(try loss("BinaryFocalCrossentropy", balanced), [0.0338008292, 0.0583305769]))
    #expect(isClose(try loss("categorical_focal_crossentropy"), [0.0204330198, 0.1741959602]))
    let smooth: JSON = ["alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.1]
    #expect(isClose(try loss("CategoricalFocalCrossentropy", smooth), [0.0628953725, 0.2590226531]))
    #expect(
      isClose(
        try loss("categorical_generalized_cross_entropy", classes: [0, 2]), [0.4508066177, 0.7350889444]))
  }

  @Test func overlapLosses() throws {
    #expect(isClose(try loss("dice"), [0.3584906459]))
    #expect(isClose(try loss("Dice", ["axis": [1]]), [0.3999999762, 0.3333333135]))
    #expect(isClose(try loss("tversky"), [0.3584905863]))
    #expect(isClose(try loss("Tversky", ["alpha": 0.3, "beta": 0.7]), [0.3227092028]))
  }

  @Test func cosineRestarts() throws {
    let steps = [0, 5, 9, 10, 15, 29, 30, 50, 75]
    func rates(_ growth: Double) throws -> [Double] {
      let rate = try LearningRate(
        [
          "class_name": "CosineDecayRestarts",
          "config": [
            "initial_learning_rate": 0.5, "first_decay_steps": 10, "t_mul": .number(growth), "m_mul": 0.9, "alpha": 0.1,
          ],
        ], default: 0.01)
      return steps.map { rate.value(at: $0) }
    }
    #expect(
      isClose(
        try rates(2),
        [0.5, 0.27499998, 0.06101229, 0.45499998, 0.39568913, 0.05249311, 0.41449997, 0.23224996, 0.37489825]))
    #expect(
      isClose(
        try rates(1),
        [0.5, 0.27499998, 0.06101229, 0.45499998, 0.25249997, 0.05891992, 0.37804997, 0.31572047, 0.15761678]))
  }

  @Test func lambScalesByTheNormOfTheWholeVariable() throws {
    let optimizer = try Optimizer(
      ["class_name": "Lamb", "config": ["learning_rate": 0.1]], semantics: .init())
    let store = ParameterStore()
    try store.set("w", try TensorData(shape: [2, 3], floats: [0.5, -0.25, 1, 2, 0.1, -0.7]))
    let base: [Float] = [0.3, -0.2, 0.05, 0.5, 0.1, -0.4]
    for i in 0..<4 {
      let gradient = base.map { $0 * Float((i + 1) * (i % 2 == 0 ? 1 : -1)) + 0.1 }
      try gradient.withUnsafeBufferPointer {
        try optimizer.apply([$0], to: [.init(name: "w", shape: [2, 3])], in: store)
      }
    }
    let expected = [0.38284546, -0.36990690, 0.48573786, 1.92337573, -0.21149716, -0.75404704]
    #expect(isClose(try store.data("w").doubles(), expected))
  }
}
