import Foundation
import KerasKit
import Testing

/// A model compiled with a loss, a metric and an optimizer that Keras does not have; `Tools/fixtures/custom_training.py`.
@Suite struct CustomTrainingTests {
  private static let root = "\(Fixture.root)/fixtures/custom_training"
  private let truth: [String: TensorData]

  init() throws { truth = try ArrayFile.read("\(Self.root)/segmentation.npz") }

  private func array(_ name: String) throws -> TensorData { try #require(truth[name]) }

  private func data() throws -> DataSet { try DataSet(inputs: [array("x")], targets: [array("y")]) }

  private func model(_ mappings: [String] = []) throws -> Model {
    var options = LoadOptions()
    options.mappings = try mappings.map { try ObjectMapping(parsing: $0) }
    return try Model.load("\(Self.root)/segmentation.h5", options: options)
  }

  private static let dice = "(2 * K.sum(y_true * y_pred) + 1) / (K.sum(y_true) + K.sum(y_pred) + 1)"
  private static let mappings = [
    "dice_coef=\(dice)", "dice_coef_loss=1 - \(dice)", "PlainDescent=SGD",
  ]

  @Test func itLoadsPredictsAndSaysWhatTrainingLacks() throws {
    let model = try model()
    #expect(try difference(model.predict([array("x")])[0], array("prediction")) <= 1e-6)
    let warning = try #require(model.loaded.diagnostics.first { $0.rule == "custom-training-object" })
    for name in ["loss 'dice_coef_loss'", "metric 'dice_coef'", "optimizer 'PlainDescent'"] {
      #expect(warning.message.contains(name))
    }
    #expect(model.loaded.diagnostics.contains { $0.rule == "custom-penalty" })
  }

  @Test func trainingAsksForALoss() throws {
    let error = #expect(throws: (any Error).self) { try self.model().fineTune(self.data()) }
    let text = "\(try #require(error))"
    #expect(text.contains("loss 'dice_coef_loss', metric 'dice_coef'") && text.contains("--loss"))
    // With a loss the optimizer is still missed.
    #expect(throws: (any Error).self) { try self.model().fineTune(self.data(), options: .init(loss: "mse")) }
    #expect(throws: Never.self) { try self.model().evaluate(self.data(), options: .init(loss: "mse")) }
  }

  @Test func mappingsBindThem() throws {
    let model = try model(Self.mappings)
    #expect(!model.loaded.diagnostics.contains { $0.rule == "custom-training-object" })
    let evaluation = try model.evaluate(data())
    let expected = try array("evaluation").doubles()
    #expect(abs(evaluation.loss - expected[0]) < 1e-6)
    #expect(abs(try #require(evaluation.metrics.first?.value) - expected[1]) < 1e-6)
    try model.fineTune(data(), batchSize: 6, shuffles: false)
    for (index, name) in ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"].enumerated() {
      let weight = try #require(model.loaded.weights[name])
      #expect(try difference(weight, array("after\(index)")) <= 1e-5, "\(name)")
    }
  }

  @Test func aLayerWithNothingButTheNameOfOneOfKerasIsUnknown() throws {
    let path = "\(Self.root)/attention.h5"
    let error = #expect(throws: (any Error).self) { try Model.load(path) }
    let text = "\(try #require(error))"
    #expect(text.contains("class Attention: 'attention'") && text.contains("attention/a:0 (4, 3)"))
    #expect(text.contains("--map 'Attention=…'"))
    var options = LoadOptions()
    options.mappings = [try ObjectMapping(parsing: "Attention=K.sum(x, axis=1)")]
    options.allowsPartialWeights = true
    #expect(throws: Never.self) { try Model.load(path, options: options) }
  }
}
