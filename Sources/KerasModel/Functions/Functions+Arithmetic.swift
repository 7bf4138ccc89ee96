import KerasCore
import KerasGraph

extension BackendFunction {
  /// f(a, b) with broadcasting.
  static let arithmetic: Table = {
    let primitive: [(String, Binary)] = [
      ("add", .add), ("subtract", .subtract), ("multiply", .multiply), ("maximum", .maximum), ("minimum", .minimum),
      ("mod", .modulo), ("floor_divide", .floorDivide),
    ]
    var table: Table = primitive.map { name, function in
      (
        name,
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          try binary(function, arguments["x1"], arguments["x2"], arguments.function, &context)
        }
      )
    }
    for name in ["divide", "true_divide"] {
      table.append(
        (
          name,
          BackendFunction("x1 x2") { arguments, context throws(ModelError) in
            try binary(.divide, arguments["x1"], arguments["x2"], arguments.function, &context)
          }
        ))
    }
    table += [
      (
        "power",
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          try power(arguments["x1"], arguments["x2"], arguments.function, &context)
        }
      ),
      (
        "divide_no_nan",
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          .tensor(
            try context.op(
              .binary(.divideNoNaN), arguments.float("x1", &context), arguments.float("x2", &context)))
        }
      ),
      (
        "squared_difference",
        BackendFunction("x y") { arguments, context throws(ModelError) in
          let difference = try context.op(
            .binary(.subtract), arguments.float("x", &context), arguments.float("y", &context))
          return .tensor(try context.op(.unary(.square), difference))
        }
      ),
      (
        "hypot",
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          let a = try context.op(.unary(.square), arguments.float("x1", &context))
          let b = try context.op(.unary(.square), arguments.float("x2", &context))
          return .tensor(try context.op(.unary(.squareRoot), context.op(.binary(.add), a, b)))
        }
      ),
      (
        "logaddexp",
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          // max + log1p(e^−|a−b|).
          let (a, b) = (try arguments.float("x1", &context), try arguments.float("x2", &context))
          let gap = try context.op(.unary(.absolute), context.op(.binary(.subtract), a, b))
          let rest = try context.op(
            .unary(.log1p), context.op(.unary(.exponential), context.op(.unary(.negate), gap)))
          return .tensor(try context.op(.binary(.add), context.op(.binary(.maximum), a, b), rest))
        }
      ),
    ]
    return table
  }()

  /// Two constants give a constant, as Python computes it; anything else an op of the graph.
  static func binary(
    _ function: Binary, _ a: CallValue, _ b: CallValue, _ user: String, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    if let folded = PythonArithmetic.folded(function, a, b) { return folded }
    if function == .divide {
      return .tensor(try context.op(.binary(.divide), context.float(a, for: user), context.float(b, for: user)))
    }
    let operands = try context.promoted([a, b], for: user)
    let types = operands.map { context.graph.type($0).dtype }
    guard types.contains(.float32) else {
      // Whole numbers stay exact up to 2²⁴ on the way through the engine's floats.
      let floats = (
        try context.cast(operands[0], to: .float32), try context.cast(operands[1], to: .float32)
      )
      let result = try context.op(.binary(function), floats.0, floats.1)
      return .tensor(try context.cast(result, to: .int32))
    }
    return .tensor(try context.op(.binary(function), operands[0], operands[1]))
  }

  static func power(
    _ a: CallValue, _ b: CallValue, _ user: String, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    if let folded = PythonArithmetic.folded(.power, a, b) { return folded }
    let base = try context.float(a, for: user)
    switch b.double {
    case 1: return .tensor(base)
    case 2: return .tensor(try context.op(.unary(.square), base))
    case 0.5: return .tensor(try context.op(.unary(.squareRoot), base))
    case -1: return .tensor(try context.op(.unary(.reciprocal), base))
    case -0.5: return .tensor(try context.op(.unary(.reciprocalSquareRoot), base))
    case 3:
      return .tensor(try context.op(.binary(.multiply), context.op(.unary(.square), base), base))
    default: return .tensor(try context.op(.binary(.power), base, context.float(b, for: user)))
    }
  }

  // MARK: Logic

  static let logic: Table = {
    let comparisons: [(String, Comparison)] = [
      ("equal", .equal), ("not_equal", .notEqual), ("less", .less), ("less_equal", .lessOrEqual),
      ("greater", .greater), ("greater_equal", .greaterOrEqual),
    ]
    var table: Table = comparisons.map { name, comparison in
      (
        name,
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          try compare(comparison, arguments["x1"], arguments["x2"], arguments.function, &context)
        }
      )
    }
    table += [
      (
        "logical_and",
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          .tensor(try logical(.logicalAnd, arguments, &context))
        }
      ),
      (
        "logical_or",
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          .tensor(try logical(.logicalOr, arguments, &context))
        }
      ),
      (
        "logical_xor",
        BackendFunction("x1 x2") { arguments, context throws(ModelError) in
          let a = try context.cast(arguments.value("x1", &context), to: .bool)
          let b = try context.cast(arguments.value("x2", &context), to: .bool)
          return .tensor(
            try context.op(
              .compare(.notEqual), context.cast(a, to: .float32), context.cast(b, to: .float32)))
        }
      ),
      (
        "logical_not",
        BackendFunction("x") { arguments, context throws(ModelError) in
          .tensor(try context.op(.unary(.logicalNot), context.cast(arguments.value("x", &context), to: .bool)))
        }
      ),
      (
        "where",
        BackendFunction("condition x1 x2") { arguments, context throws(ModelError) in
          guard !arguments["x1"].isNone, !arguments["x2"].isNone else {
            throw ModelError(
              .unsupported("\(arguments.function) without values: the result's size depends on the data"))
          }
          let condition = try context.cast(arguments.value("condition", &context), to: .bool)
          let operands = try context.promoted([arguments["x1"], arguments["x2"]], for: arguments.function)
          return .tensor(try context.op(.select, condition, operands[0], operands[1]))
        }
      ),
    ]
    return table
  }()

  static func compare(
    _ comparison: Comparison, _ a: CallValue, _ b: CallValue, _ user: String, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    if let folded = PythonArithmetic.folded(comparison, a, b) { return folded }
    let operands = try context.promoted([a, b], for: user)
    var floats: [Value] = []
    for operand in operands { floats.append(try context.cast(operand, to: .float32)) }
    return .tensor(try context.op(.compare(comparison), floats[0], floats[1]))
  }

  private static func logical(
    _ function: Binary, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.op(
      .binary(function), context.cast(arguments.value("x1", &context), to: .bool),
      context.cast(arguments.value("x2", &context), to: .bool))
  }
}
