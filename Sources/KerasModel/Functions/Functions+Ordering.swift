import KerasCore
import KerasGraph

extension BackendFunction {
  /// Sorting and what rests on it.
  ///
  /// Every element is compared with every other of its axis, so that no sorting op is needed.
  static let ordering: Table = [
    (
      "sort",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        return .tensor(try ordered(x, axis: axis, descending: false, &context).values)
      }
    ),
    (
      "argsort",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        return .tensor(try ordered(x, axis: axis, descending: false, &context).indices)
      }
    ),
    (
      "keraskit>sort",
      BackendFunction("x axis direction") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        let descends = try arguments.optionalString("direction") == "DESCENDING"
        return .tensor(try ordered(x, axis: axis, descending: descends, &context).values)
      }
    ),
    (
      "keraskit>argsort",
      BackendFunction("x axis direction stable") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        let descends = try arguments.optionalString("direction") == "DESCENDING"
        return .tensor(try ordered(x, axis: axis, descending: descends, &context).indices)
      }
    ),
    (
      "top_k",
      BackendFunction("x k sorted") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let count = try arguments.int("k", default: 1)
        let last = context.shape(x).rank - 1
        guard last >= 0, count > 0, count <= (context.shape(x)[last] ?? 0) else {
          throw arguments.unsupported("k", "at most the size of the last axis")
        }
        let (values, indices) = try ordered(x, axis: last, descending: true, count: count, &context)
        return .sequence([.tensor(values), .tensor(indices)])
      }
    ),
    (
      "in_top_k",
      BackendFunction("targets predictions k") { arguments, context throws(ModelError) in
        let predictions = try arguments.float("predictions", &context)
        let targets = try context.expanded(context.cast(arguments.value("targets", &context), to: .int32), axis: 1)
        let own = try takenAlong(predictions, targets, axis: 1, &context)
        let above = try context.total(
          context.cast(context.f(.greater, predictions, own), to: .float32), [1])
        return .tensor(try context.f(.less, above, Float(arguments.int("k", default: 1))))
      }
    ),
    (
      "median",
      BackendFunction("x axis keepdims") { arguments, context throws(ModelError) in
        try quantiles(arguments, [0.5], isList: false, "linear", &context)
      }
    ),
    (
      "quantile",
      BackendFunction("x q axis method keepdims") { arguments, context throws(ModelError) in
        try quantiles(arguments, scale: 1, &context)
      }
    ),
    (
      "percentile",
      BackendFunction("x q axis method keepdims") { arguments, context throws(ModelError) in
        try quantiles(arguments, scale: 0.01, &context)
      }
    ),
    (
      "searchsorted",
      BackendFunction("sorted_sequence values side") { arguments, context throws(ModelError) in
        let limits = try arguments.float("sorted_sequence", &context)
        let values = try arguments.float("values", &context)
        let isRight = try arguments.optionalString("side") == "right"
        return .tensor(try countBelow(values, limits, isRight ? .greaterOrEqual : .greater, &context))
      }
    ),
    (
      "digitize",
      BackendFunction("x bins") { arguments, context throws(ModelError) in
        let (x, bins) = (try arguments.float("x", &context), try arguments.float("bins", &context))
        return .tensor(try countBelow(x, bins, .greaterOrEqual, &context))
      }
    ),
    (
      "isin",
      BackendFunction("x1 x2 assume_unique invert") { arguments, context throws(ModelError) in
        let x = try arguments.float("x1", &context)
        let set = try context.op(.reshape([.inferred]), arguments.float("x2", &context))
        let rank = context.shape(x).rank
        let isEqual = try context.f(.equal, context.expanded(x, axis: rank), set)
        let found = try context.total(.any, isEqual, [rank])
        return .tensor(try arguments.bool("invert", default: false) ? context.f(.logicalNot, found) : found)
      }
    ),
    (
      "sparsemax",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let axis = try arguments.axis("axis", of: x, default: -1, context)
        return .tensor(try sparsemax(x, axis: axis, &context))
      }
    ),
  ]

  /// Keras 3's sparsemax (keras/src/backend/*/nn.py, up to 3.15.1 at least).
  ///
  /// Like the projection onto the simplex, but with a threshold from the sum of all running sums of the support, as those
  /// releases compute it.
  static func sparsemax(_ x: Value, axis: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let sorted = try ordered(x, axis: axis, descending: true, &context).values
    let sums = try context.op(.cumulativeSum(axis: axis, reverse: false), sorted)
    let places = try context.shifted(context.cast(context.op(.iota(axis: axis), sorted), to: .float32), by: 1)
    let limit = try context.f(.divide, context.shifted(sums, by: -1), places)
    let supports = try context.f(.greater, context.f(.subtract, sorted, limit), 0)
    let total = try context.total(context.select(supports, sums, 0), [axis], keeps: true)
    let count = try context.total(context.cast(supports, to: .float32), [axis], keeps: true)
    let threshold = try context.f(.divide, context.shifted(total, by: -1), count)
    return try context.f(.relu, context.f(.subtract, x, threshold))
  }

  /// How many of a row of limits lie below each value.
  private static func countBelow(
    _ values: Value, _ limits: Value, _ comparison: Comparison, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.shape(limits).expectRank(1)
    let rank = context.shape(values).rank
    let isBelow = try context.f(comparison, context.expanded(values, axis: rank), limits)
    return try context.cast(context.total(context.cast(isBelow, to: .float32), [rank]), to: .int32)
  }

  /// The largest number of comparisons of one sort, per row of the other axes.
  private static let mostComparisons = 1 << 22

  /// The elements of an axis in order, equal ones as they stood, and where they stood.
  static func ordered(
    _ x: Value, axis: Int, descending: Bool, count: Int? = nil, _ context: inout LoweringContext
  ) throws(ModelError) -> (values: Value, indices: Value) {
    let rank = context.shape(x).rank
    let size = try context.shape(x).known(axis: axis)
    guard size > 0, let pairs = checkedProduct([size, size]), pairs <= mostComparisons else {
      throw ModelError(.unsupported("sorting an axis of \(size) elements; up to 2048 are sorted"))
    }
    var order = (0..<rank).filter { $0 != axis } + [axis]
    let rows = try axis == rank - 1 ? x : context.op(.transpose(order), x)
    let own = try context.expanded(rows, axis: rank)
    let other = try context.expanded(rows, axis: rank - 1)
    let isBefore = try context.f(descending ? .greater : .less, other, own)
    let places = try context.cast(context.op(.iota(axis: rank - 1), rows), to: .float32)
    let isEarlier = try context.f(
      .less, context.expanded(places, axis: rank - 1), context.expanded(places, axis: rank))
    let isTied = try context.op(.binary(.logicalAnd), context.f(.equal, other, own), isEarlier)
    let precedes = try context.op(.binary(.logicalOr), isBefore, isTied)
    // Element i goes to the place that is the number of elements before it.
    let target = try context.total(context.cast(precedes, to: .float32), [rank])
    let wanted = try LoweringContext.data { () throws(TensorDataError) in
      let number = min(count ?? size, size)
      return try TensorData(shape: [number, 1], floats: (0..<number).map { Float($0) })
    }
    let isThere = try context.f(.equal, context.expanded(target, axis: rank - 1), context.constant(wanted))
    let found = try context.total(context.select(isThere, other, 0), [rank])
    let from = try context.total(context.select(isThere, context.expanded(places, axis: rank - 1), 0), [rank])
    let indices = try context.cast(from, to: .int32)
    if axis == rank - 1 { return (found, indices) }
    order = inverse(order)
    return (try context.op(.transpose(order), found), try context.op(.transpose(order), indices))
  }

  private static func inverse(_ order: [Int]) -> [Int] {
    var inverse = order
    for (place, axis) in order.enumerated() { inverse[axis] = place }
    return inverse
  }

  // MARK: Quantiles

  private static func quantiles(
    _ arguments: FunctionArguments, scale: Double, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    var shares: [Double] = []
    var isList = false
    switch arguments["q"] {
    case .sequence(let list):
      isList = true
      shares = list.compactMap(\.double)
      guard shares.count == list.count else { throw arguments.unsupported("q", "constant numbers") }
    default: shares = [try arguments.double("q", default: 0.5)]
    }
    return try quantiles(
      arguments, shares.map { $0 * scale }, isList: isList, arguments.optionalString("method") ?? "linear", &context)
  }

  private static func quantiles(
    _ arguments: FunctionArguments, _ shares: [Double], isList: Bool, _ method: String,
    _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let x = try arguments.float("x", &context)
    let rank = context.shape(x).rank
    let axes = try arguments.axes("axis", of: x, context)
    let rest = (0..<rank).filter { !axes.contains($0) }
    let moved = try context.op(.transpose(rest + axes), x)
    let kept = Array(context.dimensions(of: moved)[..<rest.count])
    var count = 1
    for axis in axes { count *= try context.shape(x).known(axis: axis) }
    let flat = try context.op(.reshape(kept + [.fixed(count)]), moved)
    let sorted = try ordered(flat, axis: rest.count, descending: false, &context).values
    var results: [Value] = []
    for share in shares {
      guard (0...1).contains(share) else { throw arguments.unsupported("q", "a share from 0 to 1") }
      let place = share * Double(count - 1)
      let low = Int(place.rounded(.down))
      let high = min(low + 1, count - 1)
      let fraction: Double =
        switch method {
        case "linear": place - Double(low)
        case "lower": 0
        case "higher": place > Double(low) ? 1 : 0
        case "nearest": place.rounded(.toNearestOrEven) > Double(low) ? 1 : 0
        case "midpoint": place > Double(low) ? 0.5 : 0
        default: throw ModelError(.unsupported("\(arguments.function) with method '\(method)'"))
        }
      let below = try context.sliced(sorted, axis: rest.count, from: low, to: low + 1)
      let above = try context.sliced(sorted, axis: rest.count, from: high, to: high + 1)
      var result = try context.f(
        .add, below, context.scaled(context.f(.subtract, above, below), by: Float(fraction)))
      if try arguments.bool("keepdims", default: false) {
        var target = context.dimensions(of: x, operand: 1)
        for axis in axes { target[axis] = .fixed(1) }
        result = try context.ops(.reshape(target), [result, x])[0]
      } else {
        result = try dropped(result, [rest.count], keeps: false, &context)
      }
      results.append(isList ? try context.expanded(result, axis: 0) : result)
    }
    guard let first = results.first else { throw arguments.unsupported("q", "a share") }
    return .tensor(results.count == 1 ? first : try context.ops(.concatenate(axis: 0), results)[0])
  }
}
