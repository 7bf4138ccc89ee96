import KerasCore
import KerasGraph

/// The weights of `keras.ops.image.scale_and_translate` along one axis, whose scale the graph may compute.
enum TranslatedKernel: Sendable {
  case linear, cubic
  case lanczos(radius: Float)

  /// By Keras' names of the methods.
  init?(_ method: String) {
    switch method {
    case "linear", "bilinear", "trilinear", "triangle": self = .linear
    case "cubic", "bicubic", "tricubic": self = .cubic
    case "lanczos3": self = .lanczos(radius: 3)
    case "lanczos5": self = .lanczos(radius: 5)
    default: return nil
    }
  }

  /// `(source, target)` (`_compute_weight_mat` in keras/src/backend/tensorflow/image.py); scale and translation have one
  /// element.
  func weights(
    from source: Int, to target: Int, scale: Value, translation: Value, antialias: Bool,
    _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard source > 0, let elements = checkedProduct([source, target]), elements < 1 << 28 else {
      throw ModelError(.unsupported("an image of \(source) pixels to interpolate"))
    }
    let inverse = try context.f(.divide, context.constant(1), scale)
    let width = antialias ? try context.f(.maximum, inverse, 1) : context.constant(1)
    let places = try context.vector((0..<target).map { Float($0) + 0.5 })
    let moved = try context.f(
      .subtract, context.f(.multiply, places, inverse), context.f(.multiply, translation, inverse))
    let samples = try context.shifted(moved, by: -0.5)
    let column = try context.op(
      .reshape([.fixed(source), .fixed(1)]), context.vector((0..<source).map { Float($0) }))
    let distance = try context.f(
      .divide, context.f(.absolute, context.f(.subtract, samples, column)), width)
    let weights = try weight(distance, &context)
    let sum = try context.total(weights, [0], keeps: true)
    // 1000 times the gap between single precision numbers.
    let isSome = try context.f(.greater, context.f(.absolute, sum), 1.192_092_9e-4)
    let divisor = try context.op(.select, isSome, sum, context.constant(1))
    let shares = try context.select(isSome, context.f(.divide, weights, divisor), 0)
    let isInside = try context.f(
      .logicalAnd, context.f(.greaterOrEqual, samples, -0.5), context.f(.lessOrEqual, samples, Float(source) - 0.5))
    return try context.select(isInside, shares, 0)
  }

  private func weight(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    switch self {
    case .linear: return try context.f(.relu, context.shifted(context.f(.negate, x), by: 1))
    case .cubic:
      let near = try context.polynomial([1.5, -2.5, 0, 1], x)
      let far = try context.polynomial([-0.5, 2.5, -4, 2], x)
      let inner = try context.op(.select, context.f(.greaterOrEqual, x, 1), far, near)
      return try context.op(.select, context.f(.greaterOrEqual, x, 2), context.constant(0), inner)
    case .lanczos(let radius):
      let turns = try context.scaled(x, by: .pi)
      let waves = try context.f(
        .multiply, context.f(.sine, turns), context.f(.sine, context.f(.divide, turns, radius)))
      let isFar = try context.f(.greater, x, 1e-3)
      let safe = try context.select(isFar, context.f(.square, turns), 1)
      let inner = try context.select(isFar, context.f(.divide, context.scaled(waves, by: radius), safe), 1)
      return try context.op(.select, context.f(.greater, x, radius), context.constant(0), inner)
    }
  }
}
