import KerasCore
import KerasGraph

extension BackendFunction {
  static let normalization: Table = [
    // K.l2_normalize: x / √max(Σx², 1e-12) (TensorFlow's nn.l2_normalize).
    (
      "keraskit>l2_normalize",
      BackendFunction("x axis epsilon") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axes = try arguments.axes("axis", of: x, context)
        let squares = try context.op(
          .reduce(.sum, axes: axes, keepDimensions: true), context.op(.unary(.square), x))
        let floor = context.constant(Float(try arguments.double("epsilon", default: 1e-12)))
        let scale = try context.op(.unary(.reciprocalSquareRoot), context.op(.binary(.maximum), squares, floor))
        return .tensor(try context.op(.binary(.multiply), x, scale))
      }
    ),
    (
      "normalize",
      BackendFunction("x axis order epsilon") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axes = arguments["axis"].isNone ? [context.shape(x).rank - 1] : try arguments.axes("axis", of: x, context)
        let epsilon = Float(try arguments.double("epsilon", default: 1e-7))
        let order = try arguments.double("order", default: 2)
        guard order == 2 else {
          guard order > 0, order.isFinite else { throw arguments.unsupported("order", "a number above 0") }
          let powers = try context.f(.power, context.f(.absolute, x), Float(order))
          let norm = try context.f(.power, context.total(powers, axes, keeps: true), Float(1 / order))
          return .tensor(try context.f(.divide, x, context.f(.maximum, norm, epsilon)))
        }
        let squares = try context.op(
          .reduce(.sum, axes: axes, keepDimensions: true), context.op(.unary(.square), x))
        let floor = context.constant(epsilon * epsilon)
        let scale = try context.op(.unary(.reciprocalSquareRoot), context.op(.binary(.maximum), squares, floor))
        return .tensor(try context.op(.binary(.multiply), x, scale))
      }
    ),
    (
      "batch_normalization",
      BackendFunction("x mean variance axis offset scale epsilon") {
        arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let rank = context.shape(x).rank
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        let epsilon = Float(try arguments.double("epsilon", default: 1e-3))
        func vector(_ name: String, _ context: inout LoweringContext) throws(ModelError) -> Value? {
          guard !arguments[name].isNone else { return nil }
          let value = try arguments.float(name, &context)
          return context.shape(value).rank == 1 ? try context.vector(value, along: axis, rank: rank) : value
        }
        guard let mean = try vector("mean", &context), let variance = try vector("variance", &context) else {
          throw arguments.unsupported("mean", "a tensor")
        }
        let scale = try context.op(.unary(.reciprocalSquareRoot), context.shifted(variance, by: epsilon))
        var y = try context.op(.binary(.multiply), context.op(.binary(.subtract), x, mean), scale)
        if let gamma = try vector("scale", &context) { y = try context.op(.binary(.multiply), y, gamma) }
        if let beta = try vector("offset", &context) { y = try context.op(.binary(.add), y, beta) }
        return .tensor(y)
      }
    ),
    // tf.image.per_image_standardization: (x − mean) / max(std, 1/√n) over all but the batch.
    (
      "keraskit>per_image_standardization",
      .map { x, context throws(ModelError) in
        let rank = context.shape(x).rank
        guard rank >= 3 else { throw ModelError(.inputShape(expected: "images", found: context.shape(x))) }
        let axes = Array(rank - 3..<rank)
        let mean = try context.op(.reduce(.mean, axes: axes, keepDimensions: true), x)
        let centred = try context.op(.binary(.subtract), x, mean)
        let variance = try context.op(
          .reduce(.mean, axes: axes, keepDimensions: true), context.op(.unary(.square), centred))
        let least = try context.op(.unary(.reciprocalSquareRoot), context.elementCount(x, axes: axes))
        let deviation = try context.op(.binary(.maximum), context.op(.unary(.squareRoot), variance), least)
        return try context.op(.binary(.divide), centred, deviation)
      }
    ),
    (
      "bias_add",
      BackendFunction("x bias data_format") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let bias = try arguments.float("bias", &context)
        let rank = context.shape(x).rank
        let first = try ["channels_first", "NCHW"].contains(arguments.optionalString("data_format") ?? "")
        guard context.shape(bias).rank == 1 else { return .tensor(try context.op(.binary(.add), x, bias)) }
        return .tensor(
          try context.op(.binary(.add), x, context.vector(bias, along: first && rank > 2 ? 1 : rank - 1, rank: rank)))
      }
    ),
  ]

  // MARK: Images

  /// Functions of images `(batch, rows, columns, channels)` unless `data_format` says otherwise.
  static let images: Table = [
    (
      "resize",
      BackendFunction(
        "images size interpolation antialias crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value data_format"
      ) { arguments, context throws(ModelError) in
        let size = try arguments.ints("size")
        guard size.count == 2 else { throw arguments.unsupported("size", "rows and columns") }
        let name = try arguments.optionalString("interpolation") ?? "bilinear"
        return .tensor(try resized(arguments, "images", size, name, &context))
      }
    ),
    // K.resize_images: whole factors (keras/backend.py; bilinear with half pixels from TensorFlow 2 on).
    (
      "keraskit>resize_images",
      BackendFunction("x height_factor width_factor data_format interpolation") {
        arguments, context throws(ModelError) in
        let first = try arguments.optionalString("data_format") == "channels_first"
        let shape = context.shape(try arguments.float("x", &context))
        try shape.expectRank(4)
        let factors = [try arguments.int("height_factor", default: 1), try arguments.int("width_factor", default: 1)]
        let axes = first ? [2, 3] : [1, 2]
        let name = try arguments.optionalString("interpolation") ?? "nearest"
        if name == "nearest" {
          var x = try arguments.float("x", &context)
          for (axis, factor) in zip(axes, factors) where factor != 1 {
            guard (1...1024).contains(factor) else { throw arguments.unsupported("height_factor", "a factor") }
            x = try repeated(x, factor, axis: axis, &context)
          }
          return .tensor(x)
        }
        var size: [Int] = []
        for (axis, factor) in zip(axes, factors) {
          guard let product = checkedProduct([try shape.known(axis: axis), factor]) else {
            throw arguments.unsupported("height_factor", "a factor")
          }
          size.append(product)
        }
        return .tensor(try resized(arguments, "x", size, name, &context))
      }
    ),
    (
      "space_to_depth",
      BackendFunction("x block_size data_format") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let block = try blockSize(arguments)
        try context.shape(x).expectRank(4)
        let (rows, columns, depth) = try (
          context.shape(x).known(axis: 1), context.shape(x).known(axis: 2), context.shape(x).known(axis: 3)
        )
        guard rows % block == 0, columns % block == 0 else {
          throw ModelError(.inputShape(expected: "sizes that \(block) divides", found: context.shape(x)))
        }
        let cut = try context.op(
          .reshape([
            .ofOperand(0, axis: 0), .fixed(rows / block), .fixed(block), .fixed(columns / block), .fixed(block),
            .fixed(depth),
          ]), x)
        let moved = try context.op(.transpose([0, 1, 3, 2, 4, 5]), cut)
        return .tensor(
          try context.op(
            .reshape([
              .ofOperand(0, axis: 0), .fixed(rows / block), .fixed(columns / block), .fixed(depth * block * block),
            ]), moved))
      }
    ),
    (
      "depth_to_space",
      BackendFunction("x block_size data_format") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let block = try blockSize(arguments)
        try context.shape(x).expectRank(4)
        let (rows, columns, depth) = try (
          context.shape(x).known(axis: 1), context.shape(x).known(axis: 2), context.shape(x).known(axis: 3)
        )
        guard depth % (block * block) == 0, let height = checkedProduct([rows, block]),
          let width = checkedProduct([columns, block])
        else {
          throw ModelError(.inputShape(expected: "channels that \(block * block) divides", found: context.shape(x)))
        }
        let inner = depth / (block * block)
        let cut = try context.op(
          .reshape([
            .ofOperand(0, axis: 0), .fixed(rows), .fixed(columns), .fixed(block), .fixed(block), .fixed(inner),
          ]), x)
        let moved = try context.op(.transpose([0, 1, 3, 2, 4, 5]), cut)
        return .tensor(
          try context.op(.reshape([.ofOperand(0, axis: 0), .fixed(height), .fixed(width), .fixed(inner)]), moved))
      }
    ),
    (
      "rgb_to_grayscale",
      BackendFunction("images data_format") { arguments, context throws(ModelError) in
        let x = try arguments.float("images", &context)
        let rank = context.shape(x).rank
        let axis = try arguments.optionalString("data_format") == "channels_first" ? rank - 3 : rank - 1
        // A grey image stays as it is (keras/src/backend/tensorflow/image.py).
        if axis >= 0, context.shape(x)[axis] == 1 { return .tensor(x) }
        let data = try LoweringContext.data { () throws(TensorDataError) in
          try TensorData(shape: [3], floats: [0.2989, 0.587, 0.114])
        }
        let weights = try context.vector(context.constant(data), along: axis, rank: rank)
        return .tensor(
          try context.op(
            .reduce(.sum, axes: [axis], keepDimensions: true), context.op(.binary(.multiply), x, weights)))
      }
    ),
  ]

  private static func blockSize(_ arguments: FunctionArguments) throws(ModelError) -> Int {
    guard let block = arguments["block_size"].int, (1...1024).contains(block) else {
      throw arguments.unsupported("block_size", "a block size")
    }
    let format = try arguments.optionalString("data_format") ?? "channels_last"
    guard ["channels_last", "NHWC"].contains(format) else {
      throw arguments.unsupported("data_format", "channels_last")
    }
    return block
  }

  private static func resized(
    _ arguments: FunctionArguments, _ name: String, _ size: [Int], _ interpolation: String,
    _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard let method = Interpolation(rawValue: interpolation.lowercased()) else {
      throw ModelError(.unsupported("\(arguments.function) with interpolation '\(interpolation)'"))
    }
    var x = try arguments.float(name, &context)
    let hasBatch = context.shape(x).rank == 4
    if !hasBatch { x = try context.expanded(x, axis: 0) }
    try context.shape(x).expectRank(4)
    let first = try arguments.optionalString("data_format") == "channels_first"
    if first { x = try context.op(.transpose([0, 2, 3, 1]), x) }
    let window = ImageWindow(height: size[0], width: size[1])
    if try arguments.bool("crop_to_aspect_ratio", default: false) {
      x = try window.croppedToAspect(x, &context)
    } else if try arguments.bool("pad_to_aspect_ratio", default: false) {
      x = try window.paddedToAspect(x, value: Float(arguments.double("fill_value", default: 0)), &context)
    }
    x = try window.resized(x, method, antialias: arguments.bool("antialias", default: false), &context)
    if first { x = try context.op(.transpose([0, 3, 1, 2]), x) }
    return hasBatch ? x : try dropped(x, [0], keeps: false, &context)
  }
}
