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
      BackendFunction("x dtype shape") { arguments, context throws(ModelError) in
        var value = try array(arguments.required("x"), arguments, context)
        if let dtype = try arguments.dtype("dtype") {
          if let constant = ConstantFunctions.cast(value, to: dtype) {
            value = constant
          } else {
            value = .tensor(try context.cast(context.value(value, for: arguments.function), to: dtype))
          }
        }
        guard !arguments["shape"].isNone else { return value }
        let tensor = try context.value(value, for: arguments.function)
        guard context.shape(tensor).rank == 0 else {
          return .tensor(try context.reshaped(tensor, to: arguments["shape"], for: arguments.function))
        }
        let (target, operands) = try context.target(arguments["shape"], for: arguments.function)
        return .tensor(target.isEmpty ? tensor : try context.ops(.broadcast(target), [tensor] + operands)[0])
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
      BackendFunction("N M k dtype batch_shape") { arguments, context throws(ModelError) in
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
        let matrix = context.constant(data)
        guard let batch = arguments["batch_shape"].elements else { return .tensor(matrix) }
        let (target, operands) = try context.target(
          .sequence(batch + [.int(rows), .int(columns)]), for: arguments.function)
        return .tensor(try context.ops(.broadcast(target), [matrix] + operands)[0])
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
  ]

  /// A list of numbers and sizes as an array of them, one of tensors as a tensor.
  private static func array(
    _ value: CallValue, _ arguments: FunctionArguments, _ context: LoweringContext
  ) throws(ModelError) -> CallValue {
    guard let elements = value.elements else { return value }
    var results: [CallValue] = []
    for element in elements {
      let element = try array(context.resolved(element), arguments, context)
      // Tables and long arrays are better off as constants of the graph.
      guard elements.count <= 4096, !element.isNone else { return value }
      if case .tensor = element { return value }
      results.append(element)
    }
    return .array(results)
  }

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
}
