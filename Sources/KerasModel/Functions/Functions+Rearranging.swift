import KerasCore
import KerasGraph

extension BackendFunction {
  /// Further functions that move and join elements.
  static let rearranging: Table = [
    (
      "append",
      BackendFunction("x1 x2 axis") { arguments, context throws(ModelError) in
        var values = try arguments.promoted(["x1", "x2"], &context)
        guard !arguments["axis"].isNone else {
          for index in values.indices { values[index] = try context.op(.reshape([.inferred]), values[index]) }
          return .tensor(try context.ops(.concatenate(axis: 0), values)[0])
        }
        let axis = try arguments.axis("axis", of: values[0], default: 0, context)
        return .tensor(try context.ops(.concatenate(axis: axis), values)[0])
      }
    ),
    ("hstack", .joining(axis: 1)), ("vstack", .joining(axis: 0)), ("dstack", .joining(axis: 2)),
    ("fliplr", .map { x, context throws(ModelError) in try context.op(.reverse(axes: [1]), x) }),
    ("flipud", .map { x, context throws(ModelError) in try context.op(.reverse(axes: [0]), x) }),
    (
      "keraskit>flip_columns",
      .map { x, context throws(ModelError) in try context.op(.reverse(axes: [context.shape(x).axis(-2)]), x) }
    ),
    (
      "keraskit>flip_rows",
      .map { x, context throws(ModelError) in try context.op(.reverse(axes: [context.shape(x).axis(-3)]), x) }
    ),
    (
      "rot90",
      BackendFunction("array k axes") { arguments, context throws(ModelError) in
        var x = try arguments.float("array", &context)
        let given = try arguments.optionalInts("axes") ?? [0, 1]
        guard given.count == 2 else { throw arguments.unsupported("axes", "two axes") }
        let (a, b) = (try context.shape(x).axis(given[0]), try context.shape(x).axis(given[1]))
        let turns = try arguments.int("k", default: 1) % 4
        var order = Array(0..<context.shape(x).rank)
        order.swapAt(a, b)
        for _ in 0..<(turns + 4) % 4 {
          x = try context.op(.transpose(order), context.op(.reverse(axes: [b]), x))
        }
        return .tensor(x)
      }
    ),
    (
      "array_split",
      BackendFunction("x indices_or_sections axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        guard let count = arguments["indices_or_sections"].int else {
          return try call("split", [.tensor(x), arguments["indices_or_sections"], .int(axis)], &context)
        }
        let size = try context.shape(x).known(axis: axis)
        guard count > 0, count <= size else { throw arguments.unsupported("indices_or_sections", "a number of parts") }
        let cuts = (1..<count).map { $0 * (size / count) + min($0, size % count) }
        return try call("split", [.tensor(x), .sequence(cuts.map { .int($0) }), .int(axis)], &context)
      }
    ),
    ("hsplit", .splitting(axis: 1)), ("vsplit", .splitting(axis: 0)), ("dsplit", .splitting(axis: 2)),
    (
      "diff",
      BackendFunction("a n axis") { arguments, context throws(ModelError) in
        var x = try arguments.float("a", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        for _ in 0..<(try bounded(arguments.int("n", default: 1))) {
          let later = try context.sliced(x, axis: axis, from: 1, to: nil)
          x = try context.f(.subtract, later, context.sliced(x, axis: axis, from: 0, to: -1))
        }
        return .tensor(x)
      }
    ),
    (
      "trapezoid",
      BackendFunction("y x dx axis") { arguments, context throws(ModelError) in
        guard arguments["x"].isNone else { throw arguments.unsupported("x", "None") }
        let y = try arguments.float("y", &context)
        let axis = try arguments.axis("axis", of: y, default: -1, context)
        let later = try context.sliced(y, axis: axis, from: 1, to: nil)
        let pairs = try context.f(.add, later, context.sliced(y, axis: axis, from: 0, to: -1))
        let step = Float(try arguments.double("dx", default: 1))
        return .tensor(try context.scaled(context.total(pairs, [axis]), by: step / 2))
      }
    ),
    (
      "diagonal",
      BackendFunction("x offset axis1 axis2") { arguments, context throws(ModelError) in
        .tensor(
          try diagonal(
            arguments.float("x", &context), offset: arguments.int("offset", default: 0),
            arguments.int("axis1", default: 0), arguments.int("axis2", default: 1), &context))
      }
    ),
    (
      "trace",
      BackendFunction("x offset axis1 axis2") { arguments, context throws(ModelError) in
        let line = try diagonal(
          arguments.float("x", &context), offset: arguments.int("offset", default: 0),
          arguments.int("axis1", default: 0), arguments.int("axis2", default: 1), &context)
        return .tensor(try context.total(line, [context.shape(line).rank - 1]))
      }
    ),
    (
      "keraskit>diagonal",
      .map { x, context throws(ModelError) in try diagonal(x, offset: 0, -2, -1, &context) }
    ),
    (
      "keraskit>trace",
      .map { x, context throws(ModelError) in
        let line = try diagonal(x, offset: 0, -2, -1, &context)
        return try context.total(line, [context.shape(line).rank - 1])
      }
    ),
    (
      "keraskit>band_part",
      BackendFunction("x num_lower num_upper") { arguments, context throws(ModelError) in
        var result = CallValue.tensor(try arguments.float("x", &context))
        let (lower, upper) = (try arguments.int("num_lower", default: 0), try arguments.int("num_upper", default: 0))
        if lower >= 0 { result = try call("triu", [result, .int(-lower)], &context) }
        if upper >= 0 { result = try call("tril", [result, .int(upper)], &context) }
        return result
      }
    ),
    (
      "diag",
      BackendFunction("x k") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let offset = try arguments.int("k", default: 0)
        if context.shape(x).rank == 2 { return .tensor(try diagonal(x, offset: offset, 0, 1, &context)) }
        try context.shape(x).expectRank(1)
        return .tensor(try matrix(x, offset: offset, &context))
      }
    ),
    (
      "diagflat",
      BackendFunction("x k") { arguments, context throws(ModelError) in
        let x = try context.op(.reshape([.inferred]), arguments.float("x", &context))
        return .tensor(try matrix(x, offset: arguments.int("k", default: 0), &context))
      }
    ),
    (
      "meshgrid",
      BackendFunction("*x indexing") { arguments, context throws(ModelError) in
        let values = try arguments.values("x", &context)
        let exchanges = try arguments.optionalString("indexing") != "ij"
        var places = Array(values.indices)
        if exchanges, places.count > 1 { places.swapAt(0, 1) }
        var target = [TargetDimension](repeating: .fixed(1), count: values.count)
        for (index, place) in places.enumerated() {
          try context.shape(values[index]).expectRank(1)
          target[place] = context.shape(values[index])[0].map { .fixed($0) } ?? .ofOperand(index + 1, axis: 0)
        }
        var grids: [CallValue] = []
        for (index, place) in places.enumerated() {
          let row = try context.vector(values[index], along: place, rank: values.count)
          grids.append(.tensor(try context.ops(.broadcast(target), [row] + values)[0]))
        }
        return .sequence(grids)
      }
    ),
    (
      "slice_update",
      BackendFunction("inputs start_indices updates") { arguments, context throws(ModelError) in
        let (x, part) = (try arguments.float("inputs", &context), try arguments.float("updates", &context))
        let starts = try arguments.ints("start_indices")
        let (whole, own) = (context.shape(x), context.shape(part))
        guard starts.count == whole.rank, own.rank == whole.rank else {
          throw arguments.unsupported("start_indices", "as many places as axes")
        }
        var after: [Int] = []
        for axis in 0..<whole.rank {
          // An axis of unknown size can only be replaced as a whole.
          let isWhole = starts[axis] == 0 && whole[axis] == nil && own[axis] == nil
          let rest = isWhole ? 0 : try whole.known(axis: axis) - starts[axis] - own.known(axis: axis)
          guard starts[axis] >= 0, rest >= 0 else {
            throw arguments.unsupported("start_indices", "a place inside the tensor")
          }
          after.append(rest)
        }
        let ones = try context.op(.cast(.float32), context.f(.equal, context.scaled(part, by: 0), 0))
        let isNew = try context.f(.greater, context.op(.pad(before: starts, after: after, value: 0), ones), 0)
        return .tensor(
          try context.op(.select, isNew, context.op(.pad(before: starts, after: after, value: 0), part), x))
      }
    ),
    (
      "keraskit>strided_slice",
      BackendFunction(
        "x begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask"
      ) { arguments, context throws(ModelError) in
        let (begin, end) = (try arguments.ints("begin"), try arguments.ints("end"))
        let steps = try arguments.optionalInts("strides") ?? begin.map { _ in 1 }
        for name in ["ellipsis_mask", "new_axis_mask", "shrink_axis_mask"] {
          guard try arguments.int(name, default: 0) == 0 else { throw arguments.unsupported(name, "0") }
        }
        let (open, ended) = (try arguments.int("begin_mask", default: 0), try arguments.int("end_mask", default: 0))
        guard begin.count == end.count, begin.count == steps.count, begin.count < 32 else {
          throw arguments.unsupported("begin", "as many numbers as 'end'")
        }
        let keys = begin.indices.map { index -> CallValue in
          .slice(
            (open >> index) & 1 == 1 ? .none : .int(begin[index]),
            (ended >> index) & 1 == 1 ? .none : .int(end[index]), .int(steps[index]))
        }
        return try PythonOperators.item(arguments.required("x"), .sequence(keys), &context)
      }
    ),
    (
      "keraskit>gather_nd",
      BackendFunction("x indices") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        if case .tensor(let indices) = arguments["indices"] {
          return .tensor(try places(x, indices, arguments, &context))
        }
        guard case .sequence(let rows) = arguments["indices"], !rows.isEmpty, rows.count <= 4096 else {
          throw arguments.unsupported("indices", "a list of places")
        }
        var parts: [Value] = []
        for row in rows {
          guard case .tensor(let part) = try PythonOperators.item(.tensor(x), row, &context) else {
            throw arguments.unsupported("indices", "a list of places")
          }
          parts.append(try context.expanded(part, axis: 0))
        }
        return .tensor(try context.ops(.concatenate(axis: 0), parts)[0])
      }
    ),
    (
      "keraskit>repeat_vector",
      BackendFunction("x n") { arguments, context throws(ModelError) in
        let x = try context.expanded(arguments.float("x", &context), axis: 1)
        return .tensor(try repeated(x, bounded(arguments.int("n", default: 1)), axis: 1, &context))
      }
    ),
    (
      "keraskit>temporal_padding",
      BackendFunction("x padding") { arguments, context throws(ModelError) in
        let ends = try arguments.optionalInts("padding") ?? [1, 1]
        guard ends.count == 2, ends.allSatisfy({ (0..<1 << 20).contains($0) }) else {
          throw arguments.unsupported("padding", "two numbers")
        }
        let x = try arguments.float("x", &context)
        try context.shape(x).expectRank(3)
        return .tensor(try context.op(.pad(before: [0, ends[0], 0], after: [0, ends[1], 0], value: 0), x))
      }
    ),
    (
      "keraskit>spatial_2d_padding",
      BackendFunction("x padding data_format") { arguments, context throws(ModelError) in
        var pairs = CallValue.sequence([.sequence([.int(1), .int(1)]), .sequence([.int(1), .int(1)])])
        if !arguments["padding"].isNone { pairs = arguments["padding"] }
        guard case .sequence(let ends) = pairs, ends.count == 2 else { throw arguments.unsupported("padding", "pairs") }
        let none = CallValue.sequence([.int(0), .int(0)])
        let width: [CallValue] = try firstChannels(arguments) ? [none, none] + ends : [none] + ends + [none]
        return try call("pad", [arguments.required("x"), .sequence(width)], &context)
      }
    ),
    (
      "keraskit>in_test_phase",
      BackendFunction("x alt training") { arguments, _ throws(ModelError) in arguments["alt"] }
    ),
    (
      "size",
      BackendFunction("x") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let count = try context.elementCount(x, axes: Array(0..<context.shape(x).rank))
        return .tensor(try context.cast(count, to: .int32))
      }
    ),
  ]

  /// Joins a list of tensors along one axis, which vectors and matrices get first (numpy).
  private static func joining(axis: Int) -> BackendFunction {
    BackendFunction("xs") { arguments, context throws(ModelError) in
      var values = try arguments.values("xs", &context)
      let isFlat = values.allSatisfy { context.shape($0).rank == 1 }
      for index in values.indices {
        // Vectors are rows of a matrix, and matrices get a third axis.
        if axis != 1, context.shape(values[index]).rank == 1 {
          values[index] = try context.expanded(values[index], axis: 0)
        }
        if axis == 2, context.shape(values[index]).rank == 2 {
          values[index] = try context.expanded(values[index], axis: 2)
        }
      }
      let axis = axis == 1 && isFlat ? 0 : axis
      return .tensor(try context.ops(.concatenate(axis: axis), values)[0])
    }
  }

  private static func splitting(axis: Int) -> BackendFunction {
    BackendFunction("x indices_or_sections") { arguments, context throws(ModelError) in
      let x = try arguments.value("x", &context)
      let own = axis == 1 && context.shape(x).rank == 1 ? 0 : axis
      return try call("split", [.tensor(x), arguments["indices_or_sections"], .int(own)], &context)
    }
  }

  /// A diagonal of two axes as the last axis.
  static func diagonal(
    _ x: Value, offset: Int, _ axis1: Int, _ axis2: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let shape = context.shape(x)
    let (a, b) = (try shape.axis(axis1), try shape.axis(axis2))
    guard a != b else { throw ModelError(.inputShape(expected: "two different axes", found: shape)) }
    let rest = (0..<shape.rank).filter { $0 != a && $0 != b }
    let moved = try context.op(.transpose(rest + [a, b]), x)
    let (rows, columns) = (try shape.known(axis: a), try shape.known(axis: b))
    let length = min(rows - max(0, -offset), columns - max(0, offset))
    guard length > 0 else { throw ModelError(.inputShape(expected: "a diagonal \(offset)", found: shape)) }
    let last = rest.count
    var part = try context.sliced(moved, axis: last, from: max(0, -offset), to: max(0, -offset) + length)
    part = try context.sliced(part, axis: last + 1, from: max(0, offset), to: max(0, offset) + length)
    return try context.total(context.f(.multiply, part, unit(length, &context)), [last + 1])
  }

  private static func unit(_ size: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.float(call("eye", [.int(size)], &context), for: "eye")
  }

  /// A matrix with a vector on one of its diagonals.
  private static func matrix(
    _ x: Value, offset: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let size = try context.shape(x).known(axis: 0)
    guard abs(offset) < 4096, size <= 4096 else { throw ModelError(.unsupported("a matrix of \(size) rows")) }
    let square = try context.f(.multiply, unit(size, &context), context.expanded(x, axis: 1))
    let (down, right) = (max(0, -offset), max(0, offset))
    return try context.op(.pad(before: [down, right], after: [right, down], value: 0), square)
  }
}
