import KerasCore
import KerasEngine
import KerasFile
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel
@testable import KerasTraining

/// RandomHeight and RandomWidth, whose sizes the trainer draws for each step.
@Suite struct RandomSizeTests {
  @Test(arguments: RecordedAugmentation.all.filter(\.drawsSize))
  func imagesAreKeras(_ recorded: RecordedAugmentation) throws {
    let layer = try LayerRegistry.layer(["class_name": .string(recorded.className), "config": recorded.config]).layer
    var context = LoweringContext(isTraining: true)
    let shape = Shape([nil] + recorded.x.shape.dropFirst().map { Optional($0) })
    let x = context.graph.addInput("x", TensorType(.float32, shape))
    context.graph.outputs = try layer.lower(LayerCall(inputs: [LayerTensor(x)]), &context).map(\.value)
    let size = try #require(context.randomSizes.first)
    #expect(size.lower == 0.5 && size.upper == 1.5)
    // The number that makes the recorded factor.
    let factor = try #require(recorded.draws["factor"]?.floats().first)
    let length = size.length(for: Double(factor) - 0.5)
    #expect(length == recorded.y.shape[recorded.className == "RandomHeight" ? 1 : 2])
    let inputs = [
      "x": recorded.x, size.name: try TensorData(shape: [length], floats: Array(repeating: 0, count: length)),
    ]

    let expected = try recorded.y.doubles()
    let exact = try Interpreter.run(context.graph, inputs: inputs.mapValues { try Tensor($0) })[0]
    #expect(exact.shape == recorded.y.shape)
    #expect(zip(exact.values, expected).allSatisfy { abs($0 - $1) <= 2e-3 })
    let executor = Executor(context.graph, parameters: ParameterStore(), options: EngineOptions(threads: 1))
    let found = try #require(executor.run(inputs).first).doubles()
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 2e-3 })
  }

  /// int(factor · size), the factor uniform between the bounds.
  @Test func lengthsAreThePartsOfAUniformFactor() {
    let size = RandomSize(name: "s", base: 10, lower: 0.8, upper: 1.2)
    let lengths = (0..<4000).map { size.length(for: Double($0) / 4000) }
    #expect(Set(lengths) == [8, 9, 10, 11])
    for length in 8...11 { #expect(abs(lengths.count { $0 == length } - 1000) <= 2) }
    #expect(RandomSize(name: "s", base: 3, lower: 0, upper: 0.1).length(for: 0) == 1)
  }

  private func trained(_ extra: [JSON], seed: UInt64) throws -> [String: TensorData] {
    let input: JSON = ["class_name": "InputLayer", "config": ["name": "x", "batch_shape": [nil, 8, 6, 2]]]
    let layers: [JSON] =
      [input] + extra + [
        ["class_name": "Conv2D", "config": ["name": "conv", "filters": 3, "kernel_size": [3, 3], "padding": "same"]],
        ["class_name": "GlobalMaxPooling2D", "config": ["name": "pool"]],
        ["class_name": "Dense", "config": ["name": "dense", "units": 2]],
      ]
    let architecture: JSON = [
      "class_name": "Sequential", "config": ["name": "m", "layers": .array(layers)], "keras_version": "2.15.0",
      "backend": "tensorflow",
    ]
    var options = LoadOptions()
    options.requiresWeights = false
    let source = ModelSource(file: "sizes.json", format: .json, config: architecture)
    var model = try LoadedModel.load(source: source, options: options)
    func numbers(_ shape: [Int]) throws -> TensorData {
      try TensorData(shape: shape, floats: (0..<shape.reduce(1, *)).map { Float($0 * 7 % 11) / 20 - 0.2 })
    }
    model.weights = [
      "conv/kernel": try numbers([3, 3, 2, 3]), "conv/bias": try numbers([3]), "dense/kernel": try numbers([3, 2]),
      "dense/bias": try numbers([2]),
    ]
    let data = try DataSet(
      inputs: [TensorData(shape: [6, 8, 6, 2], floats: (0..<576).map { Float($0 * 37 % 101) / 100 })],
      targets: [TensorData(shape: [6, 2], floats: (0..<12).map { Float($0 % 3) })])
    let trainer = try Trainer(
      model: model, options: TrainingOptions(loss: "mse", optimizer: "SGD", learningRate: 0.01, seed: seed))
    try trainer.fit(data, FitOptions(epochs: 4, batchSize: 2))
    return try trainer.weights()
  }

  private static let sizes: [JSON] = [
    ["class_name": "RandomHeight", "config": ["name": "height", "factor": 0.4]],
    ["class_name": "RandomWidth", "config": ["name": "width", "factor": [-0.3, 0.6], "interpolation": "nearest"]],
  ]
  private static let resized: JSON = ["class_name": "Resizing", "config": ["name": "r", "height": 5, "width": 4]]

  @Test(arguments: [sizes, sizes + [resized]])
  func theSameSeedGivesTheSameWeights(_ layers: [JSON]) throws {
    #expect(try trained(layers, seed: 5) == trained(layers, seed: 5))
    #expect(try trained(layers, seed: 5) != trained(layers, seed: 6))
  }
}
