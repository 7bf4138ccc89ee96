import KerasCore
import KerasGraph

extension BackendFunction {
  /// Colours, borders, edges, and TensorFlow 1's resizing.
  static let colours: Table = [
    (
      "rgb_to_hsv",
      BackendFunction("images data_format") { arguments, context throws(ModelError) in
        try channels(of: arguments, &context) { parts, context throws(ModelError) in
          try hue(parts[0], parts[1], parts[2], &context)
        }
      }
    ),
    (
      "hsv_to_rgb",
      BackendFunction("images data_format") { arguments, context throws(ModelError) in
        try channels(of: arguments, &context) { parts, context throws(ModelError) in
          // Every channel is a ramp of the hue, between 0 and 1.
          let angle = try context.scaled(parts[0], by: 6)
          var results: [Value] = []
          for (centre, sign, base) in [(Float(3), Float(1), Float(-1)), (2, -1, 2), (4, -1, 2)] {
            let distance = try context.f(.absolute, context.shifted(angle, by: -centre))
            let ramp = try context.f(
              .clip(minimum: 0, maximum: 1), context.shifted(context.scaled(distance, by: sign), by: base))
            let gap = try context.f(.multiply, parts[1], context.shifted(ramp, by: -1))
            results.append(try context.f(.multiply, parts[2], context.shifted(gap, by: 1)))
          }
          return results
        }
      }
    ),
    (
      "pad_images",
      BackendFunction(
        "images top_padding left_padding bottom_padding right_padding target_height target_width data_format"
      ) { arguments, context throws(ModelError) in
        let x = try arguments.float("images", &context)
        let (rows, columns) = try imageAxes(x, arguments, context)
        let (top, bottom) = try ends(
          arguments, "top_padding", "bottom_padding", "target_height", context.shape(x).known(axis: rows), 1)
        let (left, right) = try ends(
          arguments, "left_padding", "right_padding", "target_width", context.shape(x).known(axis: columns), 1)
        var before = Array(repeating: 0, count: context.shape(x).rank)
        var after = before
        (before[rows], after[rows], before[columns], after[columns]) = (top, bottom, left, right)
        return .tensor(try context.op(.pad(before: before, after: after, value: 0), x))
      }
    ),
    (
      "crop_images",
      BackendFunction(
        "images top_cropping left_cropping bottom_cropping right_cropping target_height target_width data_format"
      ) { arguments, context throws(ModelError) in
        let x = try arguments.float("images", &context)
        let (rows, columns) = try imageAxes(x, arguments, context)
        let (height, width) = (try context.shape(x).known(axis: rows), try context.shape(x).known(axis: columns))
        let (top, bottom) = try ends(arguments, "top_cropping", "bottom_cropping", "target_height", height, -1)
        let (left, right) = try ends(arguments, "left_cropping", "right_cropping", "target_width", width, -1)
        let part = try context.sliced(x, axis: rows, from: top, to: height - bottom)
        return .tensor(try context.sliced(part, axis: columns, from: left, to: width - right))
      }
    ),
    (
      "keraskit>central_crop",
      BackendFunction("image central_fraction x") { arguments, context throws(ModelError) in
        let x = try arguments.float(arguments["x"].isNone ? "image" : "x", &context)
        let share = try arguments.double("central_fraction", default: 1)
        guard share > 0, share <= 1 else { throw arguments.unsupported("central_fraction", "a share") }
        var result = x
        for axis in [context.shape(x).rank - 3, context.shape(x).rank - 2] {
          let size = try context.shape(x).known(axis: axis)
          let start = Int((Double(size) - Double(size) * share) / 2)
          result = try context.sliced(result, axis: axis, from: start, to: size - start)
        }
        return .tensor(result)
      }
    ),
    (
      "sobel_edges",
      BackendFunction("images data_format") { arguments, context throws(ModelError) in
        let format: DataFormat = try firstChannels(arguments) ? .channelsFirst : .channelsLast
        let x = try format.toChannelsLast(arguments.float("images", &context), &context)
        try context.shape(x).expectRank(4)
        var padded = x
        for axis in [1, 2] { padded = try mirrored(padded, axis, 1, 1, repeatsEdge: false, &context) }
        var edges: [Value] = []
        for axis in [1, 2] {
          let across = axis == 1 ? 2 : 1
          let later = try context.sliced(padded, axis: axis, from: 2, to: nil)
          let slope = try context.f(.subtract, later, context.sliced(padded, axis: axis, from: 0, to: -2))
          let middle = try context.scaled(context.sliced(slope, axis: across, from: 1, to: -1), by: 2)
          let sides = try context.f(
            .add, context.sliced(slope, axis: across, from: 0, to: -2),
            context.sliced(slope, axis: across, from: 2, to: nil))
          let edge = try format.fromChannelsLast(context.f(.add, middle, sides), &context)
          edges.append(try context.expanded(edge, axis: 4))
        }
        return .tensor(try context.ops(.concatenate(axis: 4), edges)[0])
      }
    ),
    // K.resize_images of standalone Keras on TensorFlow: without half pixels where it interpolates.
    (
      "keraskit>resize_images_corner",
      BackendFunction("x height_factor width_factor data_format interpolation") {
        arguments, context throws(ModelError) in
        guard try arguments.optionalString("interpolation") == "bilinear" else {
          let names = ["x", "height_factor", "width_factor", "data_format", "interpolation"]
          return try call("keraskit>resize_images", names.map { arguments[$0] }, &context)
        }
        let format: DataFormat = try firstChannels(arguments) ? .channelsFirst : .channelsLast
        let x = try format.toChannelsLast(arguments.float("x", &context), &context)
        try context.shape(x).expectRank(4)
        var size: [CallValue] = []
        for (axis, name) in [(1, "height_factor"), (2, "width_factor")] {
          let factor = try arguments.int(name, default: 1)
          guard (1...1024).contains(factor) else { throw arguments.unsupported(name, "a factor") }
          size.append(.int(try context.shape(x).known(axis: axis) * factor))
        }
        let resized = try call("keraskit>resize", [.tensor(x), .sequence(size)], &context)
        return .tensor(try format.fromChannelsLast(context.float(resized, for: arguments.function), &context))
      }
    ),
    (
      "keraskit>resize",
      BackendFunction("images size align_corners half_pixel_centers interpolation") {
        arguments, context throws(ModelError) in
        let halves = try arguments.bool("half_pixel_centers", default: false)
        let corners = try arguments.bool("align_corners", default: false)
        var name = "bilinear"
        if let number = arguments["interpolation"].int {
          // TensorFlow 1's ResizeMethod.
          let names = ["bilinear", "nearest", "bicubic", "area"]
          guard names.indices.contains(number) else { throw arguments.unsupported("interpolation", "0 to 3") }
          name = names[number]
        } else {
          name = try arguments.optionalString("interpolation") ?? name
        }
        if halves, !corners {
          return try call(
            "resize", [arguments.required("images"), arguments["size"], .string(name)], &context)
        }
        guard ["bilinear", "nearest"].contains(name) else {
          throw ModelError(.unsupported("\(arguments.function) by TensorFlow 1's kernel for '\(name)'"))
        }
        var x = try arguments.float("images", &context)
        try context.shape(x).expectRank(4)
        let sizes = try arguments.ints("size")
        guard sizes.count == 2, sizes.allSatisfy({ (1...1 << 14).contains($0) }) else {
          throw arguments.unsupported("size", "rows and columns")
        }
        for (axis, target) in zip([1, 2], sizes) {
          let source = try context.shape(x).known(axis: axis)
          guard source != target, source > 0 else { continue }
          guard source <= 1 << 26 / target else { throw arguments.unsupported("size", "a smaller image") }
          let matrix = try weights(from: source, to: target, corners: corners, isNearest: name == "nearest")
          let order = axis == 1 ? [0, 2, 3, 1] : [0, 1, 3, 2]
          let back = axis == 1 ? [0, 3, 1, 2] : [0, 1, 3, 2]
          let product = try context.op(
            .matmul(transposeA: false, transposeB: true), context.op(.transpose(order), x), context.constant(matrix))
          x = try context.op(.transpose(back), product)
        }
        return .tensor(x)
      }
    ),
  ]

  /// Which old positions an axis takes, and by how much, as TensorFlow 1 resizes: without half pixels.
  private static func weights(
    from source: Int, to target: Int, corners: Bool, isNearest: Bool
  ) throws(ModelError) -> TensorData {
    let scale = corners && target > 1 ? Float(source - 1) / Float(target - 1) : Float(source) / Float(target)
    var weights = [Float](repeating: 0, count: source * target)
    for row in 0..<target {
      let place = Float(row) * scale
      if isNearest {
        let index = Int(corners ? place.rounded(.toNearestOrAwayFromZero) : place.rounded(.down))
        weights[row * source + min(index, source - 1)] = 1
      } else {
        let lower = min(Int(place), source - 1)
        weights[row * source + lower] += 1 - (place - Float(lower))
        weights[row * source + min(lower + 1, source - 1)] += place - Float(lower)
      }
    }
    return try LoweringContext.data { () throws(TensorDataError) in
      try TensorData(shape: [target, source], floats: weights)
    }
  }

  private static func imageAxes(
    _ x: Value, _ arguments: FunctionArguments, _ context: LoweringContext
  ) throws(ModelError) -> (Int, Int) {
    let rank = context.shape(x).rank
    guard rank == 3 || rank == 4 else { throw ModelError(.inputShape(expected: "images", found: context.shape(x))) }
    return try firstChannels(arguments) ? (rank - 2, rank - 1) : (rank - 3, rank - 2)
  }

  /// What comes off or on before and after, of which the target size may say one.
  private static func ends(
    _ arguments: FunctionArguments, _ before: String, _ after: String, _ target: String, _ size: Int, _ sign: Int
  ) throws(ModelError) -> (Int, Int) {
    var (first, last) = (try arguments.optionalInt(before), try arguments.optionalInt(after))
    if let wanted = try arguments.optionalInt(target) {
      let change = (wanted - size) * sign
      if let first { last = last ?? change - first } else { first = change - (last ?? 0) }
      if last == nil { last = change - (first ?? 0) }
    }
    guard let first, let last, first >= 0, last >= 0, first < 1 << 20, last < 1 << 20 else {
      throw ModelError(.unsupported("\(arguments.function) needs two of '\(before)', '\(after)' and '\(target)'"))
    }
    return (first, last)
  }

  /// Runs `body` on three channels and joins what it gives.
  private static func channels(
    of arguments: FunctionArguments, _ context: inout LoweringContext,
    _ body: ([Value], inout LoweringContext) throws(ModelError) -> [Value]
  ) throws(ModelError) -> CallValue {
    let x = try arguments.float("images", &context)
    let rank = context.shape(x).rank
    let axis = try firstChannels(arguments) ? rank - 3 : rank - 1
    guard axis >= 0, try context.shape(x).known(axis: axis) == 3 else {
      throw ModelError(.inputShape(expected: "images of 3 channels", found: context.shape(x)))
    }
    var parts: [Value] = []
    for index in 0..<3 { parts.append(try context.sliced(x, axis: axis, from: index, to: index + 1)) }
    return .tensor(try context.ops(.concatenate(axis: axis), body(parts, &context))[0])
  }

  private static func hue(
    _ red: Value, _ green: Value, _ blue: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> [Value] {
    let value = try context.f(.maximum, red, context.f(.maximum, green, blue))
    let range = try context.f(.subtract, value, context.f(.minimum, red, context.f(.minimum, green, blue)))
    let saturation = try context.op(.binary(.divideNoNaN), range, value)
    let norm = try context.op(.binary(.divideNoNaN), context.constant(1.0 / 6), range)
    let ofRed = try context.f(.multiply, norm, context.f(.subtract, green, blue))
    let ofGreen = try context.f(
      .add, context.f(.multiply, norm, context.f(.subtract, blue, red)), 2.0 / 6)
    let ofBlue = try context.f(
      .add, context.f(.multiply, norm, context.f(.subtract, red, green)), 4.0 / 6)
    let hue = try context.op(
      .select, context.f(.equal, red, value), ofRed,
      context.op(.select, context.f(.equal, green, value), ofGreen, ofBlue))
    let turned = try context.op(.select, context.f(.less, hue, 0), context.shifted(hue, by: 1), hue)
    return [try context.select(context.f(.greater, range, 0), turned, 0), saturation, value]
  }
}
