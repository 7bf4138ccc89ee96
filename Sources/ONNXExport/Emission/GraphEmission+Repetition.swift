import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// Emits, as one Resize, elements repeated along axes, which the graph says as reshape, broadcast, reshape.
  ///
  /// `false` if the node does not begin that. Resize takes any order of axes, which the reshapes would not.
  func emitRepetition(_ index: Int) throws -> Bool {
    let source = graph.nodes[index].operands[0]
    guard type(source).dtype.isFloatingPoint, let found = Repetition(from: index, in: graph, readers: users) else {
      return false
    }
    let (x, layout) = try anyTensor(source)
    let scales = try TensorData(
      shape: [found.factors.count], floats: layout.applied(to: found.factors.map { Float($0) }))
    let attributes: [Attribute] = [
      .string("mode", "nearest"), .string("coordinate_transformation_mode", "asymmetric"),
      .string("nearest_mode", "floor"),
    ]
    define(Value(node: found.result), node("Resize", [x, "", parts.shared(scales, "numbers")], attributes), layout)
    finished.formUnion(found.nodes)
    return true
  }
}
