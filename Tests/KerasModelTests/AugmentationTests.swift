import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Augmentation layers at inference, measured on Keras 3.15.1 with pixels from -20 to 280: all equal to their input.
@Suite struct AugmentationTests {
  @Test(arguments: LayerSample.augmentation) func inferenceGivesTheImagesBack(_ sample: LayerSample) throws {
    let layer = try sample.layer()
    var context = LoweringContext(isTraining: false)
    let input = context.graph.addInput("x", TensorType(.float32, Shape([nil, 8, 8, 3])))
    let results = try context.apply(layer, LayerCall(inputs: [LayerTensor(input)]))
    context.graph.outputs = results.map(\.value)
    let images = Tensor.generate([2, 8, 8, 3]) { Double($0.reduce(1, { $0 * 3 + $1 }) % 300) - 20 }
    let outputs = try Interpreter.run(context.graph, inputs: ["x": images], parameters: [:])
    #expect(outputs.count == 1)
    #expect(outputs[0].shape == images.shape)
    #expect(outputs[0].values == images.values)
  }
}
