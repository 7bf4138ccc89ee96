import KerasCore
import KerasGraph

extension BackendFunction {
  /// The activations of `keras.ops`, with their arguments.
  static let activations: Table = {
    // By the same names as the activation a config names.
    let plain = [
      "relu", "relu6", "sigmoid", "softplus", "softsign", "silu", "log_sigmoid", "hard_sigmoid", "hard_silu", "selu",
      "mish", "tanh_shrink", "hard_tanh", "sparse_plus", "sparse_sigmoid",
    ]
    var table: Table = plain.map { name in
      (
        name,
        .map { x, context throws(ModelError) in
          try ActivationFunction(.string(name), field: name).apply(x, &context)
        }
      )
    }
    table += [
      (
        "keraskit>hard_sigmoid",
        .map { x, context throws(ModelError) in
          try context.op(.unary(.hardSigmoid(scale: 0.2, offset: 0.5)), x)
        }
      ),
      (
        "leaky_relu",
        BackendFunction("x negative_slope") { arguments, context throws(ModelError) in
          let slope = Float(try arguments.double("negative_slope", default: 0.2))
          return .tensor(try context.op(.unary(.leakyRelu(slope: slope)), arguments.float("x", &context)))
        }
      ),
      // The backend's relu of tf.keras and Keras 2, which has three arguments.
      (
        "keraskit>relu",
        BackendFunction("x alpha max_value threshold") { arguments, context throws(ModelError) in
          .tensor(try generalRelu(arguments, &context))
        }
      ),
      (
        "elu",
        BackendFunction("x alpha") { arguments, context throws(ModelError) in
          let alpha = Float(try arguments.double("alpha", default: 1))
          return .tensor(try context.op(.unary(.elu(alpha: alpha)), arguments.float("x", &context)))
        }
      ),
      (
        "celu",
        BackendFunction("x alpha") { arguments, context throws(ModelError) in
          let alpha = Float(try arguments.double("alpha", default: 1))
          let x = try arguments.float("x", &context)
          if alpha == 1 { return .tensor(try context.op(.unary(.elu(alpha: 1)), x)) }
          let scaled = try context.op(.unary(.elu(alpha: 1)), context.scaled(x, by: 1 / alpha))
          return .tensor(try context.scaled(scaled, by: alpha))
        }
      ),
      (
        "gelu",
        BackendFunction("x approximate") { arguments, context throws(ModelError) in
          let approximate = try arguments.bool("approximate", default: true)
          return .tensor(try context.op(.unary(.gelu(approximate: approximate)), arguments.float("x", &context)))
        }
      ),
      (
        "glu",
        BackendFunction("x axis") { arguments, context throws(ModelError) in
          let x = try arguments.float("x", &context)
          let axis = try arguments.axis("axis", of: x, default: -1, context)
          let size = try context.shape(x).known(axis: axis)
          guard size % 2 == 0 else { throw ModelError(.inputShape(expected: "an even axis", found: context.shape(x))) }
          let gate = try context.op(.unary(.sigmoid), context.sliced(x, axis: axis, from: size / 2, to: size))
          return .tensor(
            try context.op(.binary(.multiply), context.sliced(x, axis: axis, from: 0, to: size / 2), gate))
        }
      ),
      (
        "soft_shrink",
        BackendFunction("x threshold") { arguments, context throws(ModelError) in
          let limit = Float(try arguments.double("threshold", default: 0.5))
          let x = try arguments.float("x", &context)
          return .tensor(
            try context.op(.binary(.subtract), x, context.op(.unary(.clip(minimum: -limit, maximum: limit)), x)))
        }
      ),
      (
        "hard_shrink",
        BackendFunction("x threshold") { arguments, context throws(ModelError) in
          let limit = Float(try arguments.double("threshold", default: 0.5))
          let x = try arguments.float("x", &context)
          let isLarge = try context.op(.compare(.greater), context.op(.unary(.absolute), x), context.constant(limit))
          return .tensor(try context.op(.select, isLarge, x, context.constant(0)))
        }
      ),
      (
        "threshold",
        BackendFunction("x threshold default_value") { arguments, context throws(ModelError) in
          let x = try arguments.float("x", &context)
          let isAbove = try context.op(.compare(.greater), x, arguments.float("threshold", &context))
          return .tensor(try context.op(.select, isAbove, x, arguments.float("default_value", &context)))
        }
      ),
      (
        "softmax",
        BackendFunction("x axis") { arguments, context throws(ModelError) in
          .tensor(try softmax(arguments, &context) { .softmax(axis: $0) })
        }
      ),
      (
        "log_softmax",
        BackendFunction("x axis") { arguments, context throws(ModelError) in
          .tensor(try softmax(arguments, &context) { .logSoftmax(axis: $0) })
        }
      ),
    ]
    return table
  }()

  /// Softmax over one axis, or over several as over one (Keras 3).
  private static func softmax(
    _ arguments: FunctionArguments, _ context: inout LoweringContext, _ op: (Int) -> Op
  ) throws(ModelError) -> Value {
    let x = try arguments.float("x", &context)
    guard case .sequence(let list) = arguments["axis"] else {
      return try context.op(op(arguments.axis("axis", of: x, default: -1, context)), x)
    }
    let axes = try arguments.axes("axis", of: x, context)
    if list.count == 1 { return try context.op(op(axes[0]), x) }
    let rest = (0..<context.shape(x).rank).filter { !axes.contains($0) }
    let order = rest + axes
    let moved = try context.op(.transpose(order), x)
    let sizes = context.dimensions(of: moved)
    let flat = try context.op(.reshape(Array(sizes[..<rest.count]) + [.inferred]), moved)
    let result = try context.op(op(rest.count), flat)
    let wide = try context.ops(.reshape(context.dimensions(of: moved, operand: 1)), [result, moved])[0]
    return try context.op(.transpose(order.indices.map { order.firstIndex(of: $0) ?? 0 }), wide)
  }

  /// f(x) = max_value above it, x from the threshold on, alpha·(x − threshold) below (keras/backend.py relu).
  private static func generalRelu(
    _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let x = try arguments.float("x", &context)
    let alpha = Float(try arguments.double("alpha", default: 0))
    let threshold = Float(try arguments.double("threshold", default: 0))
    var result: Value
    if threshold == 0 {
      result = try context.op(.unary(alpha == 0 ? .relu : .leakyRelu(slope: alpha)), x)
    } else {
      let isAbove = try context.op(.compare(.greaterOrEqual), x, context.constant(threshold))
      let below = try context.scaled(context.shifted(x, by: -threshold), by: alpha)
      result = try context.op(.select, isAbove, x, below)
    }
    if let limit = try arguments.optionalDouble("max_value") {
      result = try context.op(.binary(.minimum), result, context.constant(Float(limit)))
    }
    return result
  }
}
