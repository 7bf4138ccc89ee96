import KerasCore
import KerasGraph

extension BackendFunction {
  static let reductions: Table = {
    let primitive: [(String, Reduction)] = [
      ("sum", .sum), ("mean", .mean), ("max", .maximum), ("min", .minimum), ("prod", .product),
    ]
    var table: Table = primitive.map { name, reduction in
      (
        name,
        BackendFunction("x axis keepdims initial dtype") { arguments, context throws(ModelError) in
          let x = try arguments.value("x", &context)
          let isInteger = context.graph.type(x).dtype == .int32
          var result = try reduced(reduction, context.cast(x, to: .float32), arguments, &context)
          if let initial = try arguments.optionalDouble("initial") {
            guard reduction == .maximum || reduction == .minimum else { throw arguments.unsupported("initial", "None") }
            result = try context.f(reduction == .maximum ? .maximum : .minimum, result, Float(initial))
          }
          return .tensor(isInteger && reduction != .mean ? try context.cast(result, to: .int32) : result)
        }
      )
    }
    table += [("any", .any), ("all", .all)].map { (name: String, reduction: Reduction) in
      (
        name,
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          .tensor(
            try reduced(reduction, context.cast(arguments.value("x", &context), to: .bool), arguments, &context))
        }
      )
    }
    table += [
      (
        "logsumexp",
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          let x = try arguments.float("x", &context)
          let axes = try arguments.axes("axis", of: x, context)
          let peak = try context.op(
            .stopGradient, context.op(.reduce(.maximum, axes: axes, keepDimensions: true), x))
          let powers = try context.op(.unary(.exponential), context.op(.binary(.subtract), x, peak))
          let total = try context.op(.reduce(.sum, axes: axes, keepDimensions: true), powers)
          let result = try context.op(.binary(.add), context.op(.unary(.logarithm), total), peak)
          return .tensor(try dropped(result, axes, keeps: arguments.bool("keepdims", default: false), &context))
        }
      ),
      (
        "var",
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          .tensor(try variance(arguments.float("x", &context), arguments, &context))
        }
      ),
      (
        "std",
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          .tensor(
            try context.op(.unary(.squareRoot), variance(arguments.float("x", &context), arguments, &context)))
        }
      ),
      (
        "count_nonzero",
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          let isSet = try context.cast(
            context.cast(arguments.value("x", &context), to: .bool), to: .float32)
          return .tensor(try context.cast(reduced(.sum, isSet, arguments, &context), to: .int32))
        }
      ),
      (
        "ptp",
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          let x = try arguments.float("x", &context)
          return .tensor(
            try context.op(
              .binary(.subtract), reduced(.maximum, x, arguments, &context), reduced(.minimum, x, arguments, &context)))
        }
      ),
      (
        "argmax",
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          .tensor(try indexOfLargest(arguments.float("x", &context), arguments, &context))
        }
      ),
      (
        "argmin",
        BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
          .tensor(
            try indexOfLargest(context.op(.unary(.negate), arguments.float("x", &context)), arguments, &context))
        }
      ),
      (
        "norm",
        BackendFunction("x ord axis keepdims") { arguments, context throws(ModelError) in
          let x = try arguments.float("x", &context)
          let order = arguments["ord"].double
          switch (order, order == nil ? try arguments.optionalString("ord") : nil) {
          case (nil, nil), (2, _), (nil, "euclidean"), (nil, "fro"):
            return .tensor(
              try context.op(
                .unary(.squareRoot), reduced(.sum, context.op(.unary(.square), x), arguments, &context)))
          case (1, _): return .tensor(try reduced(.sum, context.op(.unary(.absolute), x), arguments, &context))
          case (.infinity, _):
            return .tensor(try reduced(.maximum, context.op(.unary(.absolute), x), arguments, &context))
          default: throw arguments.unsupported("ord", "1, 2 or infinity")
          }
        }
      ),
    ]
    return table
  }()

  static func reduced(
    _ reduction: Reduction, _ x: Value, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let axes = try arguments.axes("axis", of: x, context)
    guard !axes.isEmpty else { return x }
    return try context.op(
      .reduce(reduction, axes: axes, keepDimensions: arguments.bool("keepdims", default: false)), x)
  }

  static func variance(
    _ x: Value, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let axes = try arguments.axes("axis", of: x, context)
    let mean = try context.op(.reduce(.mean, axes: axes, keepDimensions: true), x)
    let squares = try context.op(.unary(.square), context.op(.binary(.subtract), x, mean))
    return try context.op(
      .reduce(.mean, axes: axes, keepDimensions: arguments.bool("keepdims", default: false)), squares)
  }

  private static func indexOfLargest(
    _ x: Value, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    if arguments["axis"].isNone {
      return try context.op(.argMax(axis: 0), context.op(.reshape([.inferred]), x))
    }
    let axis = try arguments.axis("axis", of: x, default: -1, context)
    let index = try context.op(.argMax(axis: axis), x)
    return try arguments.bool("keepdims", default: false) ? context.expanded(index, axis: axis) : index
  }

  static func dropped(
    _ x: Value, _ axes: [Int], keeps: Bool, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    if keeps { return x }
    var target = context.dimensions(of: x)
    for axis in axes.reversed() { target.remove(at: axis) }
    return try context.op(.reshape(target), x)
  }
}
