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
    let isSensitive = context.facts.maskSensitive.contains(context.path)
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
}
