import KerasCore
import KerasGraph

extension BackendFunction {
  /// Functions that move elements without computing with them.
  static let shaping: Table = [
    (
      "reshape",
      BackendFunction("x newshape") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        return .tensor(try context.reshaped(x, to: arguments.required("newshape"), for: arguments.function))
      }
    ),
    (
      "transpose",
      BackendFunction("x axes") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let shape = context.shape(x)
        var order: [Int] = Array((0..<shape.rank).reversed())
        if let axes = try arguments.optionalInts("axes") {
          order = []
          for axis in axes { order.append(try shape.axis(axis)) }
        }
        return .tensor(try context.op(.transpose(order), x))
      }
    ),
    (
      "expand_dims",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        let axes = try arguments.optionalInts("axis") ?? [0]
        // A size stays one, as part of a shape.
        if case .size = context.resolved(arguments["x"]), axes == [0] || axes == [-1] {
          return .array([context.resolved(arguments["x"])])
        }
        var x = try arguments.value("x", &context)
        let rank = context.shape(x).rank + axes.count
        for axis in axes.map({ $0 < 0 ? $0 + rank : $0 }).sorted() { x = try context.expanded(x, axis: axis) }
        return .tensor(x)
      }
    ),
    (
      "squeeze",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let shape = context.shape(x)
        let axes =
          arguments["axis"].isNone
          ? shape.dimensions.indices.filter { shape[$0] == 1 } : try arguments.axes("axis", of: x, context)
        for axis in axes where shape[axis].map({ $0 != 1 }) ?? false {
          throw ModelError(.inputShape(expected: "an axis \(axis) of size 1", found: shape))
        }
        return .tensor(try dropped(x, axes, keeps: false, &context))
      }
    ),
    ("ravel", .map { x, context throws(ModelError) in try context.op(.reshape([.inferred]), x) }),
    // K.batch_flatten and the like: the first axis stays.
    (
      "keraskit>batch_flatten",
      .map { x, context throws(ModelError) in
        try context.op(.reshape([.ofOperand(0, axis: 0), .inferred]), x)
      }
    ),
    (
      "moveaxis",
      BackendFunction("x source destination") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let shape = context.shape(x)
        var (from, to): ([Int], [Int]) = ([], [])
        for axis in try arguments.ints("source") { from.append(try shape.axis(axis)) }
        for axis in try arguments.ints("destination") { to.append(try shape.axis(axis)) }
        guard from.count == to.count, Set(from).count == from.count, Set(to).count == to.count else {
          throw arguments.unsupported("destination", "as many axes as 'source'")
        }
        var rest = (0..<shape.rank).filter { !from.contains($0) }[...]
        var order: [Int] = []
        for axis in 0..<shape.rank {
          if let place = to.firstIndex(of: axis) { order.append(from[place]) } else { order.append(rest.removeFirst()) }
        }
        return .tensor(try context.op(.transpose(order), x))
      }
    ),
    (
      "swapaxes",
      BackendFunction("x axis1 axis2") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let (a, b) = (
          try arguments.axis("axis1", of: x, default: -1, context),
          try arguments.axis("axis2", of: x, default: -2, context)
        )
        var order = Array(0..<context.shape(x).rank)
        order.swapAt(a, b)
        return .tensor(try context.op(.transpose(order), x))
      }
    ),
    (
      "flip",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        return .tensor(try context.op(.reverse(axes: arguments.axes("axis", of: x, context)), x))
      }
    ),
    (
      "roll",
      BackendFunction("x shift axis") { arguments, context throws(ModelError) in
        var x = try arguments.value("x", &context)
        guard let axes = try arguments.optionalInts("axis") else { throw arguments.unsupported("axis", "an axis") }
        let shifts = try arguments.ints("shift")
        for (index, given) in axes.enumerated() {
          let axis = try context.shape(x).axis(given)
          let size = try context.shape(x).known(axis: axis)
          guard size > 0 else { continue }
          let shift = shifts[min(index, shifts.count - 1)] % size
          let cut = shift >= 0 ? size - shift : -shift
          guard cut % size != 0 else { continue }
          let parts = [
            try context.sliced(x, axis: axis, from: cut, to: size), try context.sliced(x, axis: axis, from: 0, to: cut),
          ]
          x = try context.ops(.concatenate(axis: axis), parts)[0]
        }
        return .tensor(x)
      }
    ),
    (
      "broadcast_to",
      BackendFunction("x shape") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let (target, operands) = try context.target(arguments.required("shape"), for: arguments.function)
        return .tensor(try context.ops(.broadcast(target), [x] + operands)[0])
      }
    ),
    (
      "repeat",
      BackendFunction("x repeats axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        guard let count = arguments["repeats"].int, count >= 0 else {
          throw arguments.unsupported("repeats", "a constant number")
        }
        if arguments["axis"].isNone {
          return .tensor(try repeated(context.op(.reshape([.inferred]), x), count, axis: 0, &context))
        }
        return .tensor(try repeated(x, count, axis: arguments.axis("axis", of: x, default: 0, context), &context))
      }
    ),
    (
      "tile",
      BackendFunction("x repeats") { arguments, context throws(ModelError) in
        var x = try arguments.value("x", &context)
        guard case .sequence(var repeats) = try arguments.required("repeats") else {
          throw arguments.unsupported("repeats", "a list")
        }
        while context.shape(x).rank < repeats.count { x = try context.expanded(x, axis: 0) }
        while repeats.count < context.shape(x).rank { repeats.insert(.int(1), at: 0) }
        return .tensor(try context.tiled(x, repeats, for: arguments.function))
      }
    ),
    (
      "pad",
      BackendFunction("x pad_width mode constant_values") { arguments, context throws(ModelError) in
        .tensor(try padded(arguments, &context))
      }
    ),
    (
      "shape",
      BackendFunction("x") { arguments, context throws(ModelError) in
        context.shapeValue(of: try arguments.value("x", &context))
      }
    ),
    // K.shape and tf.shape, vectors to compute with.
    (
      "keraskit>shape_vector",
      BackendFunction("x") { arguments, context throws(ModelError) in
        .array(context.shapeValue(of: try arguments.value("x", &context)).elements ?? [])
      }
    ),
    (
      "ndim",
      BackendFunction("x") { arguments, context throws(ModelError) in
        .int(context.shape(try arguments.value("x", &context)).rank)
      }
    ),
    // K.int_shape and `x.shape`: sizes that are not known are None.
    (
      "keraskit>static_shape",
      BackendFunction("x") { arguments, context throws(ModelError) in
        .sequence(
          context.shape(try arguments.value("x", &context)).dimensions.map { $0.map { .int($0) } ?? .none })
      }
    ),
  ]

  /// Each element `count` times in a row along an axis.
  static func repeated(
    _ x: Value, _ count: Int, axis: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let wide = try context.expanded(x, axis: axis + 1)
    var target = context.dimensions(of: wide)
    target[axis + 1] = .fixed(count)
    let spread = try context.op(.broadcast(target), wide)
    var merged = context.dimensions(of: x, operand: 1)
    merged[axis] =
      try context.shape(x)[axis].map { size throws(ModelError) in
        guard let product = checkedProduct([size, count]) else { throw ModelError(.unsupported("so many repeats")) }
        return .fixed(product)
      } ?? .inferred
    return try context.ops(.reshape(merged), [spread, x])[0]
  }

  private static func padded(
    _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let x = try arguments.value("x", &context)
    let rank = context.shape(x).rank
    var (before, after): ([Int], [Int]) = ([], [])
    let width = try arguments.required("pad_width")
    if let one = width.int {
      (before, after) = (Array(repeating: one, count: rank), Array(repeating: one, count: rank))
    } else if case .sequence(var pairs) = width {
      if pairs.count == 2, pairs[0].int != nil { pairs = Array(repeating: width, count: rank) }
      if pairs.count == 1 { pairs = Array(repeating: pairs[0], count: rank) }
      for pair in pairs {
        guard case .sequence(let ends) = pair, ends.count == 2, let first = ends[0].int, let last = ends[1].int else {
          throw arguments.unsupported("pad_width", "pairs of numbers")
        }
        before.append(first)
        after.append(last)
      }
    }
    guard before.count == rank, (before + after).allSatisfy({ (0..<1 << 24).contains($0) }) else {
      throw arguments.unsupported("pad_width", "a pair for each of \(rank) axes")
    }
    let mode = try (arguments.optionalString("mode") ?? "constant").lowercased()
    switch mode {
    case "constant":
      let value = Float(try arguments.double("constant_values", default: 0))
      return try context.op(.pad(before: before, after: after, value: value), x)
    case "reflect", "symmetric":
      var result = x
      for axis in 0..<rank where before[axis] > 0 || after[axis] > 0 {
        result = try mirrored(result, axis, before[axis], after[axis], repeatsEdge: mode == "symmetric", &context)
      }
      return result
    default: throw ModelError(.unsupported("\(arguments.function) with mode '\(mode)'"))
    }
  }

  /// Continues an axis by its mirror image.
  static func mirrored(
    _ x: Value, _ axis: Int, _ before: Int, _ after: Int, repeatsEdge: Bool, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let size = try context.shape(x).known(axis: axis)
    let skip = repeatsEdge ? 0 : 1
    guard before + skip <= size, after + skip <= size else {
      throw ModelError(.inputShape(expected: "an axis \(axis) longer than its padding", found: context.shape(x)))
    }
    var parts = [x]
    if before > 0 {
      let edge = try context.sliced(x, axis: axis, from: skip, to: before + skip)
      parts.insert(try context.op(.reverse(axes: [axis]), edge), at: 0)
    }
    if after > 0 {
      let edge = try context.sliced(x, axis: axis, from: size - after - skip, to: size - skip)
      parts.append(try context.op(.reverse(axes: [axis]), edge))
    }
    return try context.ops(.concatenate(axis: axis), parts)[0]
  }
}

extension LoweringContext {
  /// A list of sizes as the target of `reshape` or `broadcast`, with the operands beyond the first that it names.
  ///
  /// −1 and None are what remains.
  func target(_ shape: CallValue, for user: String) throws(ModelError) -> ([TargetDimension], [Value]) {
    var elements: [CallValue] = [shape]
    if let list = resolved(shape).elements { elements = list }
    var operands: [Value] = []
    var target: [TargetDimension] = []
    for element in elements {
      switch element {
      case .int(-1), .none: target.append(.inferred)
      case .int(let size) where size >= 0: target.append(.fixed(size))
      case .size(1, let sizes) where sizes.count == 1:
        operands.append(sizes[0].value)
        target.append(.ofOperand(operands.count, axis: sizes[0].axis))
      case .size: target.append(.inferred)
      case .tensor(let value):
        // A vector among the sizes is one only if its content is known.
        guard case .size(1, let sizes) = resolved(.tensor(value)), sizes.count == 1 else { fallthrough }
        operands.append(sizes[0].value)
        target.append(.ofOperand(operands.count, axis: sizes[0].axis))
      default: throw ModelError(.unsupported("\(user): a shape with \(element.kind) in it"))
      }
    }
    guard target.count(where: { $0 == .inferred }) <= 1 else {
      throw ModelError(.unsupported("\(user): a shape with two sizes that are known only when the model runs"))
    }
    return (target, operands)
  }

  mutating func reshaped(_ x: Value, to shape: CallValue, for user: String) throws(ModelError) -> Value {
    let (target, operands) = try target(shape, for: user)
    return try ops(.reshape(target), [x] + operands)[0]
  }

  /// The tensor repeated as a whole along each axis.
  mutating func tiled(_ x: Value, _ repeats: [CallValue], for user: String) throws(ModelError) -> Value {
    var x = x
    for (axis, count) in repeats.enumerated() {
      if count.int == 1 { continue }
      let wide = try expanded(x, axis: axis)
      var target = dimensions(of: wide)
      var operands = [wide]
      switch resolved(count) {
      case .int(let number) where number >= 0: target[axis] = .fixed(number)
      case .size(1, let sizes) where sizes.count == 1:
        operands.append(sizes[0].value)
        target[axis] = .ofOperand(1, axis: sizes[0].axis)
      case let other: throw ModelError(.unsupported("\(user): \(other.kind) as a number of repeats"))
      }
      let spread = try ops(.broadcast(target), operands)[0]
      var merged = dimensions(of: x, operand: 1)
      if let size = shape(x)[axis], case .fixed(let number) = target[axis] {
        guard let product = checkedProduct([size, number]) else { throw ModelError(.unsupported("so many repeats")) }
        merged[axis] = .fixed(product)
      } else {
        merged[axis] = .inferred
      }
      x = try ops(.reshape(merged), [spread, x])[0]
    }
    return x
  }

  /// The numbers and sizes that a tensor of a shape is known to hold, else the value itself.
  func resolved(_ value: CallValue) -> CallValue {
    if case .tensor(let tensor) = value, let content = shapeContents[tensor] { return content }
    return value
  }
}
