import KerasCore
import KerasGraph

extension BackendFunction {
  /// Reductions that pass over NaN, products along an axis, and counts.
  static let tolerant: Table = [
    (
      "nansum",
      .passing(over: 0) { x, arguments, context throws(ModelError) in
        .tensor(try reduced(.sum, x, arguments, &context))
      }
    ),
    (
      "nanprod",
      .passing(over: 1) { x, arguments, context throws(ModelError) in
        .tensor(try reduced(.product, x, arguments, &context))
      }
    ),
    (
      "nanmax",
      .passing(over: -.infinity) { x, arguments, context throws(ModelError) in
        .tensor(try reduced(.maximum, x, arguments, &context))
      }
    ),
    (
      "nanmin",
      .passing(over: .infinity) { x, arguments, context throws(ModelError) in
        .tensor(try reduced(.minimum, x, arguments, &context))
      }
    ),
    (
      "nancumsum",
      .passing(over: 0) { x, arguments, context throws(ModelError) in
        try call("cumsum", [.tensor(x), arguments["axis"]], &context)
      }
    ),
    (
      "nancumprod",
      .passing(over: 1) { x, arguments, context throws(ModelError) in
        try call("cumprod", [.tensor(x), arguments["axis"]], &context)
      }
    ),
    (
      "nanargmax",
      .passing(over: -.infinity) { x, arguments, context throws(ModelError) in
        try call("argmax", [.tensor(x), arguments["axis"], arguments["keepdims"]], &context)
      }
    ),
    (
      "nanargmin",
      .passing(over: .infinity) { x, arguments, context throws(ModelError) in
        try call("argmin", [.tensor(x), arguments["axis"], arguments["keepdims"]], &context)
      }
    ),
    (
      "nanmean",
      BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axes = try arguments.axes("axis", of: x, context)
        let mean = try nanMean(x, x, axes, &context)
        return .tensor(try dropped(mean, axes, keeps: arguments.bool("keepdims", default: false), &context))
      }
    ),
    (
      "nanvar",
      BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
        .tensor(try nanVariance(arguments, &context))
      }
    ),
    (
      "nanstd",
      BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
        .tensor(try context.f(.squareRoot, nanVariance(arguments, &context)))
      }
    ),
    (
      "cumsum",
      BackendFunction("x axis dtype exclusive reverse") { arguments, context throws(ModelError) in
        var x = try arguments.float("x", &context)
        if arguments["axis"].isNone, context.shape(x).rank != 1, arguments.function != "tf.math.cumsum" {
          x = try context.op(.reshape([.inferred]), x)
        }
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        let sums = try context.op(
          .cumulativeSum(axis: axis, reverse: arguments.bool("reverse", default: false)), x)
        guard try arguments.bool("exclusive", default: false) else { return .tensor(sums) }
        return .tensor(try context.f(.subtract, sums, x))
      }
    ),
    (
      "cumprod",
      BackendFunction("x axis dtype") { arguments, context throws(ModelError) in
        var x = try arguments.float("x", &context)
        if arguments["axis"].isNone { x = try context.op(.reshape([.inferred]), x) }
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        // Doubling the reach: after k steps every element holds the product of 2ᵏ of them.
        let size = try bounded(context.shape(x).known(axis: axis))
        var reach = 1
        while reach < size {
          var before = Array(repeating: 0, count: context.shape(x).rank)
          let after = before
          before[axis] = reach
          let earlier = try context.op(
            .pad(before: before, after: after, value: 1), context.sliced(x, axis: axis, from: 0, to: size - reach))
          x = try context.f(.multiply, x, earlier)
          reach *= 2
        }
        return .tensor(x)
      }
    ),
    (
      "bincount",
      BackendFunction("x weights minlength sparse") { arguments, context throws(ModelError) in
        guard arguments["weights"].isNone else { throw arguments.unsupported("weights", "None") }
        let count = try arguments.int("minlength", default: 0)
        guard (1...1 << 16).contains(count) else {
          throw ModelError(.unsupported("\(arguments.function) without 'minlength': its size depends on the data"))
        }
        let hot = try call("one_hot", [.tensor(arguments.value("x", &context)), .int(count)], &context)
        let rows = try context.float(hot, for: arguments.function)
        return .tensor(try context.cast(context.total(rows, [context.shape(rows).rank - 2]), to: .int32))
      }
    ),
    (
      "multi_hot",
      BackendFunction("inputs num_classes axis dtype sparse") { arguments, context throws(ModelError) in
        let hot = try call("one_hot", [arguments.required("inputs"), arguments["num_classes"]], &context)
        let rows = try context.float(hot, for: arguments.function)
        let rank = context.shape(rows).rank
        guard try arguments.int("axis", default: -1) == -1 else { throw arguments.unsupported("axis", "-1") }
        let result = rank < 2 ? rows : try context.total(.maximum, rows, [rank - 2])
        return .tensor(try context.cast(result, to: arguments.dtype("dtype") ?? .float32))
      }
    ),
    ("segment_sum", .segments(.sum)), ("segment_max", .segments(.maximum)), ("segment_min", .segments(.minimum)),
    ("segment_prod", .segments(.product)),
    (
      "select",
      BackendFunction("condlist choicelist default") { arguments, context throws(ModelError) in
        let conditions = try arguments.values("condlist", &context)
        let choices = try arguments.values("choicelist", &context)
        guard conditions.count == choices.count else { throw arguments.unsupported("choicelist", "one per condition") }
        var result = arguments["default"].isNone ? context.constant(0) : try arguments.float("default", &context)
        for (condition, choice) in zip(conditions, choices).reversed() {
          result = try context.op(
            .select, context.cast(condition, to: .bool), context.cast(choice, to: .float32), result)
        }
        return .tensor(result)
      }
    ),
  ]

  /// A reduction of x with another number in the place of NaN.
  private static func passing(
    over value: Float,
    _ body: @escaping @Sendable (Value, FunctionArguments, inout LoweringContext) throws(ModelError) -> CallValue
  ) -> BackendFunction {
    BackendFunction("x axis keepdims dtype") { arguments, context throws(ModelError) in
      let x = try arguments.float("x", &context)
      let filled = try context.op(.select, context.f(.notEqual, x, x), context.constant(value), x)
      return try body(filled, arguments, &context)
    }
  }

  /// The mean of values where another tensor is a number, the axes kept.
  private static func nanMean(
    _ values: Value, _ x: Value, _ axes: [Int], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let isNumber = try context.f(.equal, x, x)
    let sum = try context.total(context.select(isNumber, values, 0), axes, keeps: true)
    return try context.f(.divide, sum, context.total(context.cast(isNumber, to: .float32), axes, keeps: true))
  }

  private static func nanVariance(
    _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let x = try arguments.float("x", &context)
    let axes = try arguments.axes("axis", of: x, context)
    let centred = try context.f(.subtract, x, nanMean(x, x, axes, &context))
    let variance = try nanMean(context.f(.square, centred), x, axes, &context)
    return try dropped(variance, axes, keeps: arguments.bool("keepdims", default: false), &context)
  }

  /// Reduces the rows of each segment; segments are constant or computed, their number is stated.
  private static func segments(_ reduction: Reduction) -> BackendFunction {
    BackendFunction("data segment_ids num_segments sorted") { arguments, context throws(ModelError) in
      let data = try arguments.float("data", &context)
      var count = try arguments.optionalInt("num_segments")
      if count == nil, case .sequence(let ids) = arguments["segment_ids"] {
        count = ids.compactMap(\.int).max().map { $0 + 1 }
      }
      guard let count, (1...4096).contains(count) else {
        throw ModelError(.unsupported("\(arguments.function) without 'num_segments': its size depends on the data"))
      }
      let ids = try arguments.float("segment_ids", &context)
      try context.shape(ids).expectRank(1)
      let numbers = try LoweringContext.data { () throws(TensorDataError) in
        try TensorData(shape: [count, 1], floats: (0..<count).map { Float($0) })
      }
      var isOwn = try context.f(.equal, context.constant(numbers), ids)
      for axis in 1..<max(context.shape(data).rank, 1) { isOwn = try context.expanded(isOwn, axis: axis + 1) }
      let empty: Float = [Reduction.maximum: -.infinity, .minimum: .infinity, .product: 1][reduction] ?? 0
      let rows = try context.select(isOwn, context.expanded(data, axis: 0), empty)
      return .tensor(try context.total(reduction, rows, [1]))
    }
  }
}
