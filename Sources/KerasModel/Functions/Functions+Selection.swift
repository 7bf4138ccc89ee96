import KerasCore
import KerasGraph

extension BackendFunction {
  /// Elements by their indices.
  static let selection: Table = [
    (
      "take",
      BackendFunction("x indices axis") { arguments, context throws(ModelError) in
        var x = try arguments.value("x", &context)
        if arguments["axis"].isNone { x = try context.op(.reshape([.inferred]), x) }
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        return .tensor(try taken(x, arguments["indices"], axis: axis, arguments.function, &context))
      }
    ),
    // tf.gather: with 'batch_dims' 1 each sample has indices of its own.
    (
      "keraskit>gather",
      BackendFunction("x indices axis batch_dims") { arguments, context throws(ModelError) in
        guard try arguments.int("batch_dims", default: 0) != 0 else {
          return try call(
            "take", [arguments["x"], arguments["indices"], arguments["axis"]], writtenAs: arguments.function, &context)
        }
        let x = try arguments.value("x", &context)
        let indices = try context.cast(arguments.value("indices", &context), to: .float32)
        let axis = arguments["axis"].int == 0 ? 1 : try arguments.axis("axis", of: x, default: 1, context)
        guard try arguments.int("batch_dims", default: 0) == 1, axis == 1, context.shape(indices).rank >= 1 else {
          throw arguments.unsupported("batch_dims", "1, and 'axis' 1")
        }
        // Rows of all samples below each other.
        let size = try context.shape(x).known(axis: 1)
        let table = try context.op(.reshape([.inferred] + context.dimensions(of: x).dropFirst(2)), x)
        let sample = try context.cast(context.op(.iota(axis: 0), indices), to: .float32)
        let places = try context.f(.add, indices, context.scaled(sample, by: Float(size)))
        return .tensor(try context.op(.gatherRows, table, context.cast(places, to: .int32)))
      }
    ),
    (
      "take_along_axis",
      BackendFunction("x indices axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        return .tensor(try takenAlong(x, arguments.value("indices", &context), axis: axis, &context))
      }
    ),
    (
      "one_hot",
      BackendFunction("x num_classes axis dtype sparse on_value off_value") { arguments, context throws(ModelError) in
        let indices = try context.cast(arguments.value("x", &context), to: .int32)
        guard let count = arguments["num_classes"].int, (1...1 << 24).contains(count) else {
          throw arguments.unsupported("num_classes", "a number of classes")
        }
        let rank = context.shape(indices).rank
        let given = try arguments.int("axis", default: -1)
        let axis = given < 0 ? given + rank + 1 : given
        let column = try context.cast(context.expanded(indices, axis: axis), to: .float32)
        let data = try LoweringContext.data { () throws(TensorDataError) in
          try TensorData(shape: [count], floats: (0..<count).map { Float($0) })
        }
        let classes = try context.vector(context.constant(data), along: axis, rank: rank + 1)
        let isHot = try context.op(.compare(.equal), column, classes)
        guard arguments["on_value"].isNone, arguments["off_value"].isNone else {
          let on = arguments["on_value"].isNone ? CallValue.float(1) : arguments["on_value"]
          let off = arguments["off_value"].isNone ? CallValue.float(0) : arguments["off_value"]
          let values = try context.promoted([on, off], for: arguments.function)
          let chosen = try context.op(.select, isHot, values[0], values[1])
          return .tensor(
            try arguments.dtype("dtype").map { dtype throws(ModelError) in
              try context.cast(chosen, to: dtype)
            } ?? chosen)
        }
        return .tensor(try context.cast(isHot, to: arguments.dtype("dtype") ?? .float32))
      }
    ),
    (
      "get_item",
      BackendFunction("x key") { arguments, context throws(ModelError) in
        try PythonOperators.item(arguments.required("x"), arguments["key"], &context)
      }
    ),
    (
      "slice",
      BackendFunction("inputs start_indices shape") { arguments, context throws(ModelError) in
        let x = try arguments.value("inputs", &context)
        let starts = try arguments.ints("start_indices")
        let sizes = try arguments.ints("shape")
        guard starts.count == sizes.count, starts.count == context.shape(x).rank else {
          throw arguments.unsupported("shape", "as many sizes as axes")
        }
        let limits = zip(starts, sizes).map { start, size in size == -1 ? nil : start + size }
        return .tensor(
          try context.op(.slice(starts: starts, limits: limits, strides: Array(repeating: 1, count: starts.count)), x))
      }
    ),
  ]

  /// Slices of an axis by constant or computed indices; a negative constant counts from the end.
  static func taken(
    _ x: Value, _ indices: CallValue, axis: Int, _ user: String, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    if let index = indices.int {
      let part = try context.sliced(x, axis: axis, from: index, to: index == -1 ? nil : index + 1)
      return try dropped(part, [axis], keeps: false, &context)
    }
    let shape = context.shape(x)
    var indices = indices
    if case .sequence(let list) = indices, let size = shape[axis] {
      indices = .sequence(list.map { $0.int.map { .int($0 < 0 ? $0 + size : $0) } ?? $0 })
    }
    let positions = try context.cast(context.value(indices, for: user), to: .int32)
    let count = context.shape(positions).rank
    let order = [axis] + (0..<shape.rank).filter { $0 != axis }
    let table = axis == 0 ? x : try context.op(.transpose(order), x)
    let rows = try context.op(.gatherRows, table, positions)
    guard axis > 0 else { return rows }
    // The indices' axes move to where the axis was.
    let back = Array(count..<count + axis) + Array(0..<count) + Array((count + axis)..<(count + shape.rank - 1))
    return try context.op(.transpose(back), rows)
  }

  /// numpy's take_along_axis: `indices` has x's shape but for one axis.
  static func takenAlong(
    _ x: Value, _ indices: Value, axis: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let shape = context.shape(x)
    guard context.shape(indices).rank == shape.rank else {
      throw ModelError(.inputShape(expected: "indices of \(shape.rank) axes", found: context.shape(indices)))
    }
    // Rows of the flat table: Σ index · stride, in floats, which hold whole numbers up to 2²⁴.
    let size = try shape.known(axis: axis)
    var raw = try context.cast(indices, to: .float32)
    // Axes of one element in one of the two are repeated.
    let own = context.shape(raw)
    let repeated = (0..<shape.rank).filter { $0 != axis && own[$0] == 1 && shape[$0] != 1 }
    if !repeated.isEmpty {
      let target = context.dimensions(of: raw).enumerated().map { index, size in
        repeated.contains(index) ? shape[index].map { TargetDimension.fixed($0) } ?? .ofOperand(1, axis: index) : size
      }
      raw = try context.op(.broadcast(target), raw, x)
    }
    let isNegative = try context.op(.compare(.less), raw, context.constant(0))
    let wrapped = try context.op(.select, isNegative, context.shifted(raw, by: Float(size)), raw)
    var stride = 1
    var position: Value?
    for current in (0..<shape.rank).reversed() {
      let index =
        current == axis
        ? wrapped
        : shape[current] == 1
          ? try context.scaled(raw, by: 0) : try context.cast(context.op(.iota(axis: current), raw), to: .float32)
      let term = stride == 1 ? index : try context.scaled(index, by: Float(stride))
      position = if let sum = position { try context.op(.binary(.add), sum, term) } else { term }
      guard current > 0 else { break }
      guard let next = checkedProduct([stride, try shape.known(axis: current)]), next < 1 << 24 else {
        throw ModelError(.unsupported("take_along_axis of a tensor of shape \(shape)"))
      }
      stride = next
    }
    let table = try context.op(.reshape([.inferred]), x)
    return try context.op(.gatherRows, table, context.cast(position ?? wrapped, to: .int32))
  }

  /// Moments and averages.
  static let statistics: Table = [
    (
      "moments",
      BackendFunction("x axes keepdims shift synchronized") { arguments, context throws(ModelError) in
        var inner = arguments
        inner.set("axis", arguments["axes"])
        let x = try arguments.float("x", &context)
        return .sequence([
          .tensor(try reduced(.mean, x, inner, &context)), .tensor(try variance(x, inner, &context)),
        ])
      }
    ),
    (
      "average",
      BackendFunction("x axis weights") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        guard !arguments["weights"].isNone else { return .tensor(try reduced(.mean, x, arguments, &context)) }
        var weights = try arguments.float("weights", &context)
        let axes = try arguments.axes("axis", of: x, context)
        if context.shape(weights).rank == 1, axes.count == 1 {
          weights = try context.vector(weights, along: axes[0], rank: context.shape(x).rank)
        }
        let ones = try context.op(.binary(.add), context.scaled(x, by: 0), weights)
        let total = try context.op(.reduce(.sum, axes: axes, keepDimensions: false), ones)
        let sum = try context.op(
          .reduce(.sum, axes: axes, keepDimensions: false), context.op(.binary(.multiply), x, weights))
        return .tensor(try context.op(.binary(.divide), sum, total))
      }
    ),
  ]
}
