import KerasExport
import KerasGraph

/// Gives the tensors that hold a graph's outputs the outputs' names.
struct OutputNaming {
  private let emission: GraphEmission
  /// New names by the old ones.
  private var renamed: [String: String] = [:]

  init(_ emission: GraphEmission) { self.emission = emission }

  /// Names the tensor of an output, or a copy of it where it has a name already or no node made it.
  mutating func give(_ name: String, to value: Value) throws(ExportError) {
    emission.scope = emission.graph.nodes[value.node].scope
    do {
      let tensor = try emission.tensor(value)
      let isMade = emission.nodes.contains { $0.output.contains(tensor) }
      if isMade, renamed[tensor] == nil {
        renamed[tensor] = name
      } else {
        renamed[emission.node("Identity", [tensor])] = name
      }
    } catch let error as ExportError {
      throw error
    } catch {
      throw ExportError(.malformed("the output '\(name)': \(error)"))
    }
  }

  /// The graph's nodes with the new names.
  func nodes() -> [ONNXNodeProto] { emission.nodes.map { renaming($0) } }

  private func renaming(_ node: ONNXNodeProto) -> ONNXNodeProto {
    var node = node
    node.input = node.input.map { renamed[$0] ?? $0 }
    node.output = node.output.map { renamed[$0] ?? $0 }
    // A loop's body sees the tensors around it.
    for index in node.attribute.indices where node.attribute[index].hasG {
      node.attribute[index].g.node = node.attribute[index].g.node.map { renaming($0) }
    }
    return node
  }
}
