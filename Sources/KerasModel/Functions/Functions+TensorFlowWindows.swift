import KerasCore
import KerasGraph

extension BackendFunction {
  /// TensorFlow's own convolutions and poolings, whose arguments differ from those of `keras.ops`.
  static let tensorFlowWindows: Table = [
    // In TensorFlow 1 the padding stands before the strides.
    (
      "keraskit>tf_convolution",
      BackendFunction("inputs kernel strides padding data_format dilation_rate") {
        arguments, context throws(ModelError) in
        var (strides, padding) = (arguments["strides"], arguments["padding"])
        if case .string = strides { (strides, padding) = (padding, strides) }
        return try call(
          "conv",
          [
            arguments["inputs"], arguments["kernel"], strides.isNone ? .int(1) : strides,
            padding.isNone ? .string("valid") : padding, arguments["data_format"], arguments["dilation_rate"],
          ], writtenAs: arguments.function, &context)
      }
    ),
    (
      "keraskit>tf_pool",
      BackendFunction("inputs window_shape pooling_type strides padding data_format") {
        arguments, context throws(ModelError) in
        let kind = try arguments.optionalString("pooling_type") ?? ""
        guard ["AVG", "MAX"].contains(kind) else { throw arguments.unsupported("pooling_type", "'AVG' or 'MAX'") }
        let window = try arguments.ints("window_shape")
        let ones = CallValue.sequence(window.map { _ in .int(1) })
        return try call(
          kind == "MAX" ? "max_pool" : "average_pool",
          [
            arguments["inputs"], .sequence(window.map { .int($0) }),
            arguments["strides"].isNone ? ones : arguments["strides"],
            arguments["padding"].isNone ? .string("valid") : arguments["padding"], arguments["data_format"],
          ], writtenAs: arguments.function, &context)
      }
    ),
    // The kernel is (rows, columns, out, in); the sizes of the result are an argument.
    (
      "keraskit>conv2d_transpose",
      BackendFunction("inputs kernel output_shape strides padding data_format") {
        arguments, context throws(ModelError) in
        guard try !firstChannels(arguments) else { throw arguments.unsupported("data_format", "'NHWC'") }
        let x = try arguments.float("inputs", &context)
        let kernel = try arguments.float("kernel", &context)
        try context.shape(x).expectRank(4)
        let window = try context.shape(kernel).knownSizes()
        let sizes = [try context.shape(x).known(axis: 1), try context.shape(x).known(axis: 2)]
        var strides = try arguments.optionalInts("strides") ?? [1, 1]
        if strides.count == 1 { strides = [strides[0], strides[0]] }
        if strides.count == 4 { strides = [strides[1], strides[2]] }
        let text = try (arguments.optionalString("padding") ?? "same").lowercased()
        guard window.count == 4, strides.count == 2, strides.allSatisfy({ (1...1 << 12).contains($0) }),
          ["same", "valid"].contains(text)
        else { throw arguments.unsupported("strides", "two numbers above 0, 'SAME' or 'VALID'") }
        let asked = (arguments["output_shape"].elements ?? []).dropFirst().prefix(2).compactMap(\.int)
        guard asked.count == 2 else { throw arguments.unsupported("output_shape", "known rows and columns") }
        for axis in 0..<2 {
          // A convolution of the result has to give the size of the input.
          let least = text == "same" ? asked[axis] : asked[axis] - window[axis] + 1
          guard asked[axis] > 0, least > 0, (least + strides[axis] - 1) / strides[axis] == sizes[axis] else {
            throw arguments.unsupported("output_shape", "sizes of which the strides make the input's")
          }
        }
        let convolution = Convolution(
          strides: strides, padding: text == "same" ? .same : .valid(2), dilations: [1, 1])
        return .tensor(
          try context.op(.convolutionInputGradient(convolution, outputSpatial: Array(asked)), x, kernel))
      }
    ),
    // Blocks of rows and columns become samples.
    (
      "keraskit>space_to_batch",
      BackendFunction("input block_shape paddings") { arguments, context throws(ModelError) in
        let block = try arguments.ints("block_shape")
        guard case .sequence(let pairs) = arguments["paddings"], pairs.count == block.count, block.count == 2,
          block.allSatisfy({ (1...1 << 10).contains($0) })
        else { throw arguments.unsupported("block_shape", "two sizes with their paddings") }
        let none = CallValue.sequence([.int(0), .int(0)])
        let padded = try call("pad", [arguments["input"], .sequence([none] + pairs + [none])], &context)
        let x = try context.float(padded, for: arguments.function)
        try context.shape(x).expectRank(4)
        let sizes = try (1...3).map { axis throws(ModelError) in try context.shape(x).known(axis: axis) }
        guard sizes[0] % block[0] == 0, sizes[1] % block[1] == 0 else {
          throw arguments.unsupported("paddings", "what makes rows and columns multiples of the block")
        }
        let parts = [sizes[0] / block[0], block[0], sizes[1] / block[1], block[1], sizes[2]]
        let split = try context.op(.reshape([.inferred] + parts.map { .fixed($0) }), x)
        let moved = try context.op(.transpose([2, 4, 0, 1, 3, 5]), split)
        return .tensor(
          try context.op(.reshape([.inferred, .fixed(parts[0]), .fixed(parts[2]), .fixed(parts[4])]), moved))
      }
    ),
    // The first steps of each sample in reverse, as many as are said.
    (
      "keraskit>reverse_sequence",
      BackendFunction("input seq_lengths seq_axis batch_axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("input", &context)
        guard try arguments.axis("seq_axis", of: x, default: 1, context) == 1,
          try arguments.axis("batch_axis", of: x, default: 0, context) == 0
        else { throw arguments.unsupported("seq_axis", "1, with samples along the first axis") }
        let length = try context.shape(x).known(axis: 1)
        guard (1...1 << 20).contains(length) else { throw arguments.unsupported("input", "steps") }
        let counts = try context.op(.reshape([.inferred, .fixed(1)]), arguments.float("seq_lengths", &context))
        let data = try LoweringContext.data { () throws(TensorDataError) in
          try TensorData(shape: [1, length], floats: (0..<length).map { Float($0) })
        }
        let places = context.constant(data)
        let mirrored = try context.f(.subtract, context.shifted(counts, by: -1), places)
        let chosen = try context.op(.select, context.f(.greaterOrEqual, mirrored, 0), mirrored, places)
        return try call(
          "keraskit>gather", [.tensor(x), .tensor(chosen), .int(1), .int(1)], writtenAs: arguments.function, &context)
      }
    ),
  ]
}
