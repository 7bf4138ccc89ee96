import KerasCore
import KerasGraph

/// One application of a layer in a model, with its shapes, for summaries.
public struct LayerOutput: Sendable {
  /// Names from the outer model on: `encoder/dense_1`.
  public var path: String
  public var className: String
  public var inputShapes: [Shape]
  public var outputShapes: [Shape]
  /// How many numbers the layer's variables hold, all layers inside it included.
  public var parameterCount: Int
  /// The masks that came with the inputs and left with the outputs.
  public var inputMasks: [Value?] = []
  public var outputMasks: [Value?] = []
  /// What the application gave, in the graph.
  public var outputValues: [Value] = []
}

extension LoweringContext {
  /// Lowers a layer whose scope is already entered, and records the penalty it asks for on what it puts out.
  mutating func apply(_ layer: any Layer, _ call: LayerCall) throws(ModelError) -> [LayerTensor] {
    let results = try layer.lower(call, &self)
    if let regularizer = layer.activityRegularizer {
      activities.append(
        ActivityRecord(
          layer: layerPath, className: layer.className, regularizer: regularizer, inputs: call.inputs.map(\.value),
          outputs: results.map(\.value), nesting: nesting, wrappers: wrappers, wrapperOutputs: [],
          nestedFirstInSequential: nestedFirstInSequential, hasFixedBatch: hasFixedBatch))
    }
    return results
  }

  /// Runs the body of a wrapper, then notes its own output on the penalties of the layers it wraps.
  mutating func wrapping(
    _ wrapper: ActivityRecord.Wrapper,
    _ body: (inout LoweringContext) throws(ModelError) -> [LayerTensor]
  ) throws(ModelError) -> [LayerTensor] {
    let first = activities.count
    wrappers.append(wrapper)
    defer { wrappers.removeLast() }
    let results = try body(&self)
    // Layers of a model inside the wrapper are not the wrapper's own.
    for index in first..<activities.count where activities[index].nesting == nesting {
      activities[index].wrapperOutputs = results.map(\.value)
    }
    return results
  }
}
