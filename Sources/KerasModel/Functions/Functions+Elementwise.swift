import KerasCore
import KerasGraph

extension BackendFunction {
  /// f(x), elementwise.
  static let elementwise: Table = {
    let primitive: [(String, Unary)] = [
      ("negative", .negate), ("absolute", .absolute), ("sign", .sign), ("exp", .exponential), ("expm1", .expm1),
      ("log", .logarithm), ("log1p", .log1p), ("sqrt", .squareRoot), ("rsqrt", .reciprocalSquareRoot),
      ("reciprocal", .reciprocal), ("square", .square), ("sin", .sine), ("cos", .cosine), ("tanh", .tanh),
      ("erf", .erf), ("floor", .floor), ("ceil", .ceiling),
    ]
    var table: Table = primitive.map { name, function in
      (
        name,
        BackendFunction("x") { arguments, context throws(ModelError) in
          if function == .absolute, case .complex(let real, let imaginary) = arguments["x"] {
            return try call("hypot", [.tensor(real), .tensor(imaginary)], &context)
          }
          return try unary(function, arguments, &context)
        }
      )
    }
    let scaledLogarithms: [(String, Float)] = [("log2", 1 / 0.693_147_18), ("log10", 1 / 2.302_585_1)]
    for (name, factor) in scaledLogarithms {
      table.append(
        (
          name,
          .map { x, context throws(ModelError) in
            try context.scaled(context.op(.unary(.logarithm), x), by: factor)
          }
        ))
    }
    table += [
      (
        "exp2",
        .map { x, context throws(ModelError) in
          try context.op(.unary(.exponential), context.scaled(x, by: 0.693_147_18))
        }
      ),
      (
        "tan",
        .map { x, context throws(ModelError) in
          try context.op(.binary(.divide), context.op(.unary(.sine), x), context.op(.unary(.cosine), x))
        }
      ),
      ("sinh", .map { x, context throws(ModelError) in try hyperbolic(.subtract, x, &context) }),
      ("cosh", .map { x, context throws(ModelError) in try hyperbolic(.add, x, &context) }),
      (
        "arcsinh",
        .map { x, context throws(ModelError) in
          // sign(x)·log1p(|x| + x²/(1 + √(x² + 1))), which keeps small numbers.
          let squared = try context.op(.unary(.square), x)
          let root = try context.op(.unary(.squareRoot), context.shifted(squared, by: 1))
          let part = try context.op(.binary(.divide), squared, context.shifted(root, by: 1))
          let magnitude = try context.op(.binary(.add), context.op(.unary(.absolute), x), part)
          return try context.op(.binary(.multiply), context.op(.unary(.sign), x), context.op(.unary(.log1p), magnitude))
        }
      ),
      (
        "arccosh",
        .map { x, context throws(ModelError) in
          let root = try context.op(.unary(.squareRoot), context.shifted(context.op(.unary(.square), x), by: -1))
          return try context.op(.unary(.logarithm), context.op(.binary(.add), x, root))
        }
      ),
      (
        "arctanh",
        .map { x, context throws(ModelError) in
          let above = try context.op(.unary(.log1p), x)
          let below = try context.op(.unary(.log1p), context.op(.unary(.negate), x))
          return try context.scaled(context.op(.binary(.subtract), above, below), by: 0.5)
        }
      ),
      (
        "trunc",
        .map { x, context throws(ModelError) in
          let magnitude = try context.op(.unary(.floor), context.op(.unary(.absolute), x))
          return try context.op(.binary(.multiply), context.op(.unary(.sign), x), magnitude)
        }
      ),
      ("deg2rad", .map { x, context throws(ModelError) in try context.scaled(x, by: .pi / 180) }),
      ("rad2deg", .map { x, context throws(ModelError) in try context.scaled(x, by: 180 / .pi) }),
      (
        "erfc",
        .map { x, context throws(ModelError) in
          try context.shifted(context.op(.unary(.negate), context.op(.unary(.erf), x)), by: 1)
        }
      ),
      ("isnan", .map { x, context throws(ModelError) in try context.op(.compare(.notEqual), x, x) }),
      (
        "isinf",
        .map { x, context throws(ModelError) in
          try context.op(.compare(.equal), context.op(.unary(.absolute), x), context.constant(.infinity))
        }
      ),
      (
        "isfinite",
        .map { x, context throws(ModelError) in
          try context.op(.compare(.less), context.op(.unary(.absolute), x), context.constant(.infinity))
        }
      ),
      (
        "cast",
        BackendFunction("x dtype") { arguments, context throws(ModelError) in
          guard let dtype = try arguments.dtype("dtype") else { throw arguments.unsupported("dtype", "a type") }
          let x = context.resolved(try arguments.required("x"))
          if let constant = ConstantFunctions.cast(x, to: dtype) { return constant }
          return .tensor(try context.cast(arguments.value("x", &context), to: dtype))
        }
      ),
      (
        "stop_gradient",
        BackendFunction("variable") { arguments, context throws(ModelError) in
          .tensor(try context.op(.stopGradient, arguments.value("variable", &context)))
        }
      ),
      (
        "identity",
        BackendFunction("x dtype") { arguments, context throws(ModelError) in
          let value = try arguments.value("x", &context)
          return .tensor(
            try arguments.dtype("dtype").map { dtype throws(ModelError) in
              try context.cast(value, to: dtype)
            } ?? value)
        }
      ),
      (
        "clip",
        BackendFunction("x x_min x_max") { arguments, context throws(ModelError) in
          let x = try arguments.float("x", &context)
          if let low = arguments["x_min"].double, let high = arguments["x_max"].double {
            return .tensor(try context.op(.unary(.clip(minimum: Float(low), maximum: Float(high))), x))
          }
          var result = x
          if !arguments["x_max"].isNone {
            result = try context.op(.binary(.minimum), result, arguments.float("x_max", &context))
          }
          if !arguments["x_min"].isNone {
            result = try context.op(.binary(.maximum), result, arguments.float("x_min", &context))
          }
          return .tensor(result)
        }
      ),
    ]
    return table
  }()

  /// Functions that keep whole numbers whole do so here too.
  private static func unary(
    _ function: Unary, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let value = try arguments.value("x", &context)
    let keepsIntegers = [Unary.negate, .absolute, .sign, .square, .floor, .ceiling].contains(function)
    let isInteger = context.graph.type(value).dtype == .int32
    let result = try context.op(.unary(function), context.cast(value, to: .float32))
    return .tensor(keepsIntegers && isInteger ? try context.cast(result, to: .int32) : result)
  }

  private static func hyperbolic(
    _ sign: Binary, _ x: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let grown = try context.op(.unary(.exponential), x)
    let shrunk = try context.op(.unary(.exponential), context.op(.unary(.negate), x))
    return try context.scaled(context.op(.binary(sign), grown, shrunk), by: 0.5)
  }
}
