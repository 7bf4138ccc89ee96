import KerasCore
import KerasGraph

/// Reading between elements along one axis, as Keras' `map_coordinates` (`keras/src/backend/tensorflow/image.py`).
struct CoordinateFill: Sendable {
  enum Mode: String, Sendable, CaseIterable { case constant, nearest, wrap, mirror, reflect }

  /// An element that a place takes: where it lies, whether that is inside, and its share.
  struct Node {
    var index: Value
    var isInside: Value?
    var weight: Value?
  }

  var isNearest: Bool
  var mode: Mode

  /// The one or two elements next to each place of an axis of the given size.
  func nodes(
    _ places: Value, size: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> [Node] {
    if isNearest { return [try node(context.f(.roundHalfToEven, places), nil, size, &context)] }
    let lower = try context.f(.floor, places)
    let share = try context.f(.subtract, places, lower)
    return [
      try node(lower, context.f(.subtract, context.constant(1), share), size, &context),
      try node(context.shifted(lower, by: 1), share, size, &context),
    ]
  }

  private func node(
    _ place: Value, _ weight: Value?, _ size: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Node {
    let last = try context.shifted(size, by: -1)
    var index = place
    var isInside: Value?
    switch mode {
    case .constant:
      isInside = try context.f(
        .logicalAnd, context.f(.greaterOrEqual, place, 0), context.f(.less, place, size))
    case .nearest: break
    case .wrap: index = try context.f(.modulo, place, size)
    case .mirror, .reflect:
      let twice = try context.scaled(size, by: 2)
      let rest = try context.f(.modulo, context.f(.absolute, place), twice)
      let turned = try context.f(.subtract, twice, rest)
      index = try context.op(
        .select, context.f(.less, rest, size), rest,
        mode == .reflect ? context.shifted(turned, by: -1) : turned)
    }
    // Keras' mirror names one element too many, which has no value.
    index = try context.f(.maximum, context.f(.minimum, index, last), 0)
    return Node(index: index, isInside: isInside, weight: weight)
  }

  /// The sum over all combinations of the axes' nodes, each read by `read`.
  func summed(
    _ axes: [[Node]], fillValue: Float, _ context: inout LoweringContext,
    _ read: ([Value], inout LoweringContext) throws(ModelError) -> Value
  ) throws(ModelError) -> Value {
    var combinations: [[Node]] = [[]]
    for nodes in axes { combinations = combinations.flatMap { begun in nodes.map { begun + [$0] } } }
    var sum: Value?
    for nodes in combinations {
      var value = try read(nodes.map(\.index), &context)
      var isInside: Value?
      var weight: Value?
      for node in nodes {
        if let own = node.isInside {
          isInside =
            try isInside.map { others throws(ModelError) in
              try context.f(.logicalAnd, others, own)
            } ?? own
        }
        if let own = node.weight {
          weight =
            try weight.map { others throws(ModelError) in
              try context.f(.multiply, others, own)
            } ?? own
        }
      }
      if let isInside { value = try context.op(.select, isInside, value, context.constant(fillValue)) }
      if let weight { value = try context.f(.multiply, weight, value) }
      sum = try sum.map { others throws(ModelError) in try context.f(.add, others, value) } ?? value
    }
    guard let sum else { throw ModelError(.unsupported("map_coordinates without coordinates")) }
    return sum
  }
}
