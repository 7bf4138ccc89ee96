import KerasCore
import KerasModel

/// The shapes Keras 3 writes beside every tensor of a functional config.
struct TensorShapes {
  private var shapes: [String: [[Shape]]] = [:]

  /// Takes the outputs of every call, in order.
  init(_ outputs: [LayerOutput]) {
    for output in outputs { shapes[output.path, default: []].append(output.outputShapes) }
  }

  func fill(in model: inout ModelConfig, path: String = "") {
    var dtypes: [String: JSON] = [:]
    for layer in model.layers where layer.className == "InputLayer" { dtypes[layer.name] = layer.fields["dtype"] }
    for index in model.layers.indices {
      let here = path.isEmpty ? model.layers[index].name : path + "/" + model.layers[index].name
      if var nested = model.layers[index].model {
        fill(in: &nested, path: here)
        model.layers[index].model = nested
      }
      model.layers[index].nodes = model.layers[index].nodes.map { node in
        node.replacingTensors { reference in
          .tensor(
            reference, shape: shape(reference, path, model), dtype: dtypes[reference.layer] ?? "float32")
        }
      }
    }
  }

  private func shape(_ reference: TensorReference, _ path: String, _ model: ModelConfig) -> JSON {
    let here = path.isEmpty ? reference.layer : path + "/" + reference.layer
    if let calls = shapes[here], calls.indices.contains(reference.node),
      calls[reference.node].indices.contains(reference.tensor)
    {
      return JSON(calls[reference.node][reference.tensor])
    }
    let input = model.layers.first { $0.name == reference.layer && $0.className == "InputLayer" }
    return input?.fields["batch_shape"] ?? [nil]
  }
}
