/// The order in which Keras 3 lists the layers of a functional model it has loaded, whatever the order in the file.
///
/// Weights are found by that order: `layers/dense_1` is the second Dense of it. Layers come by their distance from the
/// outputs, the farthest first; among equals in the order of a depth-first walk back from the outputs (Keras 3.15,
/// `map_graph`).
struct LayerOrder {
  private struct Node: Hashable {
    var layer: Int
    var call: Int
  }

  private let layers: [LayerConfig]
  private let indices: [String: Int]
  private var finished: Set<Node> = []
  private var nodes: [Node] = []
  private var firstSeen: [Int: Int] = [:]

  /// The model's layers in Keras' order, those that lead to no output left out.
  static func sorted(_ model: ModelConfig) -> [LayerConfig] {
    var order = LayerOrder(model)
    for output in model.outputs { order.visit(output) }
    return order.result(inputs: model.inputs)
  }

  private init(_ model: ModelConfig) {
    layers = model.layers
    indices = Dictionary(layers.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func node(_ reference: TensorReference) -> Node? {
    indices[reference.layer].map { Node(layer: $0, call: reference.node) }
  }

  private func parents(_ node: Node) -> [TensorReference] {
    let calls = layers[node.layer].nodes
    return calls.indices.contains(node.call) ? calls[node.call].references : []
  }

  /// Walks back from a tensor, without recursion: models may be thousands of layers deep.
  private mutating func visit(_ output: TensorReference) {
    guard let start = node(output) else { return }
    var stack: [(node: Node, next: Int)] = [(start, 0)]
    while let (current, next) = stack.last {
      if next == 0 {
        if finished.contains(current) {
          stack.removeLast()
          continue
        }
        if firstSeen[current.layer] == nil { firstSeen[current.layer] = firstSeen.count }
      }
      let parents = parents(current)
      if next < parents.count {
        stack[stack.count - 1].next += 1
        if let parent = node(parents[next]), !finished.contains(parent), !stack.contains(where: { $0.node == parent }) {
          stack.append((parent, 0))
        }
      } else {
        finished.insert(current)
        nodes.append(current)
        stack.removeLast()
      }
    }
  }

  private func result(inputs: [TensorReference]) -> [LayerConfig] {
    var nodeDepths: [Node: Int] = [:]
    var layerDepths: [Int: Int] = [:]
    for current in nodes.reversed() {
      let depth = max(nodeDepths[current, default: 0], layerDepths[current.layer, default: 0])
      layerDepths[current.layer] = depth
      nodeDepths[current] = depth
      for reference in parents(current) {
        guard let parent = node(reference) else { continue }
        nodeDepths[parent] = max(depth + 1, nodeDepths[parent, default: 0])
      }
    }
    var firstSeen = firstSeen
    for input in inputs {
      guard let index = indices[input.layer], layerDepths[index] == nil else { continue }
      layerDepths[index] = 0
      firstSeen[index] = -1
    }
    return layerDepths.keys.sorted { a, b in
      let (first, second) = (layerDepths[a, default: 0], layerDepths[b, default: 0])
      return first != second ? first > second : firstSeen[a, default: 0] < firstSeen[b, default: 0]
    }.map { layers[$0] }
  }
}
