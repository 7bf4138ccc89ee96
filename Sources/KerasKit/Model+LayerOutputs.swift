import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// What a layer puts out, at each of its calls.
public struct LayerValues: Sendable {
  /// Names from the outer model on: `encoder/dense_1`.
  public var path: String
  public var className: String
  /// One array for each call and output; nothing but float arrays.
  public var arrays: [TensorData]
}

extension Model {
  /// The outputs of all layers, those of nested models too, in the order of the computation; inference.
  ///
  /// `arrays` are in the order of the model's inputs. All are held at once: meant for a few samples.
  public func layerOutputs(_ arrays: [TensorData]) throws(KerasKitError) -> [LayerValues] {
    let fitted = try fitted(arrays)
    return try KerasKitError.wrap {
      let containers: Set<String> = ["Sequential", "Functional", "Model"]
      var layers: [LayerValues] = []
      var places: [String: Int] = [:]
      var graph = lowered.graph
      var owners: [Int] = []
      graph.outputs = []
      for output in lowered.layerOutputs where !containers.contains(output.className) {
        let place = places[output.path] ?? layers.count
        if place == layers.count {
          places[output.path] = place
          layers.append(LayerValues(path: output.path, className: output.className, arrays: []))
        }
        for value in output.outputValues where graph.type(value).dtype == .float32 {
          graph.outputs.append(value)
          owners.append(place)
        }
      }
      let store = ParameterStore()
      for (name, data) in loaded.weights { try store.set(name, data) }
      for (name, shape) in lowered.stateParameters { try store.set(name, TensorData.filled(0, shape: shape)) }
      let executor = Executor(graph, parameters: store, options: engineOptions)
      let results = try executor.run(Dictionary(zip(inputs.map(\.name), fitted), uniquingKeysWith: { $1 }))
      for (place, result) in zip(owners, results) { layers[place].arrays.append(result) }
      return layers
    }
  }
}
