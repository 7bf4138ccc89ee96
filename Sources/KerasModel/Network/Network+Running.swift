import KerasCore
import KerasGraph

extension Network {
  /// The most elements one variable may have.
  static let largestWeight = 1 << 40

  /// Adds all calls to the graph; gives the outputs and the specs of each entry's weights.
  func run(
    _ call: LayerCall, _ context: inout LoweringContext
  ) throws(ModelError) -> (outputs: [LayerTensor], specs: [Int: [WeightSpec]]) {
    guard call.inputs.count == inputReferences.count else {
      throw ModelError(
        .inputCount(
          expected: inputReferences.count == 1 ? "1 input" : "\(inputReferences.count) inputs",
          found: call.inputs.count))
    }
    var values: [Reference: LayerTensor] = [:]
    for (reference, given) in zip(inputReferences, call.inputs) {
      var tensor = given
      if reference.layer >= 0, let input = entries[reference.layer].layer as? InputLayer {
        tensor.value = try context.cast(tensor.value, to: input.dtype())
        context.layerOutputs.append(output(of: entries[reference.layer], [], [tensor], [], context))
      }
      values[reference] = tensor
    }
    var specs: [Int: [WeightSpec]] = [:]
    let prefix = context.parameterName("")
    let isFirst = context.nestedFirstInSequential
    for step in calls {
      let entry = entries[step.layer]
      var inner = LayerCall(inputs: [], arguments: step.arguments)
      for reference in step.inputs { inner.inputs.append(try tensor(reference, values, entry)) }
      for (key, references) in step.keywordInputs {
        var tensors: [LayerTensor] = []
        for reference in references { tensors.append(try tensor(reference, values, entry)) }
        inner.keywordTensors[key] = tensors
      }
      if let masks = inner.keywordTensors["mask"], !inner.inputs.isEmpty {
        // One for each input, with nulls among them or not; else the first input's.
        var places = masks.count == inner.inputs.count ? Array(masks.indices) : [0]
        if let list = step.arguments["mask"]?.arrayValue { places = list.indices.filter { !list[$0].isNull } }
        for (place, mask) in zip(places, masks) where place < inner.inputs.count {
          inner.inputs[place].mask = try context.cast(mask.value, to: .bool)
        }
      }
      let own: [WeightSpec]
      if let known = specs[step.layer] {
        own = known
      } else {
        own = try weights(of: entry, inner.inputs.map { context.shape($0.value) })
        specs[step.layer] = own
      }
      // Only what comes before a model in its Sequential decides whether it stands first.
      context.nestedFirstInSequential =
        isFirst && kind == .sequential && entry.layer is Network && step.inputs.first == inputReferences.first
      let results = try context.inLayer(
        named: entry.name, parameterPrefix: prefix + entry.name + "/", specs: own, trainable: entry.trainable
      ) { context throws(ModelError) in
        if !(entry.layer is Network) { context.nestedFirstInSequential = isFirst }
        context.randomDraws = entry.randomDraws
        return try context.inPrecision(of: entry.policy, entry.layer, inner) { call, context throws(ModelError) in
          try context.apply(entry.layer, call)
        }
      }
      context.nestedFirstInSequential = isFirst
      context.layerOutputs.append(output(of: entry, inner.inputs, results, own, context))
      for (index, result) in results.enumerated() {
        values[Reference(layer: step.layer, node: step.node, tensor: index)] = result
      }
    }
    var outputs: [LayerTensor] = []
    for reference in outputReferences {
      guard let output = values[reference] else {
        throw ModelError(.malformedConfig("the model '\(name)' has an output that no layer gives"))
      }
      outputs.append(output)
    }
    return (outputs, specs)
  }

  private func tensor(
    _ reference: Reference, _ values: [Reference: LayerTensor], _ entry: Entry
  ) throws(ModelError) -> LayerTensor {
    if let tensor = values[reference] { return tensor }
    throw ModelError(
      .malformedConfig("its input is output \(reference.tensor) of '\(entries[reference.layer].name)', which has none"),
      layer: entry.name)
  }

  /// The entry's weights, of sizes that can exist.
  private func weights(of entry: Entry, _ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let specs: [WeightSpec]
    do { specs = try entry.layer.weights(inputs) } catch { throw error.inLayer(entry.name) }
    for spec in specs {
      guard let count = checkedProduct(spec.shape), count <= Self.largestWeight else {
        throw ModelError(
          .unsupported("the weight '\(spec.key)' of shape \(Shape(spec.shape)) is too large"), layer: entry.name)
      }
    }
    return specs
  }

  private func output(
    of entry: Entry, _ inputs: [LayerTensor], _ outputs: [LayerTensor], _ specs: [WeightSpec],
    _ context: LoweringContext
  ) -> LayerOutput {
    let owner = context.layerPath
    return LayerOutput(
      path: owner.isEmpty ? entry.name : owner + "/" + entry.name, className: entry.className,
      inputShapes: inputs.map { context.shape($0.value) }, outputShapes: outputs.map { context.shape($0.value) },
      parameterCount: specs.reduce(0) { $0 + (checkedProduct($1.shape) ?? 0) }, inputMasks: inputs.map(\.mask),
      outputMasks: outputs.map(\.mask), outputValues: outputs.map(\.value))
  }
}
