import KerasGraph
import KerasModel

/// Before Keras 3 a merged step counted if all inputs that have a mask have it; Keras 3 asks for any, and for all masks.
///
/// The same where no input has a mask, where all have the same one, and where nothing reads the merged mask.
enum MergeMask: LayerRewrite {
  private static let key = "keraskit>mask"
  private static let merging: Set<String> = [
    "Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let asksForAll = chain.layer.fields.removeValue(forKey: key) != nil
    let isSensitive = context.maskSensitive.contains(context.path)
    if !context.target.isKeras3 {
      guard asksForAll || !isSensitive || !merging.contains(chain.layer.className) else {
        throw context.refusal(
          "the merging of different masks in \(chain.layer.className)",
          "in Keras 3 a step counts if any input has it, and before it counted if all had it")
      }
      // Kept for those who compute with the rewritten config.
      if asksForAll { chain.layer.fields[key] = "all" }
      return
    }
    guard asksForAll, isSensitive else { return }
    throw context.refusal(
      "the merging of different masks in \(chain.layer.className)",
      "before Keras 3 a step counted if all inputs had it, and Keras 3 counts it if any has")
  }

  /// The merging layers, by path, that would compute something else by Keras 3's rule.
  static func sensitiveLayers(of network: Network) throws(ExportError) -> Set<String> {
    let model: LoweredModel
    do { model = try network.lowered(training: false) } catch { throw ExportError(.model(error)) }
    var needed = Set((model.graph.outputs + model.outputMasks.compactMap { $0 }).map(\.node))
    for (index, node) in model.graph.nodes.enumerated().reversed() where needed.contains(index) {
      needed.formUnion(node.operands.map(\.node))
    }
    var layers: Set<String> = []
    for output in model.layerOutputs where output.inputMasks.contains(where: { $0 != nil }) {
      let isRead = output.outputMasks.contains { $0.map { needed.contains($0.node) } ?? false }
      let isOne = Set(output.inputMasks).count == 1
      if output.className == "Multiply" || isRead && !isOne { layers.insert(output.path) }
    }
    return layers
  }
}
