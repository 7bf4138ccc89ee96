import KerasCore
import KerasGraph

/// Names of the axes whose size is open: `batch`, and `INPUT_axis1` for the others.
public struct DimensionNames {
  private var inputs: [String: [Int: String]] = [:]
  private var outputs: [Int: [Int: String]] = [:]

  public init(_ source: ExportGraph) {
    let graph = source.graph
    var names: [String] = []
    for input in source.inputNames {
      guard let value = graph.input(named: input) else { continue }
      for (axis, size) in graph.shape(value).dimensions.enumerated() where size == nil {
        let name = axis == 0 ? "batch" : "\(input)_axis\(axis)"
        inputs[input, default: [:]][axis] = name
        if !names.contains(name) { names.append(name) }
      }
    }
    // An output's axis has the name whose size it follows.
    var sizes: [String: Int] = [:]
    for name in names { sizes[name] = name == "batch" ? 2 : 64 }
    guard let before = shapes(of: graph, sizes) else { return }
    for name in names {
      var other = sizes
      other[name, default: 0] += name == "batch" ? 3 : 32
      guard let after = shapes(of: graph, other) else { continue }
      for (index, value) in graph.outputs.enumerated() {
        for axis in 0..<graph.shape(value).rank
        where before[index][axis] == sizes[name] && after[index][axis] == other[name]
          && graph.shape(value)[axis] == nil
        {
          outputs[index, default: [:]][axis] = name
        }
      }
    }
  }

  public func ofInput(_ name: String) -> [Int: String] { inputs[name] ?? [:] }
  public func ofOutput(_ index: Int) -> [Int: String] { outputs[index] ?? [:] }

  /// The outputs' shapes with those sizes; `nil` if the graph does not take them.
  private func shapes(of graph: Graph, _ sizes: [String: Int]) -> [Shape]? {
    var types: [String: TensorType] = [:]
    for name in graph.inputNames {
      guard let value = graph.input(named: name) else { return nil }
      var type = graph.type(value)
      for (axis, symbol) in inputs[name] ?? [:] { type.shape[axis] = sizes[symbol] }
      types[name] = type
    }
    guard let concrete = try? graph.specialized(inputs: types) else { return nil }
    return graph.outputs.map { concrete.shape($0) }
  }
}
