import KerasCore
import KerasGraph

extension BackendFunction {
  /// Elementwise functions that take several steps.
  static let numbers: Table = [
    ("arctan", .map { x, context throws(ModelError) in try arctan(x, &context) }),
    ("arcsin", .map { x, context throws(ModelError) in try arcsin(x, &context) }),
    (
      "arccos",
      .map { x, context throws(ModelError) in
        try context.f(.add, context.f(.negate, arcsin(x, &context)), .pi / 2)
      }
    ),
    ("arctan2", .two { y, x, context throws(ModelError) in try arctan2(y, x, &context) }),
    ("erfinv", .map { x, context throws(ModelError) in try inverseErf(x, &context) }),
    (
      "cbrt",
      .map { x, context throws(ModelError) in
        try context.f(.multiply, context.f(.sign, x), context.f(.power, context.f(.absolute, x), 1 / 3))
      }
    ),
    (
      "sinc",
      .map { x, context throws(ModelError) in
        let isZero = try context.f(.equal, x, 0)
        let angle = try context.op(.select, isZero, context.constant(1), context.scaled(x, by: .pi))
        return try context.op(
          .select, isZero, context.constant(1), context.f(.divide, context.f(.sine, angle), angle))
      }
    ),
    (
      "nan_to_num",
      BackendFunction("x nan posinf neginf") { arguments, context throws(ModelError) in
        var x = try arguments.float("x", &context)
        let largest = Double(Float.greatestFiniteMagnitude)
        let replacements: [(Float, Double)] = [
          (.infinity, try arguments.double("posinf", default: largest)),
          (-.infinity, try arguments.double("neginf", default: -largest)),
        ]
        let isNaN = try context.f(.notEqual, x, x)
        x = try context.op(.select, isNaN, context.constant(Float(arguments.double("nan", default: 0))), x)
        for (value, replacement) in replacements {
          x = try context.op(.select, context.f(.equal, x, value), context.constant(Float(replacement)), x)
        }
        return .tensor(x)
      }
    ),
    (
      "heaviside",
      .two { x, atZero, context throws(ModelError) in
        let step = try context.cast(context.f(.greater, x, 0), to: .float32)
        return try context.op(.select, context.f(.equal, x, 0), atZero, step)
      }
    ),
    ("signbit", .map { x, context throws(ModelError) in try context.f(.less, x, 0) }),
    ("real", .map { x, _ throws(ModelError) in x }), ("conjugate", .map { x, _ throws(ModelError) in x }),
    ("imag", .map { x, context throws(ModelError) in try context.scaled(x, by: 0) }),
    (
      "angle",
      .map { x, context throws(ModelError) in
        try context.scaled(context.cast(context.f(.less, x, 0), to: .float32), by: .pi)
      }
    ),
    (
      "isreal",
      .map { x, context throws(ModelError) in try context.f(.equal, context.scaled(context.f(.sign, x), by: 0), 0) }
    ),
    ("isposinf", .map { x, context throws(ModelError) in try context.f(.equal, x, .infinity) }),
    ("isneginf", .map { x, context throws(ModelError) in try context.f(.equal, x, -.infinity) }),
    (
      "fmod",
      .two { x, y, context throws(ModelError) in
        let quotient = try context.f(.divide, x, y)
        let whole = try context.f(
          .multiply, context.f(.sign, quotient), context.f(.floor, context.f(.absolute, quotient)))
        return try context.f(.subtract, x, context.f(.multiply, y, whole))
      }
    ),
    ("fmax", .two { a, b, context throws(ModelError) in try extreme(.maximum, a, b, &context) }),
    ("fmin", .two { a, b, context throws(ModelError) in try extreme(.minimum, a, b, &context) }),
    (
      "logaddexp2",
      .two { a, b, context throws(ModelError) in
        let gap = try context.scaled(
          context.f(.absolute, context.f(.subtract, a, b)), by: -0.693_147_18)
        let rest = try context.scaled(
          context.f(.log1p, context.f(.exponential, gap)), by: 1 / 0.693_147_18)
        return try context.f(.add, context.f(.maximum, a, b), rest)
      }
    ),
    (
      "ldexp",
      .two { x, exponent, context throws(ModelError) in
        try context.f(.multiply, x, context.op(.binary(.power), context.constant(2), exponent))
      }
    ),
    (
      "round",
      BackendFunction("x decimals") { arguments, context throws(ModelError) in
        let places = try arguments.int("decimals", default: 0)
        let x = try arguments.float("x", &context)
        guard places != 0 else { return .tensor(try context.f(.roundHalfToEven, x)) }
        guard abs(places) < 30 else { throw arguments.unsupported("decimals", "a small number") }
        var scale: Float = 1
        for _ in 0..<abs(places) { scale *= 10 }
        if places < 0 { scale = 1 / scale }
        return .tensor(try context.scaled(context.f(.roundHalfToEven, context.scaled(x, by: scale)), by: 1 / scale))
      }
    ),
    (
      "keraskit>reciprocal_no_nan",
      .map { x, context throws(ModelError) in try context.op(.binary(.divideNoNaN), context.constant(1), x) }
    ),
    (
      "keraskit>multiply_no_nan",
      .two("x y") { x, y, context throws(ModelError) in
        try context.op(
          .select, context.f(.equal, y, 0), context.constant(0), context.f(.multiply, x, y))
      }
    ),
    (
      "keraskit>xlogy",
      .two("x y") { x, y, context throws(ModelError) in
        let isZero = try context.f(.equal, x, 0)
        let base = try context.op(.select, isZero, context.constant(1), y)
        return try context.f(.multiply, x, context.f(.logarithm, base))
      }
    ),
    (
      "isclose",
      BackendFunction("x1 x2 rtol atol equal_nan") { arguments, context throws(ModelError) in
        let (a, b) = (try arguments.float("x1", &context), try arguments.float("x2", &context))
        return .tensor(try isClose(a, b, arguments, &context))
      }
    ),
    (
      "allclose",
      BackendFunction("x1 x2 rtol atol equal_nan") { arguments, context throws(ModelError) in
        let (a, b) = (try arguments.float("x1", &context), try arguments.float("x2", &context))
        let close = try isClose(a, b, arguments, &context)
        return .tensor(try context.total(.all, close, Array(0..<context.shape(close).rank)))
      }
    ),
  ]

  /// A function of two tensors, in float32.
  static func two(
    _ parameters: String = "x1 x2",
    _ body: @escaping @Sendable (Value, Value, inout LoweringContext) throws(ModelError) -> Value
  ) -> BackendFunction {
    let names = parameters.split(separator: " ").map(String.init)
    return BackendFunction(parameters) { arguments, context throws(ModelError) in
      let (a, b) = (try arguments.float(names[0], &context), try arguments.float(names[1], &context))
      return .tensor(try body(a, b, &context))
    }
  }

  private static func isClose(
    _ a: Value, _ b: Value, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let relative = Float(try arguments.double("rtol", default: 1e-5))
    let absolute = Float(try arguments.double("atol", default: 1e-8))
    let limit = try context.shifted(context.scaled(context.f(.absolute, b), by: relative), by: absolute)
    let isNear = try context.f(.lessOrEqual, context.f(.absolute, context.f(.subtract, a, b)), limit)
    let close = try context.op(.binary(.logicalOr), isNear, context.f(.equal, a, b))
    guard try arguments.bool("equal_nan", default: false) else { return close }
    let both = try context.op(.binary(.logicalAnd), context.f(.notEqual, a, a), context.f(.notEqual, b, b))
    return try context.op(.binary(.logicalOr), close, both)
  }

  /// The larger or smaller of two, of which one may be NaN.
  private static func extreme(
    _ function: Binary, _ a: Value, _ b: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let whole = try context.op(
      .select, context.f(.notEqual, b, b), a, context.f(function, a, b))
    return try context.op(.select, context.f(.notEqual, a, a), b, whole)
  }

  // MARK: Inverse functions

  /// Cephes' single-precision arctangent: the argument is brought below tan(π/8), then a polynomial.
  static func arctan(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let size = try context.f(.absolute, x)
    let isLarge = try context.f(.greater, size, 2.414_213_6)
    let isMiddle = try context.f(.greater, size, 0.414_213_57)
    let inverse = try context.f(.negate, context.f(.reciprocal, context.f(.maximum, size, 1)))
    let finite = try context.f(.minimum, size, 4)
    let shifted = try context.f(.divide, context.f(.subtract, finite, 1), context.f(.add, finite, 1))
    let z = try context.op(.select, isLarge, inverse, context.op(.select, isMiddle, shifted, finite))
    let base = try context.op(
      .select, isLarge, context.constant(.pi / 2),
      context.op(.select, isMiddle, context.constant(.pi / 4), context.constant(0)))
    let square = try context.f(.square, z)
    let series = try context.polynomial(
      [8.053_744_5e-2, -1.387_768_6e-1, 1.997_771_1e-1, -3.333_294_9e-1], square)
    let curve = try context.f(.add, context.f(.multiply, context.f(.multiply, series, square), z), z)
    return try context.f(.multiply, context.f(.sign, x), context.f(.add, base, curve))
  }

  private static func arcsin(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let below = try context.f(.add, context.f(.negate, x), 1)
    let rest = try context.f(.multiply, below, context.f(.add, x, 1))
    return try arctan(context.f(.multiply, x, context.f(.reciprocalSquareRoot, rest)), &context)
  }

  /// Twice the angle of half the direction, written so that nothing cancels.
  private static func arctan2(
    _ y: Value, _ x: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let length = try context.f(.squareRoot, context.f(.add, context.f(.square, x), context.f(.square, y)))
    let isRight = try context.f(.greaterOrEqual, x, 0)
    let right = try context.f(.divide, y, context.f(.add, length, x))
    let left = try context.f(.divide, context.f(.subtract, length, x), y)
    let angle = try context.scaled(arctan(context.op(.select, isRight, right, left), &context), by: 2)
    let isZero = try context.f(.equal, length, 0)
    let isBackwards = try context.op(
      .binary(.logicalAnd), context.f(.equal, y, 0), context.f(.less, x, 0))
    return try context.op(
      .select, isZero, context.constant(0),
      context.op(.select, isBackwards, context.constant(.pi), angle))
  }

  /// Giles' approximation in single precision (GPU Computing Gems, 2012).
  private static func inverseErf(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rest = try context.f(.multiply, context.f(.add, context.f(.negate, x), 1), context.f(.add, x, 1))
    let w = try context.f(.negate, context.f(.logarithm, rest))
    let central = try context.polynomial(
      [
        2.810_226_4e-8, 3.432_739_4e-7, -3.523_387_7e-6, -4.391_506_5e-6, 2.185_808_7e-4, -1.253_725e-3,
        -4.177_681_6e-3,
        0.246_640_73, 1.501_409_4,
      ], context.f(.add, context.f(.minimum, w, 5), -2.5))
    let tail = try context.polynomial(
      [
        -2.002_142_6e-4, 1.009_505_6e-4, 1.349_343_2e-3, -3.673_428_4e-3, 5.739_507_7e-3, -7.622_461_3e-3,
        9.438_870_5e-3,
        1.001_674_1, 2.832_976_8,
      ], context.f(.add, context.f(.squareRoot, context.f(.maximum, w, 5)), -3))
    let slope = try context.op(.select, context.f(.less, w, 5), central, tail)
    return try context.f(.multiply, x, slope)
  }
}
