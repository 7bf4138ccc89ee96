import KerasCore
import KerasGraph

extension BackendFunction {
  /// Functions of `tf.image` that Keras has under no name of its own (`tensorflow/python/ops/image_ops_impl.py`).
  static let imageAdjustments: Table = [
    (
      "keraskit>grayscale_to_rgb",
      .map("images") { x, context throws(ModelError) in
        let axis = context.shape(x).rank - 1
        return try context.ops(.concatenate(axis: axis), [x, x, x])[0]
      }
    ),
    (
      "keraskit>adjust_brightness",
      BackendFunction("image delta") { arguments, context throws(ModelError) in
        .tensor(
          try context.f(.add, arguments.float("image", &context), arguments.float("delta", &context)))
      }
    ),
    (
      "keraskit>adjust_contrast",
      BackendFunction("images contrast_factor") { arguments, context throws(ModelError) in
        let x = try arguments.float("images", &context)
        let rank = context.shape(x).rank
        guard rank >= 3 else { throw ModelError(.inputShape(expected: "images", found: context.shape(x))) }
        let mean = try context.total(.mean, x, [rank - 3, rank - 2], keeps: true)
        let factor = try arguments.float("contrast_factor", &context)
        return .tensor(
          try context.f(.add, context.f(.multiply, context.f(.subtract, x, mean), factor), mean))
      }
    ),
    (
      "keraskit>adjust_gamma",
      BackendFunction("image gamma gain") { arguments, context throws(ModelError) in
        let power = try context.f(
          .power, arguments.float("image", &context), context.constant(Float(arguments.double("gamma", default: 1))))
        return .tensor(try context.scaled(power, by: Float(arguments.double("gain", default: 1))))
      }
    ),
    (
      "keraskit>adjust_saturation",
      BackendFunction("image saturation_factor") { arguments, context throws(ModelError) in
        let factor = try arguments.float("saturation_factor", &context)
        return try coloured(arguments, &context) { hue, saturation, context throws(ModelError) in
          (hue, try context.f(.clip(minimum: 0, maximum: 1), context.f(.multiply, saturation, factor)))
        }
      }
    ),
    (
      "keraskit>adjust_hue",
      BackendFunction("image delta") { arguments, context throws(ModelError) in
        let delta = try arguments.float("delta", &context)
        return try coloured(arguments, &context) { hue, saturation, context throws(ModelError) in
          let turned = try context.f(.add, hue, delta)
          return (try context.f(.subtract, turned, context.f(.floor, turned)), saturation)
        }
      }
    ),
    (
      "keraskit>resize_with_pad",
      BackendFunction("image target_height target_width method antialias") {
        arguments, context throws(ModelError) in
        let x = try arguments.float("image", &context)
        let (height, width) = (
          try arguments.int("target_height", default: 0), try arguments.int("target_width", default: 0)
        )
        let rank = context.shape(x).rank
        guard rank >= 3, (1...1 << 14).contains(height), (1...1 << 14).contains(width) else {
          throw arguments.unsupported("target_height", "a size")
        }
        let (rows, columns) = (try context.shape(x).known(axis: rank - 3), try context.shape(x).known(axis: rank - 2))
        // In single precision, the part that is cut off counted to the border.
        let ratio = max(Float(columns) / Float(width), Float(rows) / Float(height))
        guard ratio > 0 else { throw ModelError(.inputShape(expected: "images", found: context.shape(x))) }
        let (partRows, partColumns) = (Float(rows) / ratio, Float(columns) / ratio)
        let (newRows, newColumns) = (Int(partRows), Int(partColumns))
        let size = CallValue.sequence([.int(newRows), .int(newColumns)])
        let method = try arguments.optionalString("method") ?? "bilinear"
        let smooth = CallValue.bool(try arguments.bool("antialias", default: false))
        let resized = try call("resize", [.tensor(x), size, .string(method), smooth], &context)
        guard case .tensor(let value) = resized else { return resized }
        var (before, after) = (Array(repeating: 0, count: rank), Array(repeating: 0, count: rank))
        before[rank - 3] = max(Int((Float(height) - partRows) / 2), 0)
        before[rank - 2] = max(Int((Float(width) - partColumns) / 2), 0)
        after[rank - 3] = height - newRows - before[rank - 3]
        after[rank - 2] = width - newColumns - before[rank - 2]
        guard newRows > 0, newColumns > 0, after.allSatisfy({ $0 >= 0 }) else {
          throw arguments.unsupported("target_height", "a size nearer to the image's")
        }
        return .tensor(try context.op(.pad(before: before, after: after, value: 0), value))
      }
    ),
    (
      "keraskit>resize_with_crop_or_pad",
      BackendFunction("image target_height target_width") { arguments, context throws(ModelError) in
        let (height, width) = (
          try arguments.int("target_height", default: 0), try arguments.int("target_width", default: 0)
        )
        guard (1...1 << 14).contains(height), (1...1 << 14).contains(width) else {
          throw arguments.unsupported("target_height", "a size")
        }
        return .tensor(try centred(arguments.float("image", &context), height, width, &context))
      }
    ),
    (
      "keraskit>total_variation",
      .map("images") { x, context throws(ModelError) in
        let rank = context.shape(x).rank
        guard rank == 3 || rank == 4 else {
          throw ModelError(.inputShape(expected: "images", found: context.shape(x)))
        }
        var sums: [Value] = []
        for axis in [rank - 3, rank - 2] {
          let step = try context.f(
            .subtract, context.sliced(x, axis: axis, from: 1, to: nil), context.sliced(x, axis: axis, from: 0, to: -1))
          sums.append(try context.total(context.f(.absolute, step), Array(rank - 3..<rank)))
        }
        return try context.f(.add, sums[0], sums[1])
      }
    ),
    (
      "keraskit>image_psnr",
      BackendFunction("a b max_val") { arguments, context throws(ModelError) in
        let difference = try context.f(.subtract, arguments.float("a", &context), arguments.float("b", &context))
        let rank = context.shape(difference).rank
        guard rank >= 3 else {
          throw ModelError(.inputShape(expected: "images", found: context.shape(difference)))
        }
        let error = try context.total(.mean, context.f(.square, difference), Array(rank - 3..<rank))
        let most = try arguments.double("max_val", default: 1)
        let scaled = try context.f(.divide, context.constant(Float(most * most)), error)
        return .tensor(try context.scaled(context.f(.logarithm, scaled), by: 10 / 2.302_585_1))
      }
    ),
  ]

  /// Hue and saturation of colour images changed by `body`.
  private static func coloured(
    _ arguments: FunctionArguments, _ context: inout LoweringContext,
    _ body: (Value, Value, inout LoweringContext) throws(ModelError) -> (Value, Value)
  ) throws(ModelError) -> CallValue {
    let x = try arguments.float("image", &context)
    let hasBatch = context.shape(x).rank == 4
    let images = hasBatch ? x : try context.expanded(x, axis: 0)
    try context.shape(images).expectRank(4)
    let result = try context.inHueSaturationValue(images, body)
    return .tensor(hasBatch ? result : try dropped(result, [0], keeps: false, &context))
  }

  /// The image cut around its centre, or surrounded with zeros, to a size.
  private static func centred(
    _ x: Value, _ height: Int, _ width: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var result = x
    let rank = context.shape(x).rank
    guard rank >= 3 else { throw ModelError(.inputShape(expected: "images", found: context.shape(x))) }
    for (axis, target) in [(rank - 3, height), (rank - 2, width)] {
      let size = try context.shape(result).known(axis: axis)
      if size > target {
        let start = (size - target) / 2
        result = try context.sliced(result, axis: axis, from: start, to: start + target)
      } else if size < target {
        var before = Array(repeating: 0, count: rank)
        var after = before
        before[axis] = (target - size) / 2
        after[axis] = target - size - before[axis]
        result = try context.op(.pad(before: before, after: after, value: 0), result)
      }
    }
    return result
  }
}
