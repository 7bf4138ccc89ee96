import KerasCore
import KerasGraph

/// A cell that an RNN runs over time steps; by itself it is one step of its recurrence.
protocol RecurrentCell: Layer {
  var fields: RecurrentFields { get }
}

extension RecurrentCell {
  /// The variables, for an input `(batch, features)`; further inputs are states.
  func stepWeights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    guard let input = inputs.first else { throw ModelError(.inputCount(expected: "an input", found: 0)) }
    try input.expectRank(2)
    return try fields.weights([Shape([input[0], 1, input[1]])])
  }

  /// The output, then the new states.
  func step(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard let input = call.inputs.first else { throw ModelError(.inputCount(expected: "an input", found: 0)) }
    let states = call.inputs.dropFirst() + (call.keywordTensors["states"] ?? [])
    guard states.isEmpty || states.count == fields.stateCount else {
      throw ModelError(.inputCount(expected: "\(fields.stateCount) states", found: states.count))
    }
    let x = try context.expanded(context.cast(input.value, to: .float32), axis: 1)
    let results = try fields.results(x, states: states.map(\.value), mask: nil, &context)
    return ([results[1]] + results.dropFirst()).map { LayerTensor($0) }
  }
}
