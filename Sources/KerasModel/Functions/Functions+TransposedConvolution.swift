import KerasCore
import KerasGraph

extension BackendFunction {
  /// `conv_transpose` (Keras 3, `keras.ops`): the kernel is `(spatial…, out, in)`; spatial sizes have to be known.
  static let transposedConvolutions: Table = [
    (
      "conv_transpose",
      BackendFunction("inputs kernel strides padding output_padding data_format dilation_rate") {
        arguments, context throws(ModelError) in
        let format: DataFormat = try firstChannels(arguments) ? .channelsFirst : .channelsLast
        let x = try format.toChannelsLast(arguments.float("inputs", &context), &context)
        let kernel = try arguments.float("kernel", &context)
        let window = try context.shape(kernel).knownSizes().dropLast(2).map { $0 }
        let spatial = Shape(Array(context.shape(x).dimensions.dropFirst().dropLast()))
        guard let sizes = spatial.concrete, sizes.count == window.count else {
          throw ModelError(.inputShape(expected: "\(window.count) known spatial axes", found: context.shape(x)))
        }
        func numbers(_ name: String) throws(ModelError) -> [Int] {
          let list = try arguments.optionalInts(name) ?? [1]
          let full = list.count == 1 ? window.map { _ in list[0] } : list
          guard full.count == window.count, full.allSatisfy({ $0 > 0 && $0 < 1 << 20 }) else {
            throw arguments.unsupported(name, "\(window.count) numbers above 0")
          }
          return full
        }
        let (strides, dilations) = (try numbers("strides"), try numbers("dilation_rate"))
        let text = try (arguments.optionalString("padding") ?? "valid").lowercased()
        guard ["same", "valid"].contains(text) else { throw arguments.unsupported("padding", "'same' or 'valid'") }
        guard arguments["output_padding"].isNone else { throw arguments.unsupported("output_padding", "None") }
        var output: [Int] = []
        for axis in window.indices {
          let reach = (window[axis] - 1) * dilations[axis] + 1
          output.append(sizes[axis] * strides[axis] + (text == "valid" ? max(reach - strides[axis], 0) : 0))
        }
        let convolution = Convolution(
          strides: strides, padding: text == "same" ? .same : .valid(window.count), dilations: dilations)
        let y = try context.op(.convolutionInputGradient(convolution, outputSpatial: output), x, kernel)
        return .tensor(try format.fromChannelsLast(y, &context))
      }
    )
  ]
}
