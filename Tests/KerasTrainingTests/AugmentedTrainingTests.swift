import KerasCore
import KerasFile
import Testing

@testable import KerasModel
@testable import KerasTraining

/// Models with random image layers, trained by the engine.
@Suite struct AugmentedTrainingTests {
  private static let layers: [JSON] = [
    ["class_name": "RandomFlip", "config": ["name": "flip", "mode": "horizontal"]],
    ["class_name": "RandomRotation", "config": ["name": "turn", "factor": [-0.1, 0.1], "fill_mode": "reflect"]],
    ["class_name": "RandomZoom", "config": ["name": "zoom", "height_factor": 0.2, "fill_mode": "nearest"]],
    ["class_name": "RandomTranslation", "config": ["name": "move", "height_factor": 0.2, "width_factor": 0.2]],
    ["class_name": "RandomContrast", "config": ["name": "contrast", "factor": [0.0, 0.5]]],
    ["class_name": "MixUp", "config": ["name": "mix"]],
  ]

  private func model(_ layers: [JSON]) throws -> LoadedModel {
    let input: JSON = ["class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 6, 5, 3]]]
    let rest: [JSON] = [
      ["class_name": "Flatten", "config": ["name": "flat"]],
      ["class_name": "Dense", "config": ["name": "dense", "units": 2]],
    ]
    let architecture: JSON = [
      "class_name": "Sequential", "config": ["name": "m", "layers": .array([input] + layers + rest)],
      "keras_version": "3.8.0",
    ]
    var options = LoadOptions()
    options.requiresWeights = false
    let source = ModelSource(file: "augmented.json", format: .json, config: architecture)
    var loaded = try LoadedModel.load(source: source, options: options)
    loaded.weights = [
      "dense/kernel": try TensorData(shape: [90, 2], floats: (0..<180).map { Float($0 % 7) / 100 }),
      "dense/bias": try TensorData(shape: [2], floats: [0, 0]),
    ]
    return loaded
  }

  private func data() throws -> DataSet {
    let pixels = (0..<8 * 90).map { Float($0 * 37 % 251) }
    return try DataSet(
      inputs: [try TensorData(shape: [8, 6, 5, 3], floats: pixels)],
      targets: [try TensorData(shape: [8, 2], floats: (0..<16).map { Float($0 % 3) })])
  }

  private func trained(_ layers: [JSON], seed: UInt64) throws -> [String: TensorData] {
    let options = TrainingOptions(
      loss: "mse", optimizer: ["class_name": "SGD", "config": ["learning_rate": 1e-6]], seed: seed)
    let trainer = try Trainer(model: model(layers), options: options)
    try trainer.fit(data(), FitOptions(epochs: 2, batchSize: 4))
    return try trainer.weights()
  }

  @Test func theSameSeedGivesTheSameWeights() throws {
    #expect(try trained(Self.layers, seed: 3) == trained(Self.layers, seed: 3))
    #expect(try trained(Self.layers, seed: 3) != trained(Self.layers, seed: 4))
  }

  @Test(arguments: layers) func eachLayerChangesTheTraining(_ layer: JSON) throws {
    #expect(try trained([layer], seed: 3) != trained([], seed: 3))
  }

  @Test func evaluationSeesTheImagesThemselves() throws {
    let options = TrainingOptions(loss: "mse", optimizer: "SGD")
    let plain = try Trainer(model: model([]), options: options).evaluate(data()).loss
    #expect(try Trainer(model: model(Self.layers), options: options).evaluate(data()).loss == plain)
  }
}
