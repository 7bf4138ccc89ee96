import KerasCore
import KerasGraph

extension LayerCall {
  /// The only output, computed from the only input, whose mask is passed on.
  func masked(
    _ context: inout LoweringContext, _ body: (Value, inout LoweringContext) throws(ModelError) -> Value
  ) throws(ModelError) -> [LayerTensor] {
    let input = try single()
    return [LayerTensor(try body(input.value, &context), mask: input.mask)]
  }

  /// The only output, computed from the only input, whose mask ends here.
  func unmasked(
    _ context: inout LoweringContext, _ body: (Value, inout LoweringContext) throws(ModelError) -> Value
  ) throws(ModelError) -> [LayerTensor] {
    [LayerTensor(try body(try single().value, &context))]
  }
}
