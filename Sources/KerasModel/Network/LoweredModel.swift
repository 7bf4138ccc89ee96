import KerasCore
import KerasGraph

/// A model as an op graph, with what running and training it need to know.
public struct LoweredModel: Sendable {
  /// Its `outputs` are the model's outputs in order.
  public var graph: Graph
  public var inputNames: [String]
  public var outputNames: [String]
  /// The masks of the outputs, for losses.
  public var outputMasks: [Value?]
  /// The parameters the graph uses, in order of first use.
  public var parameters: [(name: String, spec: WeightSpec, trainable: Bool)]
  /// Variables that are in no file and begin at zero: states of stateful layers, counters.
  public var stateParameters: [(name: String, shape: [Int])]
  /// Sizes that each training step draws: inputs of the graph beside `inputNames`.
  public var randomSizes: [RandomSize]
  /// Penalties on activations, as facts: an era's rules decide what they mean.
  public var activities: [ActivityRecord]
  /// New values for non-trainable variables after a training step.
  public var updates: [VariableUpdate]
  /// New values for the states of stateful layers after every call.
  public var stateUpdates: [VariableUpdate]
  public var layerOutputs: [LayerOutput]
}

extension Network {
  /// The model as a graph with unknown batch size (a fixed one only if a layer is stateful).
  ///
  /// With `keepsSizes` inputs that state a first size keep it: they are tables then, and no samples.
  /// With `augmentation` images are changed at random before the model, in training. Throws `ModelError` if the config does
  /// not state the input shape, a layer cannot be lowered, or no input is an image.
  public func lowered(
    training: Bool = false, batchNormalization: BatchNormalizationSemantics = .init(),
    augmentation: Augmentation? = nil, keepsSizes: Bool = false
  ) throws(ModelError) -> LoweredModel {
    let inputs = try inputs
    var context = LoweringContext(isTraining: training, batchNormalization: batchNormalization)
    context.hasFixedBatch = inputs.contains { $0.type.shape.rank > 0 && $0.type.shape[0] != nil }
    let keepsBatch = keepsSizes || isStateful
    var tensors = inputs.map { input in
      var type = input.type
      if !keepsBatch, type.shape.rank > 0 { type.shape[0] = nil }
      return LayerTensor(context.graph.addInput(input.name, type))
    }
    if training, let augmentation {
      var isUsed = false
      for (index, tensor) in tensors.enumerated() {
        guard let changed = try augmentation.applied(to: tensor, &context) else { continue }
        (tensors[index], isUsed) = (changed, true)
      }
      guard isUsed else {
        throw ModelError(
          .unsupported("augmentation of a model without an image as input: four axes, one of them of 1 to 4 channels"))
      }
    }
    let outputs = try run(LayerCall(inputs: tensors), &context).outputs
    context.graph.outputs = outputs.map(\.value)
    return LoweredModel(
      graph: context.graph, inputNames: inputs.map(\.name), outputNames: outputNames,
      outputMasks: outputs.map(\.mask), parameters: context.parameters, stateParameters: context.stateParameters,
      randomSizes: context.randomSizes,
      activities: context.activities, updates: context.updates, stateUpdates: context.stateUpdates,
      layerOutputs: context.layerOutputs)
  }
}
