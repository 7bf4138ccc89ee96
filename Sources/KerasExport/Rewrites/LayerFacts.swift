import KerasCore
import KerasGraph
import KerasModel

/// What the lowered model says of its layers, by path: asked once, as lowering a large model takes its time.
struct LayerFacts: Sendable {
  /// Shapes of the inputs of every layer's first call.
  private(set) var inputShapes: [String: [Shape]] = [:]
  /// Types of the outputs of every layer's calls; rewrites add those of the layers they put in.
  var outputTypes: [String: [[TensorType]]] = [:]
  /// Layers whose first input has a mask in some call.
  private(set) var masked: Set<String> = []
  /// The output of a call of a layer that made a mask.
  struct MaskOrigin: Sendable, Hashable {
    var path: String
    var call: Int
    var output: Int
  }

  /// Who made the masks of the inputs of every layer's calls.
  private(set) var maskOrigins: [String: [[MaskOrigin?]]] = [:]
  /// Layers whose outputs have a mask that an output of the model depends on.
  private(set) var maskReaders: Set<String> = []
  /// Layers whose outputs have a mask that a mask of the model's outputs depends on, by which losses are counted.
  private(set) var maskedLosses: Set<String> = []
  /// Merging layers that would compute something else by Keras 3's rule of merged masks.
  private(set) var maskSensitive: Set<String> = []

  init() {}

  init(_ network: Network) throws(ExportError) {
    let model: LoweredModel
    do { model = try network.lowered(training: false) } catch { throw ExportError(.model(error)) }
    let graph = model.graph
    let forOutputs = Self.needed(by: graph.outputs, in: graph)
    let forAll = Self.needed(by: graph.outputs + model.outputMasks.compactMap { $0 }, in: graph)
    var makers: [Value: MaskOrigin] = [:]
    for output in model.layerOutputs {
      let call = outputTypes[output.path]?.count ?? 0
      maskOrigins[output.path, default: []].append(output.inputMasks.map { $0.flatMap { makers[$0] } })
      for (number, mask) in output.outputMasks.enumerated() {
        guard let mask, makers[mask] == nil else { continue }
        makers[mask] = MaskOrigin(path: output.path, call: call, output: number)
      }
      if inputShapes[output.path] == nil { inputShapes[output.path] = output.inputShapes }
      outputTypes[output.path, default: []].append(output.outputValues.map { graph.type($0) })
      if output.inputMasks.first.flatMap({ $0 }) != nil { masked.insert(output.path) }
      let masks = output.outputMasks.compactMap { $0?.node }
      if masks.contains(where: { forOutputs.contains($0) }) { maskReaders.insert(output.path) }
      if masks.contains(where: { forAll.contains($0) }) { maskedLosses.insert(output.path) }
      guard output.inputMasks.contains(where: { $0 != nil }) else { continue }
      let isOne = Set(output.inputMasks).count == 1
      if output.className == "Multiply" || masks.contains(where: { forAll.contains($0) }) && !isOne {
        maskSensitive.insert(output.path)
      }
    }
  }

  /// The nodes that some values depend on.
  static func needed(by values: [Value], in graph: Graph) -> Set<Int> {
    var needed = Set(values.map(\.node))
    for (index, node) in graph.nodes.enumerated().reversed() where needed.contains(index) {
      needed.formUnion(node.operands.map(\.node))
    }
    return needed
  }
}
