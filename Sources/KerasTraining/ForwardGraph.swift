import KerasGraph
import KerasModel

/// A model's graph as far as training needs it.
struct ForwardGraph {
  var graph: Graph
  var inputNames: [String]
  var outputNames: [String]
  var outputs: [Value]
  /// `(batch, time)` bool per output that has a mask.
  var outputMasks: [Value?]
  var parameters: [(name: String, spec: WeightSpec, trainable: Bool)]
  var activities: [ActivityRecord]
  /// New values of statistics and states, to be stored after a training step.
  var updates: [VariableUpdate]
  /// Variables no file holds, which begin at zero.
  var stateParameters: [(name: String, shape: [Int])]
  /// Sizes that each step draws.
  var randomSizes: [RandomSize]
}

extension ForwardGraph {
  init(_ lowered: LoweredModel) {
    graph = lowered.graph
    inputNames = lowered.inputNames
    outputNames = lowered.outputNames
    outputs = lowered.graph.outputs
    outputMasks = lowered.outputMasks
    parameters = lowered.parameters
    activities = lowered.activities
    updates = lowered.updates + lowered.stateUpdates
    stateParameters = lowered.stateParameters
    randomSizes = lowered.randomSizes
  }
}
