import KerasCore
import KerasModel

/// A GRU of Keras 2.0.0 and 2.0.1 with `implementation=1` fed its candidate with the reset gate's input and both biases.
///
/// Its own part of the kernel took no part in anything: Keras 3's gets a copy of the reset gate's instead. The two are no
/// longer one variable when trained on.
enum ResetInput: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.fields.removeValue(forKey: "keraskit>candidate_input_of_reset") == true else { return }
    for (role, adds) in [("kernel", false), ("bias", true)] {
      let name = context.prefix + "cell/" + role
      guard let stored = context.weights[name], let columns = stored.shape.last, columns % 3 == 0 else { continue }
      let units = columns / 3
      do {
        var values = try stored.doubles()
        for row in stride(from: 0, to: values.count, by: max(columns, 1)) {
          for unit in 0..<units {
            let (reset, own) = (row + units + unit, row + 2 * units + unit)
            values[own] = values[reset] + (adds ? values[own] : 0)
          }
        }
        context.weights[name] = try TensorData(shape: stored.shape, doubles: values).converted(to: stored.dtype)
      } catch {
        throw context.refusal("the GRU's \(role)", "\(error)")
      }
    }
    context.note(
      .rewritten,
      "Keras before 2.0.2 computed a GRU's candidate from the reset gate's input (implementation=1): its weights are copied"
    )
  }
}
