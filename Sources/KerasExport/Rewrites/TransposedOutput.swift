import KerasCore

/// The result's size that Keras 1's Deconvolution2D stated is Keras 3's own, or one that `output_padding` gives.
enum TransposedOutput: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Conv2DTranspose",
      let stated = chain.layer.fields.removeValue(forKey: "keraskit>output_shape")?.arrayValue
    else { return }
    let isChannelsFirst = chain.layer.string("data_format") == "channels_first"
    let isValid = chain.layer.string("padding") == "valid"
    guard let input = context.inputShape, input.rank == 4, stated.count == 4,
      let kernel = chain.layer.fields["kernel_size"]?.arrayValue?.compactMap(\.intValue), kernel.count == 2,
      let strides = chain.layer.fields["strides"]?.arrayValue?.compactMap(\.intValue), strides.count == 2
    else { throw context.refusal("a stated output_shape", "the size of its input is not known") }
    var padding: [JSON] = []
    var isNatural = true
    for axis in 0..<2 {
      let place = axis + (isChannelsFirst ? 2 : 1)
      guard let size = stated[place].intValue else { continue }
      guard let count = input[place] else {
        throw context.refusal("a stated output_shape", "the size of its input is not known")
      }
      let natural = count * strides[axis] + (isValid ? max(kernel[axis] - strides[axis], 0) : 0)
      let least = (count - 1) * strides[axis] + kernel[axis] - (isValid ? 0 : 2 * (kernel[axis] / 2))
      isNatural = isNatural && size == natural
      padding.append(JSON(size - least))
    }
    guard !isNatural else { return }
    guard padding.count == 2, zip(padding, strides).allSatisfy({ (0..<$1).contains($0.intValue ?? -1) }) else {
      throw context.refusal("the stated output_shape \(JSON.array(stated).text())", "no output_padding gives it")
    }
    chain.layer.fields["output_padding"] = .array(padding)
    context.note(.rewritten, "the stated output_shape is an output_padding of \(JSON.array(padding).text())")
  }
}
