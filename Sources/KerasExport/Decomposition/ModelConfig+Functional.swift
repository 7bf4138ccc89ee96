import KerasCore
import KerasGraph
import KerasModel

extension ModelConfig {
  /// Makes a Sequential a functional model of the same layers; `inputShape` is what its first layer takes.
  mutating func becomeFunctional(inputShape: Shape?) throws(ExportError) {
    guard isSequential else { return }
    if layers.first?.className != "InputLayer" {
      guard let inputShape else {
        throw ExportError(.malformed("the shape of the model's input is not known"), layer: name)
      }
      let input = uniqueName("\(name)_input")
      layers.insert(
        LayerConfig(
          "InputLayer", name: input, fields: ["batch_shape": JSON(inputShape), "dtype": "float32", "sparse": false]),
        at: 0)
    }
    isSequential = false
    inputs = [TensorReference(layers[0].name)]
    for index in layers.indices.dropFirst() {
      layers[index].nodes = [CallNode(args: [.tensor(TensorReference(layers[index - 1].name))])]
    }
    outputs = [TensorReference(layers[layers.count - 1].name)]
  }

  /// Puts layers in place of the one at `index`, and leads what took its outputs to what stands for them.
  mutating func replace(
    _ index: Int, with made: [LayerConfig], _ replacements: [TensorReference: TensorReference]
  ) {
    layers.replaceSubrange(index...index, with: made)
    for place in layers.indices where !(index..<index + made.count).contains(place) {
      layers[place].nodes = layers[place].nodes.map { $0.replacingTensors { .tensor(replacements[$0] ?? $0) } }
    }
    outputs = outputs.map { replacements[$0] ?? $0 }
  }
}
