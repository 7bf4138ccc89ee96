import KerasCore
import KerasGraph
import OrderedCollections

/// Binds the functions an expression calls to the operations of `keras.ops` that `OperationNode` lowers.
enum ExpressionFunctions {
  /// Names of `keras.ops`, the old backend, TensorFlow and numpy, and the operation's class; the first argument is x.
  private static let unaries: [String: String] = [
    "relu": "Relu", "relu6": "Relu6", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus", "silu": "Silu",
    "swish": "Silu", "exp": "Exp", "expm1": "Expm1", "log": "Log", "log1p": "Log1p", "sqrt": "Sqrt", "rsqrt": "Rsqrt",
    "square": "Square", "sin": "Sin", "cos": "Cos", "abs": "Absolute", "absolute": "Absolute",
    "negative": "Negative", "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "reciprocal": "Reciprocal", "erf": "Erf",
  ]
  private static let binaries: [String: String] = [
    "add": "Add", "subtract": "Subtract", "multiply": "Multiply", "divide": "Divide", "maximum": "Maximum",
    "minimum": "Minimum", "pow": "Power", "power": "Power", "matmul": "Matmul",
  ]
  private static let reductions: [String: String] = [
    "sum": "Sum", "reduce_sum": "Sum", "mean": "Mean", "reduce_mean": "Mean", "max": "Max", "reduce_max": "Max",
    "amax": "Max", "min": "Min", "reduce_min": "Min", "amin": "Min", "prod": "Prod", "reduce_prod": "Prod",
  ]
  /// Further operations: the class, and its parameters after x, each with the config field it fills.
  private static let others: [String: (className: String, fields: [String])] = [
    "softmax": ("Softmax", ["axis"]), "expand_dims": ("ExpandDims", ["axis"]), "squeeze": ("Squeeze", ["axis"]),
    "reshape": ("Reshape", ["newshape"]), "transpose": ("Transpose", ["axes"]),
    "permute_dimensions": ("Transpose", ["axes"]),
    "concatenate": ("Concatenate", ["axis"]), "concat": ("Concatenate", ["axis"]),
  ]
  private static let aliases = [
    "keep_dims": "keepdims", "dim": "axis", "perm": "axes", "shape": "newshape", "pattern": "axes",
    "reduction_indices": "axis",
  ]
  /// Parameters that hold x or the operands, under their names.
  private static let operandNames: Set<String> = ["x", "inputs", "input_tensor", "tensor", "tensors", "values", "a"]

  /// Calls a function by its dotted name; throws `.unsupported` for one that is not known.
  static func call(
    _ name: [String], _ arguments: [ExpressionValue], _ keywords: OrderedDictionary<String, ExpressionValue>,
    _ context: inout LoweringContext
  ) throws(ModelError) -> ExpressionValue {
    let function = name.last ?? ""
    let shown = name.joined(separator: ".")
    var arguments = arguments
    var fields: OrderedDictionary<String, JSON> = [:]
    for (key, value) in keywords {
      if operandNames.contains(key), arguments.isEmpty {
        arguments.append(value)
        continue
      }
      if key == "name" { continue }
      guard let json = value.json else { throw unsupported("the argument '\(key)' of \(shown) is \(value.kind)") }
      fields[aliases[key] ?? key] = json
    }
    if function == "l2_normalize" || function == "cast" || function == "clip" || function == "clip_by_value" {
      return try composed(function, shown, arguments, fields, &context)
    }
    let (className, parameters, operandCount): (String, [String], Int)
    if let unary = unaries[function] {
      (className, parameters, operandCount) = (unary, [], 1)
    } else if let binary = binaries[function] {
      (className, parameters, operandCount) = (binary, [], 2)
    } else if let reduction = reductions[function] {
      (className, parameters, operandCount) = (reduction, ["axis", "keepdims"], 1)
    } else if let other = others[function] {
      (className, parameters, operandCount) = (other.className, other.fields, 1)
    } else {
      throw unsupported("the function \(shown) is not known")
    }
    guard arguments.count >= operandCount, arguments.count <= operandCount + parameters.count else {
      throw unsupported("\(shown) takes \(operandCount) to \(operandCount + parameters.count) arguments")
    }
    for (key, value) in zip(parameters, arguments.dropFirst(operandCount)) {
      guard let json = value.json else { throw unsupported("the argument '\(key)' of \(shown) is \(value.kind)") }
      fields[key] = json
    }
    if let unknown = fields.keys.first(where: { !parameters.contains($0) }) {
      throw unsupported("\(shown) has no argument '\(unknown)' here")
    }
    if className == "Concatenate", fields["axis"] == nil { fields["axis"] = -1 }
    var operands: [Value] = []
    for argument in arguments.prefix(operandCount) {
      if case .sequence(let elements) = argument {
        for element in elements { operands.append(try ExpressionEvaluation.tensor(element, shown, &context)) }
      } else {
        operands.append(try ExpressionEvaluation.tensor(argument, shown, &context))
      }
    }
    return .tensor(try operation(className, operands, fields, &context))
  }

  private static func unsupported(_ what: String) -> ModelError {
    ModelError(.unsupported("in the expression: \(what)"))
  }

  private static func operation(
    _ className: String, _ operands: [Value], _ fields: OrderedDictionary<String, JSON>,
    _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var keywords: OrderedDictionary<String, CallValue> = [:]
    for (key, json) in fields {
      guard let value = CallValue(constant: json) else { throw unsupported("the argument '\(key)'") }
      keywords[key] = value
    }
    let tensors = operands.map { CallValue.tensor($0) }
    let positional = className == "Concatenate" ? [.sequence(tensors)] : tensors
    let result = try BackendFunction.call(OperationNames.function(of: className), positional, keywords, &context)
    return try context.value(result, for: className)
  }

  private static func composed(
    _ function: String, _ shown: String, _ arguments: [ExpressionValue], _ fields: OrderedDictionary<String, JSON>,
    _ context: inout LoweringContext
  ) throws(ModelError) -> ExpressionValue {
    guard let first = arguments.first else { throw unsupported("\(shown) without an argument") }
    let x = try ExpressionEvaluation.tensor(first, shown, &context)
    switch function {
    case "l2_normalize":
      // The whole tensor without an axis; ε as in TensorFlow.
      guard arguments.count <= 2 else { throw unsupported("\(shown) takes x and axis") }
      let axis = arguments.count > 1 ? arguments[1].json : fields["axis"]
      let square = try context.op(.unary(.square), x)
      let sum = try operation("Sum", [square], ["axis": axis ?? .null, "keepdims": true], &context)
      let floor = try context.op(.binary(.maximum), sum, context.constant(1e-12))
      return .tensor(
        try context.op(.binary(.multiply), x, context.op(.unary(.reciprocalSquareRoot), floor)))
    case "cast":
      let types = ["float32": DType.float32, "float": .float32, "int32": .int32, "bool": .bool]
      let name: String? =
        switch arguments.count > 1 ? arguments[1] : .none {
        case .string(let text): text
        case .function(let names): names.last
        default: fields["dtype"]?.stringValue
        }
      guard let type = types[name ?? ""] else { throw unsupported("\(shown) to \(name ?? "nothing")") }
      return .tensor(try context.cast(x, to: type))
    default:
      guard arguments.count == 3, case .number(let low, _) = arguments[1], case .number(let high, _) = arguments[2]
      else { throw unsupported("\(shown) takes x and two numbers") }
      return .tensor(try context.op(.unary(.clip(minimum: Float(low), maximum: Float(high))), x))
    }
  }
}
