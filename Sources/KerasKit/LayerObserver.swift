import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// Runs a model so that it gives out what each of its layers does; inference.
struct LayerObserver {
  /// The layers, those of nested models too, in the order of the computation.
  private(set) var layers: [(path: String, className: String)] = []
  private var owners: [Int] = []
  private let executor: Executor
  private let inputNames: [String]

  init(_ model: Model) throws {
    let containers: Set<String> = ["Sequential", "Functional", "Model"]
    var places: [String: Int] = [:]
    var graph = model.lowered.graph
    graph.outputs = []
    for output in model.lowered.layerOutputs where !containers.contains(output.className) {
      let place = places[output.path] ?? layers.count
      if place == layers.count {
        places[output.path] = place
        layers.append((output.path, output.className))
      }
      for value in output.outputValues where graph.type(value).dtype == .float32 {
        graph.outputs.append(value)
        owners.append(place)
      }
    }
    let store = ParameterStore()
    for (name, data) in model.loaded.weights { try store.set(name, data) }
    for (name, shape) in model.lowered.stateParameters { try store.set(name, TensorData.filled(0, shape: shape)) }
    executor = Executor(graph, parameters: store, options: model.engineOptions)
    inputNames = model.inputs.map(\.name)
  }

  /// The float outputs of all calls, each with the place of its layer, for arrays that fit the inputs.
  func run(_ arrays: [TensorData]) throws -> [(layer: Int, array: TensorData)] {
    let results = try executor.run(Dictionary(zip(inputNames, arrays), uniquingKeysWith: { $1 }))
    return zip(owners, results).map { ($0, $1) }
  }
}
