import KerasCore
import KerasGraph

extension BackendFunction {
  /// Bits of whole numbers, exact for magnitudes below 2²³: floats carry them.
  static let bits: Table = [
    ("bitwise_and", .bitwise { a, b, context throws(ModelError) in try context.f(.multiply, a, b) }),
    ("bitwise_or", .bitwise { a, b, context throws(ModelError) in try context.f(.maximum, a, b) }),
    (
      "bitwise_xor",
      .bitwise { a, b, context throws(ModelError) in try context.cast(context.f(.notEqual, a, b), to: .float32) }
    ),
    (
      "bitwise_invert",
      .map { x, context throws(ModelError) in
        try context.cast(context.shifted(context.f(.negate, x), by: -1), to: .int32)
      }
    ),
    (
      "bitwise_left_shift",
      .two("x y") { x, count, context throws(ModelError) in
        try context.cast(
          context.f(.multiply, x, context.op(.binary(.power), context.constant(2), count)), to: .int32)
      }
    ),
    (
      "bitwise_right_shift",
      .two("x y") { x, count, context throws(ModelError) in
        let scale = try context.op(.binary(.power), context.constant(2), count)
        return try context.cast(context.f(.floor, context.f(.divide, x, scale)), to: .int32)
      }
    ),
  ]

  /// A function of single bits, applied to all of them; the last stands for the sign.
  private static func bitwise(
    _ body: @escaping @Sendable (Value, Value, inout LoweringContext) throws(ModelError) -> Value
  ) -> BackendFunction {
    BackendFunction("x y") { arguments, context throws(ModelError) in
      let (a, b) = (try arguments.float("x", &context), try arguments.float("y", &context))
      let count = 23
      var sum: Value?
      for bit in 0...count {
        func own(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
          let isSign = bit == count
          if isSign { return try context.cast(context.f(.less, x, 0), to: .float32) }
          let shifted = try context.f(.floor, context.scaled(x, by: 1 / Float(1 << bit)))
          return try context.f(.modulo, shifted, 2)
        }
        let result = try body(own(a, &context), own(b, &context), &context)
        let term = try context.scaled(result, by: bit == count ? -Float(1 << bit) : Float(1 << bit))
        sum = if let rest = sum { try context.f(.add, rest, term) } else { term }
      }
      return .tensor(try context.cast(sum ?? a, to: .int32))
    }
  }
}
