import Foundation
import KerasCore
import KerasGraph
import KerasKit
import OrderedCollections
import Testing

/// A layer class of a program's own: x · sigmoid(slope · x) with a learned slope for each feature.
private struct Swoosh: Layer {
  static let className = "Lab>Swoosh"
  let gain: Double

  init(_ config: inout ConfigReader) throws(ModelError) { gain = try config.double("gain", default: 1) }

  var config: OrderedDictionary<String, JSON> { ["gain": .number(gain)] }

  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    [WeightSpec("slope", [inputs.first?.dimensions.last.flatMap { $0 } ?? 1], initializer: "ones")]
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let input = try call.single()
    let gate = try context.op(.unary(.sigmoid), context.op(.binary(.multiply), input.value, context.weight("slope")))
    let product = try context.op(.binary(.multiply), input.value, gate)
    return [LayerTensor(try context.op(.binary(.multiply), product, context.constant(Float(gain))), mask: input.mask)]
  }
}

/// A layer around a function of a program's own, in closures: sign(x)·|x|^p with a learned p.
private struct SignedPower: Layer {
  static let className = "Lab>SignedPower"

  private static let power = CustomFunction(
    "signedPower",
    forward: { operands in
      let (x, p) = (operands[0].values, operands[1].values[0])
      return x.map { ($0 < 0 ? -1 : 1) * pow(abs($0), p) }
    },
    backward: { operands, result, gradient in
      let (x, p) = (operands[0].values, operands[1].values[0])
      let ofX = x.indices.map { gradient.values[$0] * p * pow(abs(x[$0]), p - 1) }
      let ofP = x.indices.map { gradient.values[$0] * result.values[$0] * log(abs(x[$0])) }
      return [ofX, [ofP.reduce(0, +)]]
    })

  init(_ config: inout ConfigReader) throws(ModelError) {}

  var config: OrderedDictionary<String, JSON> { [:] }

  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    [WeightSpec("exponent", [], initializer: "ones")]
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let input = try call.single()
    return [LayerTensor(try context.op(.custom(Self.power), input.value, context.weight("exponent")), mask: input.mask)]
  }
}

/// `LayerRegistry.register`: the gradient comes from the ops, so that such a layer trains like any other.
@Suite struct RegisteredLayerTests {
  private static let architecture: JSON = [
    "class_name": "Sequential", "keras_version": "2.15.0", "backend": "tensorflow",
    "config": [
      "name": "m",
      "layers": [
        ["class_name": "InputLayer", "config": ["name": "x", "batch_input_shape": [nil, 2], "dtype": "float32"]],
        ["class_name": "Lab>Swoosh", "registered_name": "Lab>Swoosh", "config": ["name": "s", "gain": 2.0]],
      ],
    ],
  ]

  private func model() throws -> Model {
    try LayerRegistry.register(Swoosh.self)
    let source = ModelSource(file: "lab.json", format: .json, config: Self.architecture)
    var options = LoadOptions()
    options.requiresWeights = false
    var loaded = try LoadedModel.load(source: source, options: options)
    loaded.weights = ["s/slope": try TensorData(shape: [2], floats: [1, 0.5])]
    return try Model(loaded)
  }

  @Test func itComputesAndTrains() throws {
    let model = try model()
    let x = try TensorData(shape: [1, 2], floats: [1, 2])
    // 2x / (1 + e^−sx) for x = 1, s = 1 and x = 2, s = ½.
    let gate = 0.731_058_6
    let y = try #require(try model.predict([x]).first).doubles()
    #expect(abs(y[0] - 2 * gate) < 1e-6 && abs(y[1] - 4 * gate) < 1e-6)
    let targets = try TensorData(shape: [1, 2], floats: [0, 0])
    try model.fineTune(
      DataSet(inputs: [x], targets: [targets]), options: .init(loss: "mse", optimizer: "SGD", learningRate: 0.1))
    // ∂(½·Σy²)/∂s = y · 2x²·g(1 − g): the loss is the mean of two squares.
    let slope = try #require(model.loaded.weights["s/slope"]).doubles()
    let expected = [1 - 0.1 * y[0] * 2 * gate * (1 - gate), 0.5 - 0.1 * y[1] * 8 * gate * (1 - gate)]
    #expect(abs(slope[0] - expected[0]) < 1e-6 && abs(slope[1] - expected[1]) < 1e-6)
  }

  @Test func itIsWrittenUnderItsRegisteredName() throws {
    let path = NSTemporaryDirectory() + "registered-\(UUID().uuidString).keras"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try model().save(to: path)
    let written = try ModelFile.open(path)
    let layer = try #require(written.config?["config"]?["layers"]?.arrayValue?.last)
    #expect(layer["registered_name"] == "Lab>Swoosh" && layer["class_name"] == "Swoosh" && layer["module"] == .null)
    let again = try Model.load(path)
    #expect(try #require(again.loaded.weights["s/slope"]).floats() == [1, 0.5])
  }

  @Test func namesOfKerasAreTaken() {
    struct Dense: Layer {
      static let className = "Dense"
      init(_ config: inout ConfigReader) throws(ModelError) {}
      var config: OrderedDictionary<String, JSON> { [:] }
      func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
        call.inputs
      }
    }
    #expect(throws: ModelError.self) { try LayerRegistry.register(Dense.self) }
  }

  /// A Dense layer before the closures, so that their gradient goes on to its kernel.
  private func signedPower(exponent: Float, kernel: [Float]) throws -> Model {
    try LayerRegistry.register(SignedPower.self)
    let layers: [JSON] = [
      ["class_name": "InputLayer", "config": ["name": "x", "batch_input_shape": [nil, 2], "dtype": "float32"]],
      ["class_name": "Dense", "config": ["name": "d", "units": 2, "use_bias": false, "activation": "linear"]],
      ["class_name": "Lab>SignedPower", "registered_name": "Lab>SignedPower", "config": ["name": "p"]],
    ]
    var options = LoadOptions()
    options.requiresWeights = false
    var loaded = try LoadedModel.load(
      source: ModelSource(
        file: "lab.json", format: .json,
        config: [
          "class_name": "Sequential", "keras_version": "2.15.0", "backend": "tensorflow",
          "config": ["name": "m", "layers": .array(layers)],
        ]), options: options)
    loaded.weights = [
      "p/exponent": try TensorData(shape: [], floats: [exponent]),
      "d/kernel": try TensorData(shape: [2, 2], floats: kernel),
    ]
    return try Model(loaded)
  }

  @Test func closuresComputeAndTrain() throws {
    let kernel: [Float] = [1, -0.5, 0.25, 2]
    let x = try TensorData(shape: [3, 2], floats: [1, 2, -0.5, 0.7, 0.9, -0.6])
    let y0 = try TensorData(shape: [3, 2], floats: [0.5, 1, 0, -1, 2, 0.1])
    let data = try DataSet(inputs: [x], targets: [y0])
    let model = try signedPower(exponent: 1.5, kernel: kernel)
    // 1·1 + 2·¼ = 1.5 and −½ + 4 = 3.5.
    let y = try #require(try model.predict([x]).first).doubles()
    #expect(abs(y[0] - pow(1.5, 1.5)) < 1e-5 && abs(y[1] - pow(3.5, 1.5)) < 1e-5)
    let options = TrainingOptions(loss: "mse", optimizer: "SGD", learningRate: 0.01)
    func loss(_ exponent: Float, _ kernel: [Float]) throws -> Double {
      try signedPower(exponent: exponent, kernel: kernel).evaluate(data, options: options).loss
    }
    try model.fineTune(data, batchSize: 3, shuffles: false, options: options)
    // What one step took off, against the difference of the loss around each weight.
    let h: Float = 4e-3
    let exponent = try #require(model.loaded.weights["p/exponent"]).doubles()[0]
    let slope = try (loss(1.5 + h, kernel) - loss(1.5 - h, kernel)) / Double(2 * h)
    #expect(abs((1.5 - exponent) / 0.01 - slope) < 1e-2 * max(1, abs(slope)))
    let trained = try #require(model.loaded.weights["d/kernel"]).doubles()
    for index in kernel.indices {
      var (up, down) = (kernel, kernel)
      up[index] += h
      down[index] -= h
      let slope = try (loss(1.5, up) - loss(1.5, down)) / Double(2 * h)
      #expect(abs((Double(kernel[index]) - trained[index]) / 0.01 - slope) < 1e-2 * max(1, abs(slope)))
    }
  }

  @Test func aClosuresErrorSaysWhose() throws {
    let short = CustomFunction("short", forward: { _ in [1] })
    #expect(!short.isDifferentiable)
    let error = #expect(throws: GraphError.self) { try short.result([], shape: [2, 2]) }
    #expect("\(try #require(error))".contains("short"))
  }
}
