import KerasCore
import KerasGraph

extension BackendFunction {
  /// Functions of the libraries around the backends: the preprocessing of keras.applications, scopes, TensorFlow's
  /// normalization over channels.
  static let applications: Table = [
    // `preprocess_input` of keras.applications/imagenet_utils.py, for images with their channels last.
    (
      "keraskit>preprocess_input",
      BackendFunction("x data_format mode") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        guard try !firstChannels(arguments) else { throw arguments.unsupported("data_format", "'channels_last'") }
        switch try arguments.optionalString("mode") ?? "caffe" {
        case "tf": return .tensor(try context.shifted(context.scaled(x, by: 1 / 127.5), by: -1))
        case "torch":
          let scaled = try context.f(.divide, x, 255)
          return .tensor(try standardized(scaled, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225], &context))
        case "caffe":
          let reversed = try context.op(.reverse(axes: [context.shape(x).rank - 1]), x)
          return .tensor(try standardized(reversed, [103.939, 116.779, 123.68], nil, &context))
        case "none": return .tensor(x)
        default: throw arguments.unsupported("mode", "'caffe', 'tf' or 'torch'")
        }
      }
    ),
    // `with tf.name_scope(…):` gives names only.
    (
      "keraskit>scope",
      BackendFunction("name default_name values reuse device_name") { _, _ throws(ModelError) in .none }
    ),
    (
      "keraskit>shown",
      BackendFunction("x message summarize") { arguments, _ throws(ModelError) in try arguments.required("x") }
    ),
    (
      "keraskit>local_response_normalization",
      BackendFunction("x depth_radius bias alpha beta") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let radius = try arguments.int("depth_radius", default: 5)
        guard (0...511).contains(radius) else { throw arguments.unsupported("depth_radius", "a number up to 511") }
        return .tensor(
          try context.localResponse(
            x, axis: context.shape(x).rank - 1, radius: radius, alpha: Float(arguments.double("alpha", default: 1)),
            offset: Float(arguments.double("bias", default: 1)), beta: Float(arguments.double("beta", default: 0.5))))
      }
    ),
    // K.pool2d and K.pool3d.
    (
      "keraskit>pool",
      BackendFunction("x pool_size strides padding data_format pool_mode") { arguments, context throws(ModelError) in
        let mode = try arguments.optionalString("pool_mode") ?? "max"
        guard ["max", "avg"].contains(mode) else { throw arguments.unsupported("pool_mode", "'max' or 'avg'") }
        let ones = CallValue.sequence((arguments["pool_size"].elements ?? []).map { _ in .int(1) })
        return try call(
          mode == "max" ? "max_pool" : "average_pool",
          [
            arguments["x"], arguments["pool_size"], arguments["strides"].isNone ? ones : arguments["strides"],
            arguments["padding"].isNone ? .string("valid") : arguments["padding"], arguments["data_format"],
          ], writtenAs: arguments.function, &context)
      }
    ),
    // tf.linalg.normalize: the tensor with its norm taken out, and the norm.
    (
      "keraskit>normalized",
      BackendFunction("x ord axis") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let norm = try call(
          "norm", [.tensor(x), arguments["ord"], arguments["axis"], .bool(true)], writtenAs: arguments.function,
          &context)
        return .sequence([.tensor(try context.f(.divide, x, context.value(norm, for: arguments.function))), norm])
      }
    ),
    // tf.ensure_shape: what is not known of the shape is said to be so.
    (
      "keraskit>ensured",
      BackendFunction("x shape") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let sizes = arguments["shape"].elements ?? []
        let own = context.shape(x).dimensions
        guard sizes.count == own.count,
          zip(sizes, own).allSatisfy({ $0.isNone || $1 == nil || $0.int == $1 })
        else { throw ModelError(.inputShape(expected: "the shape of \(arguments.function)", found: context.shape(x))) }
        return .tensor(x)
      }
    ),
    // tf.signal.frame along the last axis: a window at each step, those that reach over the end left out.
    (
      "keraskit>frames",
      BackendFunction("x frame_length frame_step pad_end pad_value axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let axis = context.shape(x).rank - 1
        let (length, step) = (
          try arguments.int("frame_length", default: 0), try arguments.int("frame_step", default: 0)
        )
        guard try !arguments.bool("pad_end", default: false) else { throw arguments.unsupported("pad_end", "False") }
        guard try arguments.axis("axis", of: x, default: -1, context) == axis else {
          throw arguments.unsupported("axis", "the last axis")
        }
        let size = try context.shape(x).known(axis: axis)
        guard length > 0, step > 0, length <= size, (size - length) / step < 4096 else {
          throw arguments.unsupported("frame_length", "a length within the \(size) samples")
        }
        var frames: [Value] = []
        for start in stride(from: 0, through: size - length, by: step) {
          let frame = try context.sliced(x, axis: axis, from: start, to: start + length)
          frames.append(try context.expanded(frame, axis: axis))
        }
        return .tensor(frames.count == 1 ? frames[0] : try context.ops(.concatenate(axis: axis), frames)[0])
      }
    ),
    // Which of the first places are below each length.
    (
      "keraskit>sequence_mask",
      BackendFunction("lengths maxlen dtype") { arguments, context throws(ModelError) in
        let lengths = try arguments.float("lengths", &context)
        let count = try arguments.int("maxlen", default: -1)
        guard (1...1 << 20).contains(count) else { throw arguments.unsupported("maxlen", "a constant number") }
        let places = context.constant(
          try LoweringContext.data { () throws(TensorDataError) in
            try TensorData(shape: [count], floats: (0..<count).map { Float($0) })
          })
        let wide = try context.expanded(lengths, axis: context.shape(lengths).rank)
        let isInside = try context.f(.less, places, wide)
        return .tensor(try context.cast(isInside, to: arguments.dtype("dtype") ?? .bool))
      }
    ),
  ]

  private static func standardized(
    _ x: Value, _ mean: [Float], _ deviation: [Float]?, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let shape = context.shape(x)
    guard try shape.known(axis: -1) == mean.count else {
      throw ModelError(.inputShape(expected: "images of \(mean.count) channels", found: shape))
    }
    func vector(_ values: [Float]) throws(ModelError) -> TensorData {
      try LoweringContext.data { () throws(TensorDataError) in try TensorData(shape: [values.count], floats: values) }
    }
    let centered = try context.f(.subtract, x, context.constant(vector(mean)))
    guard let deviation else { return centered }
    return try context.f(.divide, centered, context.constant(vector(deviation)))
  }

  /// The mode in which a module of keras.applications preprocesses images; `nil` for another module.
  static func preprocessing(of module: String) -> String? {
    switch module {
    case "densenet": "torch"
    case "inception_v3", "inception_resnet_v2", "mobilenet", "mobilenet_v2", "nasnet", "xception", "resnet_v2": "tf"
    case "resnet", "resnet50", "vgg16", "vgg19", "imagenet_utils": "caffe"
    case "efficientnet", "efficientnet_v2", "mobilenet_v3", "convnext", "regnet", "resnet_rs": "none"
    default: nil
    }
  }
}

extension LoweringContext {
  /// x / (offset + α · Σ x² over the channels within the radius)^β.
  mutating func localResponse(
    _ x: Value, axis: Int, radius: Int, alpha: Float, offset: Float, beta: Float
  ) throws(ModelError) -> Value {
    let channels = try shape(x).known(axis: axis)
    var pads = Array(repeating: 0, count: shape(x).rank)
    pads[axis] = radius
    let squares = try op(.pad(before: pads, after: pads, value: 0), op(.unary(.square), x))
    var sum = try sliced(squares, axis: axis, from: 0, to: channels)
    for place in 1..<max(2 * radius + 1, 1) {
      sum = try f(.add, sum, sliced(squares, axis: axis, from: place, to: place + channels))
    }
    let scale = try shifted(scaled(sum, by: alpha), by: offset)
    return try f(.divide, x, f(.power, scale, beta))
  }
}
