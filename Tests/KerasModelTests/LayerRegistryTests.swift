import KerasCore
import KerasGraph
import OrderedCollections
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// What every registered layer must do, whatever it computes.
@Suite struct LayerRegistryTests {
  @Test func everyRegisteredLayerHasASample() {
    let registered = Set(LayerRegistry.types.map { $0.className })
    #expect(registered.subtracting(LayerSample.all.map(\.className)).sorted() == [])
    #expect(registered.count == LayerRegistry.types.count)
  }

  @Test(arguments: LayerSample.all) func configComesBackAsKerasWroteIt(_ sample: LayerSample) throws {
    let saved = try sample.fields()
    let written = try sample.layer().config
    for (key, value) in saved where !["lora_rank", "lora_alpha"].contains(key) {
      #expect(Self.canonical(written[key] ?? "absent") == Self.canonical(value), "\(sample.className).\(key)")
    }
    // Keras leaves out fields that are null or never vary for a class.
    for (key, value) in written where saved[key] == nil {
      #expect(value.isNull || key == "data_format", "\(sample.className).\(key) is new")
    }
  }

  @Test(arguments: LayerSample.all) func everyFieldKerasWritesIsRead(_ sample: LayerSample) throws {
    let object: JSON = ["class_name": .string(sample.className), "config": .object(try sample.fields())]
    #expect(try LayerRegistry.read(object).unread == [])
  }

  @Test(arguments: LayerSample.all)
  func shapesKnownBeforehandAreThoseComputed(_ sample: LayerSample) throws {
    try compareShapes(sample, training: false)
  }

  /// Without those whose training is refused; see AttentionValueTests and AugmentationTests.
  private static let trainable = LayerSample.all.filter { !LayerSample.isUntrainable($0) }

  @Test(arguments: trainable)
  func shapesKnownBeforehandAreThoseComputedInTraining(_ sample: LayerSample) throws {
    try compareShapes(sample, training: true)
  }

  private func compareShapes(_ sample: LayerSample, training: Bool) throws {
    let layer = try sample.layer()
    var context = LoweringContext(isTraining: training)
    var tensors: [LayerTensor] = []
    var data: [String: Tensor] = [:]
    for (index, shape) in sample.inputs.enumerated() {
      tensors.append(LayerTensor(context.graph.addInput("x\(index)", TensorType(sample.dtype, shape))))
      data["x\(index)"] = Tensor.generate(shape.dimensions.map { $0 ?? 2 }) { index in
        sample.className == "Embedding"
          ? Double(index.reduce(0, +) % 2) : Double(index.reduce(1, { $0 * 3 + $1 }) % 7) / 4 - 0.6
      }
    }
    let specs = try layer.weights(sample.inputs)
    let results = try context.inLayer(named: "layer", parameterPrefix: "layer/", specs: specs, trainable: true) {
      context throws(ModelError) in try context.apply(layer, LayerCall(inputs: tensors))
    }
    var parameters: [String: Tensor] = [:]
    for spec in specs {
      parameters["layer/" + spec.path] = Tensor.generate(spec.shape) {
        Double($0.reduce(1, { $0 * 5 + $1 }) % 11) / 20 + 0.1
      }
    }
    context.graph.outputs = results.map(\.value)
    let outputs = try Interpreter.run(context.graph, inputs: data, parameters: parameters)
    #expect(outputs.count == results.count)
    for (result, output) in zip(results, outputs) {
      #expect(context.shape(result.value).accepts(output.shape))
      #expect(output.values.allSatisfy { $0.isFinite })
      if sample.className != "InputLayer" { #expect(context.shape(result.value)[0] == nil) }
    }
  }

  @Test(arguments: LayerSample.all) func everyWeightIsUsed(_ sample: LayerSample) throws {
    let layer = try sample.layer()
    var context = LoweringContext(isTraining: false)
    let tensors = sample.inputs.enumerated().map {
      LayerTensor(context.graph.addInput("x\($0)", TensorType(sample.dtype, $1)))
    }
    let specs = try layer.weights(sample.inputs)
    _ = try context.inLayer(named: "layer", parameterPrefix: "layer/", specs: specs, trainable: true) {
      context throws(ModelError) in try context.apply(layer, LayerCall(inputs: tensors))
    }
    #expect(Set(context.parameters.map(\.name)) == Set(specs.map { "layer/" + $0.path }))
  }

  /// Objects without regard to the order of their keys.
  private static func canonical(_ value: JSON) -> JSON {
    switch value {
    case .object(let members):
      .object(
        OrderedDictionary(
          uniqueKeysWithValues: members.sorted { $0.key < $1.key }.map { ($0.key, canonical($0.value)) }))
    case .array(let elements): .array(elements.map(canonical))
    case .integer(let number): .number(Double(number))
    default: value
    }
  }
}
