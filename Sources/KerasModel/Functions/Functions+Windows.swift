import KerasCore
import KerasGraph

extension BackendFunction {
  /// Convolutions, poolings and patches.
  static let windows: Table = [
    (
      "conv",
      BackendFunction("inputs kernel strides padding data_format dilation_rate") {
        arguments, context throws(ModelError) in
        try convolved(arguments, &context) { x, kernel, context throws(ModelError) in
          let (channels, own) = (try context.shape(x).known(axis: -1), try context.shape(kernel).known(axis: -2))
          guard own > 0, channels % own == 0 else {
            throw ModelError(.inputShape(expected: "a multiple of \(own) channels", found: context.shape(x)))
          }
          return (kernel, channels / own)
        }
      }
    ),
    (
      "depthwise_conv",
      BackendFunction("inputs kernel strides padding data_format dilation_rate") {
        arguments, context throws(ModelError) in try convolved(arguments, &context, depthwise)
      }
    ),
    (
      "separable_conv",
      BackendFunction("inputs depthwise_kernel pointwise_kernel strides padding data_format dilation_rate") {
        arguments, context throws(ModelError) in
        var inner = arguments
        inner.set("kernel", arguments["depthwise_kernel"])
        inner.set("inputs", try convolved(inner, &context, depthwise))
        for name in ["strides", "dilation_rate", "padding"] { inner.set(name, .none) }
        inner.set("kernel", arguments["pointwise_kernel"])
        return try convolved(inner, &context) { _, kernel, _ throws(ModelError) in (kernel, 1) }
      }
    ),
    (
      "max_pool",
      BackendFunction("inputs pool_size strides padding data_format") { arguments, context throws(ModelError) in
        try pooled(.maximum, arguments, &context)
      }
    ),
    (
      "average_pool",
      BackendFunction("inputs pool_size strides padding data_format") { arguments, context throws(ModelError) in
        try pooled(.average(countsPadding: false), arguments, &context)
      }
    ),
    (
      "extract_patches",
      BackendFunction("images size strides dilation_rate padding data_format") {
        arguments, context throws(ModelError) in
        let images = try arguments.float("images", &context)
        return try patches(of: images, arguments, rank: context.shape(images).rank == 5 ? 3 : 2, &context)
      }
    ),
    (
      "extract_patches_3d",
      BackendFunction("volumes size strides dilation_rate padding data_format") {
        arguments, context throws(ModelError) in
        try patches(of: arguments.float("volumes", &context), arguments, rank: 3, &context)
      }
    ),
    (
      "gaussian_blur",
      BackendFunction("images kernel_size sigma data_format") { arguments, context throws(ModelError) in
        let size = try sizes("kernel_size", of: arguments, count: 2, default: 3)
        var sigma: [Double] = [1, 1]
        if case .sequence(let list) = arguments["sigma"], list.count == 2 {
          sigma = list.compactMap(\.double)
        } else if let one = arguments["sigma"].double {
          sigma = [one, one]
        }
        guard sigma.count == 2, size.allSatisfy({ $0 < 256 }) else { throw arguments.unsupported("sigma", "numbers") }
        var inner = arguments
        inner.set("inputs", .tensor(try arguments.float("images", &context)))
        inner.set("padding", .string("same"))
        inner.set("kernel", .tensor(try kernel(size, sigma, channels(inner, context), &context)))
        return try convolved(inner, &context, depthwise)
      }
    ),
  ]

  /// The elements of each window as channels.
  private static func patches(
    of images: Value, _ arguments: FunctionArguments, rank: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let size = try sizes("size", of: arguments, count: rank, default: 1)
    let hasBatch = context.shape(images).rank == rank + 2
    let batch = hasBatch ? images : try context.expanded(images, axis: 0)
    try context.shape(batch).expectRank(rank + 2)
    let channels = try context.shape(batch).known(axis: firstChannels(arguments) ? 1 : -1)
    guard let count = checkedProduct(size + [channels]), count > 0, count <= 1 << 12 else {
      throw arguments.unsupported("size", "a smaller window")
    }
    let unit = try LoweringContext.data { () throws(TensorDataError) in
      let floats = (0..<count * count).map { $0 / count == $0 % count ? Float(1) : 0 }
      return try TensorData(shape: size + [channels, count], floats: floats)
    }
    var inner = arguments
    inner.set("inputs", .tensor(batch))
    inner.set("kernel", .tensor(context.constant(unit)))
    if arguments["strides"].isNone { inner.set("strides", .sequence(size.map { .int($0) })) }
    let result = try convolved(inner, &context) { _, kernel, _ throws(ModelError) in (kernel, 1) }
    guard !hasBatch, case .tensor(let value) = result else { return result }
    return .tensor(try dropped(value, [0], keeps: false, &context))
  }

  /// Whether images have their channels before their rows.
  static func firstChannels(_ arguments: FunctionArguments) throws(ModelError) -> Bool {
    (try arguments.optionalString("data_format") ?? "").uppercased().hasPrefix("NC")
      || arguments["data_format"] == .string("channels_first")
  }

  private static func channels(
    _ arguments: FunctionArguments, _ context: LoweringContext
  ) throws(ModelError) -> Int {
    guard case .tensor(let x) = arguments["inputs"] else { throw arguments.unsupported("images", "a tensor") }
    return try context.shape(x).known(axis: firstChannels(arguments) ? 1 : -1)
  }

  /// The product of two bells, once per channel.
  private static func kernel(
    _ size: [Int], _ sigma: [Double], _ channels: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    func bell(_ count: Int, _ deviation: Double) -> [Double] {
      let values = (0..<count).map { index -> Double in
        let place = Double(index) - Double(count - 1) / 2
        return PythonArithmetic.exponential(-place * place / (2 * deviation * deviation))
      }
      let sum = values.reduce(0, +)
      return values.map { $0 / sum }
    }
    // Keras gives the second size and deviation to the rows.
    let (rows, columns) = (bell(size[1], sigma[1]), bell(size[0], sigma[0]))
    guard channels > 0, channels <= 4096 else { throw ModelError(.unsupported("an image of \(channels) channels")) }
    var floats: [Float] = []
    for row in rows {
      for column in columns { floats += Array(repeating: Float(row * column), count: channels) }
    }
    return context.constant(
      try LoweringContext.data { () throws(TensorDataError) in
        try TensorData(shape: [size[0], size[1], channels, 1], floats: floats)
      })
  }

  /// One number per spatial axis; TensorFlow's lists count the batch and the channels too.
  private static func sizes(
    _ name: String, of arguments: FunctionArguments, count: Int, default standard: Int
  ) throws(ModelError) -> [Int] {
    guard var list = try arguments.optionalInts(name) else { return Array(repeating: standard, count: count) }
    if list.count == count + 2 { list = try Array(firstChannels(arguments) ? list[2...] : list[1...count]) }
    if list.count == 1 { list = Array(repeating: list[0], count: count) }
    guard list.count == count, list.allSatisfy({ $0 > 0 && $0 < 1 << 20 }) else {
      throw arguments.unsupported(name, "\(count) numbers above 0")
    }
    return list
  }

  private static func isSame(_ arguments: FunctionArguments) throws(ModelError) -> Bool {
    let padding = try (arguments.optionalString("padding") ?? "valid").lowercased()
    guard ["same", "valid"].contains(padding) else { throw arguments.unsupported("padding", "'same' or 'valid'") }
    return padding == "same"
  }

  private static func depthwise(
    _ x: Value, _ kernel: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> (Value, Int) {
    let shape = try context.shape(kernel).knownSizes()
    guard shape.count >= 3 else { throw ModelError(.inputShape(expected: "a kernel", found: context.shape(kernel))) }
    let (channels, multiplier) = (shape[shape.count - 2], shape[shape.count - 1])
    let target = shape.dropLast(2).map { TargetDimension.fixed($0) } + [.fixed(1), .fixed(channels * multiplier)]
    return (try context.op(.reshape(target), kernel), channels)
  }

  private static func convolved(
    _ arguments: FunctionArguments, _ context: inout LoweringContext,
    _ prepared: (Value, Value, inout LoweringContext) throws(ModelError) -> (Value, Int)
  ) throws(ModelError) -> CallValue {
    let format: DataFormat = try firstChannels(arguments) ? .channelsFirst : .channelsLast
    let x = try format.toChannelsLast(arguments.float("inputs", &context), &context)
    let (kernel, groups) = try prepared(x, arguments.float("kernel", &context), &context)
    let rank = context.shape(kernel).rank - 2
    guard rank >= 1, context.shape(x).rank == rank + 2 else {
      throw ModelError(.inputShape(expected: "\(rank + 2) axes for \(arguments.function)", found: context.shape(x)))
    }
    let convolution = Convolution(
      strides: try sizes("strides", of: arguments, count: rank, default: 1),
      padding: try isSame(arguments) ? .same : .valid(rank),
      dilations: try sizes("dilation_rate", of: arguments, count: rank, default: 1), groups: groups)
    return .tensor(try format.fromChannelsLast(context.op(.convolution(convolution), x, kernel), &context))
  }

  private static func pooled(
    _ kind: Pooling.Kind, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let format: DataFormat = try firstChannels(arguments) ? .channelsFirst : .channelsLast
    let x = try format.toChannelsLast(arguments.float("inputs", &context), &context)
    let rank = context.shape(x).rank - 2
    guard rank >= 1 else { throw ModelError(.inputShape(expected: "images", found: context.shape(x))) }
    let window = try sizes("pool_size", of: arguments, count: rank, default: 1)
    let strides = arguments["strides"].isNone ? window : try sizes("strides", of: arguments, count: rank, default: 1)
    let pooling = Pooling(
      kind: kind, window: window, strides: strides, padding: try isSame(arguments) ? .same : .valid(rank))
    return .tensor(try format.fromChannelsLast(context.op(.pool(pooling), x), &context))
  }
}
