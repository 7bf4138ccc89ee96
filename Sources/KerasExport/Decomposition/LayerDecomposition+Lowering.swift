import KerasCore
import KerasGraph
import KerasModel

/// What a layer computes in one call.
struct LoweredCall {
  /// With inputs `i0`, `i1` …; outputs are the layer's and then the masks asked for.
  var graph: Graph
  /// How many outputs the layer has.
  var count: Int
  /// The outputs whose masks follow.
  var masked: [Int]
  /// Weights that are trained, and those that are constants.
  var trained: Set<String>
  var constants: Set<String>
  var specs: [String: WeightSpec]
}

extension LayerDecomposition {
  func lowered(
    _ call: Int, _ inputs: [TensorReference], _ weights: [String: TensorData],
    _ types: (TensorReference) -> TensorType?
  ) throws(Failure) -> LoweredCall {
    let node = layer.nodes[call]
    var layers: [JSON] = []
    for (number, reference) in inputs.enumerated() {
      guard let type = types(reference) else { throw Failure(reason: "the shape of its input is not known") }
      let name = "i\(number)"
      layers.append([
        "module": "keras.layers", "class_name": "InputLayer",
        "config": ["name": .string(name), "batch_shape": JSON(type.shape), "dtype": .string(type.dtype.rawValue)],
        "name": .string(name), "inbound_nodes": [],
      ])
    }
    let inner = node.replacingTensors { reference in
      .tensor(TensorReference("i\(inputs.firstIndex(of: reference) ?? 0)"))
    }
    var json = layer.json
    json["name"] = .string(layer.name)
    json["inbound_nodes"] = [["args": inner.args, "kwargs": inner.kwargs]]
    layers.append(json)
    let inputNames = JSON.array(inputs.indices.map { [.string("i\($0)"), 0, 0] })
    func model(outputs: Int) -> JSON {
      [
        "class_name": "Functional",
        "config": [
          "name": "decomposed", "layers": .array(layers), "input_layers": inputNames,
          "output_layers": .array((0..<outputs).map { [.string(layer.name), 0, JSON($0)] }),
        ],
      ]
    }
    do {
      // How many outputs there are shows when it is lowered.
      let first = try Network(canonical: model(outputs: 1)).lowered(keepsSizes: true)
      let count = first.layerOutputs.last { $0.path == layer.name }?.outputValues.count ?? 1
      var whole = count == 1 ? first : try Network(canonical: model(outputs: count)).lowered(keepsSizes: true)
      if !options.makesResults { whole.graph.outputs = [] }
      var masked: [Int] = []
      for (number, mask) in whole.outputMasks.enumerated() where options.makesMasks {
        guard let mask else { continue }
        whole.graph.outputs.append(mask)
        masked.append(number)
      }
      let specs = try Network(canonical: model(outputs: count)).parameterSpecs()
      let trained =
        options.keepsVariables ? Set(specs.filter { $0.trainable && weights[$0.name] != nil }.map(\.name)) : []
      // Operations on constants alone would have no input in a functional model.
      let graph = try whole.graph.optimizedForInference(
        parameters: weights.filter { !trained.contains($0.key) }, constantLimit: Self.constantLimit)
      let matrices = call == 0 ? graph.matrixParameters : []
      let bound = weights.filter {
        graph.parameter(named: $0.key) != nil && !matrices.contains($0.key) && !trained.contains($0.key)
      }
      return LoweredCall(
        graph: try graph.binding(bound).withoutDeadCode(), count: options.makesResults ? count : 0, masked: masked,
        trained: trained,
        constants: Set(bound.keys),
        specs: Dictionary(specs.map { ($0.name, $0.spec) }, uniquingKeysWith: { first, _ in first }))
    } catch {
      throw Failure(reason: "\(error)")
    }
  }
}
