import KerasCore
import KerasEngine
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Transformations that Keras drew, applied by this program: in double precision and by the engine.
@Suite struct AugmentationTransformTests {
  @Test func everyRecordingIsFound() { #expect(RecordedAugmentation.all.count == 119) }

  @Test(arguments: RecordedAugmentation.all.filter { !$0.drawsSize })
  func imagesAreKeras(
    _ recorded: RecordedAugmentation
  ) throws {
    let layer = try recorded.layer()
    var context = LoweringContext(isTraining: true)
    var inputs = ["x": recorded.x]
    // The batch's size is not known beforehand, as in training.
    let shape = Shape([nil] + recorded.x.shape.dropFirst().map { Optional($0) })
    let x = context.graph.addInput("x", TensorType(.float32, shape))
    var draws = Draws()
    for (name, data) in recorded.draws {
      inputs[name] = data
      draws[name] = context.graph.addInput(name, TensorType(data.dtype, Shape(data.shape)))
    }
    let format = try layer.fields.dataFormat()
    let images = try format.toChannelsLast(x, &context)
    let result = try format.fromChannelsLast(layer.transformed(images, by: draws, &context), &context)
    context.graph.outputs = [result]

    let exact = try Interpreter.run(context.graph, inputs: inputs.mapValues { try Tensor($0) })[0]
    let expected = try Tensor(recorded.y)
    #expect(exact.shape == expected.shape)
    // Single precision places pixels to 1e-6 of the image's size, which the slope between pixels multiplies.
    let scale = expected.values.map(abs).max() ?? 1
    let far = zip(exact.values, expected.values).map { abs($0 - $1) }.max() ?? 0
    #expect(far <= 2e-5 * max(scale, 1), "\(far) in double precision")

    let concrete = try context.graph.specialized(
      inputs: Dictionary(
        uniqueKeysWithValues: inputs.map { ($0.key, TensorType($0.value.dtype, Shape($0.value.shape))) }))
    let plan = try Plan(concrete, parameters: ParameterStore(), options: EngineOptions(threads: 1))
    let found = try #require(plan.run(inputs).first).doubles()
    let apart = zip(found, expected.values).map { abs($0 - $1) }.max() ?? 0
    #expect(found.count == expected.values.count)
    #expect(apart <= 2e-5 * max(scale, 1), "\(apart) by the engine")
  }
}
