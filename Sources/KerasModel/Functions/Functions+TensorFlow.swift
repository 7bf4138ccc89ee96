import KerasCore
import KerasGraph

extension BackendFunction {
  /// Functions of TensorFlow and of the old backend that have no equal in `keras.ops`, and choices between two results.
  static let tensorFlow: Table = [
    (
      "cond",
      BackendFunction("pred true_fn false_fn") { arguments, context throws(ModelError) in
        let (then, otherwise) = (try arguments.required("true_fn"), try arguments.required("false_fn"))
        let condition = try arguments.required("pred")
        if let truth = condition.truth { return truth ? then : otherwise }
        func chosen(_ a: CallValue, _ b: CallValue) throws(ModelError) -> CallValue {
          guard let x = a.elements, let y = b.elements else {
            return try call("where", [condition, a, b], writtenAs: arguments.function, &context)
          }
          guard x.count == y.count else { throw arguments.unsupported("false_fn", "a function of as many results") }
          var results: [CallValue] = []
          for (one, other) in zip(x, y) { results.append(try chosen(one, other)) }
          return .sequence(results)
        }
        return try chosen(then, otherwise)
      }
    ),
    (
      "keraskit>dtype",
      BackendFunction("x") { arguments, context throws(ModelError) in
        .string(context.graph.type(try arguments.value("x", &context)).dtype.rawValue)
      }
    ),
    (
      "keraskit>crelu",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        let parts = [try context.f(.relu, x), try context.f(.relu, context.f(.negate, x))]
        return .tensor(try context.ops(.concatenate(axis: axis), parts)[0])
      }
    ),
    (
      "keraskit>clip_by_norm",
      BackendFunction("x clip_norm axis") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let limit = try arguments.float("clip_norm", &context)
        let rank = context.shape(x).rank
        var axes = Array(0..<rank)
        if let given = try arguments.optionalInts("axis") {
          axes = Array(Set(given.map { $0 < 0 ? $0 + rank : $0 })).sorted()
          guard axes.allSatisfy({ (0..<rank).contains($0) }) else { throw arguments.unsupported("axes", "axes") }
        }
        let norm = try context.f(.squareRoot, context.total(context.f(.square, x), axes, keeps: true))
        return .tensor(
          try context.f(.divide, context.f(.multiply, x, limit), context.f(.maximum, norm, limit)))
      }
    ),
    (
      "keraskit>matvec",
      BackendFunction("a b transpose_a") { arguments, context throws(ModelError) in
        let (a, b) = (try arguments.float("a", &context), try arguments.float("b", &context))
        let rank = context.shape(b).rank
        guard rank > 0 else { throw arguments.unsupported("b", "a vector") }
        let column = try context.expanded(b, axis: rank)
        let isTransposed = try arguments.bool("transpose_a", default: false)
        let product = try context.op(.matmul(transposeA: isTransposed, transposeB: false), a, column)
        return .tensor(try context.op(.reshape(Array(context.dimensions(of: product).dropLast())), product))
      }
    ),
    (
      "keraskit>diagonal_matrix",
      BackendFunction("x") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let size = try bounded(context.shape(x).known(axis: -1))
        let eye = try call("eye", [.int(size)], &context)
        let column = try context.expanded(x, axis: context.shape(x).rank)
        return .tensor(try context.f(.multiply, column, context.float(eye, for: arguments.function)))
      }
    ),
    (
      "keraskit>cumprod",
      BackendFunction("x axis exclusive reverse") { arguments, context throws(ModelError) in
        var x = try arguments.float("x", &context)
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        let isReversed = try arguments.bool("reverse", default: false)
        if isReversed { x = try context.op(.reverse(axes: [axis]), x) }
        if try arguments.bool("exclusive", default: false) {
          var before = Array(repeating: 0, count: context.shape(x).rank)
          let after = before
          before[axis] = 1
          let shifted = try context.op(.pad(before: before, after: after, value: 1), x)
          x = try context.sliced(shifted, axis: axis, from: 0, to: -1)
        }
        let product = try call("cumprod", [.tensor(x), .int(axis)], &context)
        guard isReversed, case .tensor(let backwards) = product else { return product }
        return .tensor(try context.op(.reverse(axes: [axis]), backwards))
      }
    ),
  ]

  /// The parts of a tensor at places that the last axis of `indices` names, which stand in its first axes.
  static func places(
    _ x: Value, _ indices: Value, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let rank = context.shape(indices).rank
    guard rank > 0 else { throw arguments.unsupported("indices", "places") }
    let depth = try context.shape(indices).known(axis: -1)
    guard depth > 0, depth <= context.shape(x).rank else {
      throw arguments.unsupported("indices", "places in a tensor of \(context.shape(x))")
    }
    let whole = try context.cast(indices, to: .int32)
    var row: Value?
    for axis in 0..<depth {
      let part = try context.sliced(whole, axis: rank - 1, from: axis, to: axis + 1)
      guard let outer = row else {
        row = part
        continue
      }
      let length = try context.shape(x).known(axis: axis)
      let size = try LoweringContext.data { () throws(TensorDataError) in
        try TensorData(shape: [], int32s: [Int32(clamping: length)])
      }
      row = try context.f(.add, context.f(.multiply, outer, context.constant(size)), part)
    }
    guard let row else { throw arguments.unsupported("indices", "places") }
    let flat = try context.op(.reshape(Array(context.dimensions(of: row).dropLast())), row)
    let rest = context.dimensions(of: x).dropFirst(depth)
    return try context.op(.gatherRows, context.op(.reshape([.inferred] + rest), x), flat)
  }
}
