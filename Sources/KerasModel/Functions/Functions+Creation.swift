import KerasCore
import KerasGraph

extension BackendFunction {
  /// Tensors made from sizes.
  static let creation: Table = [
    (
      "zeros_like",
      BackendFunction("x dtype") { arguments, context throws(ModelError) in
        try filled(0, like: arguments, &context)
      }
    ),
    (
      "ones_like",
      BackendFunction("x dtype") { arguments, context throws(ModelError) in
        try filled(1, like: arguments, &context)
      }
    ),
    (
      "full_like",
      BackendFunction("x fill_value dtype") { arguments, context throws(ModelError) in
        try filled(arguments.double("fill_value", default: 0), like: arguments, &context)
      }
    ),
    (
      "zeros",
      BackendFunction("shape dtype") { arguments, context throws(ModelError) in
        try filled(.float(0), arguments, &context)
      }
    ),
    (
      "ones",
      BackendFunction("shape dtype") { arguments, context throws(ModelError) in
        try filled(.float(1), arguments, &context)
      }
    ),
    (
      "full",
      BackendFunction("shape fill_value dtype") { arguments, context throws(ModelError) in
        try filled(arguments.required("fill_value"), arguments, &context)
      }
    ),
    (
      "array",
      BackendFunction("x dtype") { arguments, context throws(ModelError) in
        let value = try arguments.required("x")
        guard let dtype = try arguments.dtype("dtype") else { return value }
        return .tensor(try context.cast(context.value(value, for: arguments.function), to: dtype))
      }
    ),
    (
      "arange",
      BackendFunction("start stop step dtype") { arguments, context throws(ModelError) in
        var (start, stop) = (arguments["start"], context.resolved(arguments["stop"]))
        if stop.isNone { (start, stop) = (.int(0), context.resolved(arguments["start"])) }
        let step = arguments["step"].isNone ? CallValue.int(1) : arguments["step"]
        if case .size(1, let sizes) = stop, sizes.count == 1, start.int == 0, step.int == 1 {
          // As many numbers as an axis is long.
          let value = sizes[0].value
          let axes = (0..<context.shape(value).rank).filter { $0 != sizes[0].axis }
          let lengths = try context.op(
            .reduce(.maximum, axes: axes, keepDimensions: false), context.cast(value, to: .float32))
          let numbers = try context.op(.iota(axis: 0), axes.isEmpty ? value : lengths)
          return .tensor(try context.cast(numbers, to: arguments.dtype("dtype") ?? .int32))
        }
        guard let first = start.double, let end = stop.double, let stride = step.double, stride != 0 else {
          throw arguments.unsupported("stop", "a constant")
        }
        let count: Double = Swift.max(0, ((end - first) / stride).rounded(.up))
        guard count <= 16_777_216 else { throw ModelError(.unsupported("\(arguments.function) of \(count) numbers")) }
        let numbers = (0..<Int(count)).map { first + Double($0) * stride }
        let isFloat = [start, stop, step].contains { if case .float = $0 { true } else { false } }
        let dtype = try arguments.dtype("dtype") ?? (isFloat ? .float32 : .int32)
        let data = try LoweringContext.data { () throws(TensorDataError) in
          dtype == .float32
            ? try TensorData(shape: [numbers.count], floats: numbers.map { Float($0) })
            : try TensorData(shape: [numbers.count], int32s: numbers.map { Int32(clamping: Int($0)) })
        }
        return .tensor(context.constant(data))
      }
    ),
    (
      "linspace",
      BackendFunction("start stop num") { arguments, context throws(ModelError) in
        let (first, last) = (try arguments.double("start", default: 0), try arguments.double("stop", default: 0))
        let count = try arguments.int("num", default: 50)
        guard (1...1 << 24).contains(count) else { throw arguments.unsupported("num", "a number of elements") }
        let numbers = (0..<count).map { Float(first + (last - first) * Double($0) / Double(max(count - 1, 1))) }
        let data = try LoweringContext.data { () throws(TensorDataError) in
          try TensorData(shape: [count], floats: numbers)
        }
        return .tensor(context.constant(data))
      }
    ),
    (
      "eye",
      BackendFunction("N M k dtype") { arguments, context throws(ModelError) in
        let rows = try arguments.int("N", default: 0)
        let columns = try arguments.int("M", default: rows)
        let offset = try arguments.int("k", default: 0)
        guard rows > 0, columns > 0, let count = checkedProduct([rows, columns]), count <= 1 << 24 else {
          throw arguments.unsupported("N", "a size")
        }
        var numbers = [Float](repeating: 0, count: count)
        for row in 0..<rows where (0..<columns).contains(row + offset) { numbers[row * columns + row + offset] = 1 }
        let data = try LoweringContext.data { () throws(TensorDataError) in
          try TensorData(shape: [rows, columns], floats: numbers)
        }
        return .tensor(context.constant(data))
      }
    ),
    (
      "tril",
      BackendFunction("x k") { arguments, context throws(ModelError) in
        try triangle(arguments, .lessOrEqual, &context)
      }
    ),
    (
      "triu",
      BackendFunction("x k") { arguments, context throws(ModelError) in
        try triangle(arguments, .greaterOrEqual, &context)
      }
    ),
    // K.epsilon(), K.floatx() and the order of axes, unless the user's keras.json says otherwise.
    ("keraskit>epsilon", BackendFunction("") { _, _ throws(ModelError) in .float(1e-7) }),
    ("keraskit>floatx", BackendFunction("") { _, _ throws(ModelError) in .string("float32") }),
    ("keraskit>backend", BackendFunction("") { _, _ throws(ModelError) in .string("tensorflow") }),
    ("keraskit>image_data_format", BackendFunction("") { _, _ throws(ModelError) in .string("channels_last") }),
    ("keraskit>image_dim_ordering", BackendFunction("") { _, _ throws(ModelError) in .string("tf") }),
    // A draw from a distribution, new at each run.
    (
      "keraskit>normal",
      BackendFunction("shape mean stddev dtype seed") { arguments, context throws(ModelError) in
        try random(.normal, arguments, scale: arguments["stddev"], offset: arguments["mean"], &context)
      }
    ),
    (
      "keraskit>uniform",
      BackendFunction("shape minval maxval dtype seed") { arguments, context throws(ModelError) in
        let low = arguments["minval"].isNone ? CallValue.float(0) : arguments["minval"]
        let high = arguments["maxval"].isNone ? CallValue.float(1) : arguments["maxval"]
        let width = try binary(.subtract, high, low, arguments.function, &context)
        return try random(.uniform, arguments, scale: width, offset: low, &context)
      }
    ),
  ]

  private static func filled(
    _ number: Double, like arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let x = try arguments.value("x", &context)
    let dtype = try arguments.dtype("dtype") ?? context.graph.type(x).dtype
    let one = try context.cast(context.constant(Float(number)), to: dtype)
    return .tensor(try context.ops(.broadcast(context.dimensions(of: x, operand: 1)), [one, x])[0])
  }

  private static func filled(
    _ number: CallValue, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let (target, operands) = try context.target(arguments.required("shape"), for: arguments.function)
    var one = try context.value(number, for: arguments.function)
    if let dtype = try arguments.dtype("dtype") { one = try context.cast(one, to: dtype) }
    return .tensor(target.isEmpty ? one : try context.ops(.broadcast(target), [one] + operands)[0])
  }

  private static func triangle(
    _ arguments: FunctionArguments, _ comparison: Comparison, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let x = try arguments.value("x", &context)
    let rank = context.shape(x).rank
    guard rank >= 2 else { throw ModelError(.inputShape(expected: "a matrix", found: context.shape(x))) }
    let rows = try context.cast(context.op(.iota(axis: rank - 2), x), to: .float32)
    let columns = try context.cast(context.op(.iota(axis: rank - 1), x), to: .float32)
    let limit = try context.shifted(rows, by: Float(arguments.int("k", default: 0)))
    let isKept = try context.op(.compare(comparison), columns, limit)
    let zero = try context.cast(context.constant(0), to: context.graph.type(x).dtype)
    return .tensor(try context.op(.select, isKept, x, zero))
  }

  private static func random(
    _ distribution: RandomDistribution, _ arguments: FunctionArguments, scale: CallValue, offset: CallValue,
    _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let (target, operands) = try context.target(arguments.required("shape"), for: arguments.function)
    let zero = context.constant(0)
    let shape = target.isEmpty ? zero : try context.ops(.broadcast(target), [zero] + operands)[0]
    var draw = try context.op(.random(distribution, stream: context.nextRandomStream()), shape)
    if !scale.isNone, scale.double != 1 {
      draw = try context.op(.binary(.multiply), draw, context.float(scale, for: arguments.function))
    }
    if !offset.isNone, offset.double != 0 {
      draw = try context.op(.binary(.add), draw, context.float(offset, for: arguments.function))
    }
    return .tensor(draw)
  }
}
