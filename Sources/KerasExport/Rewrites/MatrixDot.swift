import KerasCore
import KerasModel

/// A Dot of Keras before 2.3 on TensorFlow: of inputs with up to three axes it is what it is today.
///
/// Of more it multiplies matrices, which no layer does: the field stays, and the layer is said in operations.
enum MatrixDot: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Dot", chain.layer.fields[Dot.matricesField] == true,
      let shapes = context.facts.inputShapes[context.path], shapes.allSatisfy({ $0.rank <= 3 })
    else { return }
    chain.layer.fields[Dot.matricesField] = nil
  }
}
