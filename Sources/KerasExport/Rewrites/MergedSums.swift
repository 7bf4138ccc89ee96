import KerasCore
import KerasGraph
import KerasModel

/// Sums of tensors of different sizes, of which Keras 3 on TensorFlow takes one for a bias and adds it along the wrong axis.
///
/// `keras.ops.add` does so with a second operand of one axis longer than 1 (`TensorFlowSum`; measured of Add and Average in
/// 3.15.1: `(1, 5, 5) + (1, 5, 1)`, as (None, 5, 1) is in a batch of one). The shorter tensors come first, or else the layer
/// comes apart into operations.
enum MergedSums: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard ["Add", "Average"].contains(chain.layer.className), !context.isWrapped,
      let shapes = context.facts.inputShapes[context.path], shapes.count > 1, Set(shapes).count > 1,
      Set(shapes.map(\.rank)).count == 1, !isAsWritten(shapes)
    else { return }
    func length(_ shape: Shape) -> Int { shape.dimensions.filter { $0 != 1 }.count }
    let order = shapes.indices.sorted { (length(shapes[$0]), $0) < (length(shapes[$1]), $1) }
    let what = "\(chain.layer.className) of tensors of different sizes"
    let mistake = "Keras 3 on TensorFlow takes the second for a bias, and may add it along another axis"
    guard isAsWritten(order.map { shapes[$0] }), let nodes = reordered(chain.layer.nodes, order) else {
      if context.facts.maskReaders.contains(context.path) {
        return context.note(.lost, "\(what): \(mistake)")
      }
      throw context.refusal(what, mistake)
    }
    chain.layer.nodes = nodes
    context.note(.rewritten, "the inputs are in another order: \(mistake)")
  }

  /// Whether adding one after the other gives the sum.
  private static func isAsWritten(_ shapes: [Shape]) -> Bool {
    var sum = shapes[0]
    for shape in shapes.dropFirst() {
      guard TensorFlowSum.isSum(sum, shape) else { return false }
      sum = Shape(zip(sum.dimensions, shape.dimensions).map { $0 == 1 ? $1 : $0 })
    }
    return true
  }

  private static func reordered(_ nodes: [CallNode], _ order: [Int]) -> [CallNode]? {
    var result: [CallNode] = []
    for node in nodes {
      guard let list = node.args[0]?.arrayValue, list.count == order.count else { return nil }
      result.append(CallNode(args: [.array(order.map { list[$0] })], kwargs: node.kwargs))
    }
    return result
  }
}
