import KerasCore
import KerasGraph
import OrderedCollections

/// What functions and operators make of TensorFlow's complex numbers, which the graph has as two tensors.
enum ComplexNumbers {
  /// Functions that move elements and compute nothing: of complex numbers they move both parts.
  private static let moves: Set<String> = [
    "transpose", "reshape", "expand_dims", "squeeze", "flip", "roll", "pad", "tile", "repeat", "slice",
    "keraskit>strided_slice", "keraskit>gather", "identity", "stop_gradient",
  ]

  /// A function by its name in `keras.ops`; `nil` where no complex number is among the arguments or that function has a
  /// meaning of its own for them.
  static func call(
    _ name: String, _ target: String, _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>,
    _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue? {
    if target == "cast", let first = positional.first {
      let wanted = positional.dropFirst().first ?? keywords["dtype"]
      guard wanted == .string("complex64") || wanted == .string("complex128") else {
        if case .complex(let real, _) = first {
          return try FunctionNames.call(name, [.tensor(real)] + positional.dropFirst(), keywords, &context)
        }
        return nil
      }
      if case .complex = first { return first }
      let real = try context.float(first, for: name)
      return .complex(real: real, imaginary: try context.f(.multiply, real, 0))
    }
    guard case .complex(let real, let imaginary)? = positional.first, moves.contains(target) else { return nil }
    return try both(real, imaginary) { part throws(ModelError) in
      try FunctionNames.call(name, [.tensor(part)] + positional.dropFirst(), keywords, &context)
    }
  }

  /// `x[key]` of both parts.
  static func item(
    _ real: Value, _ imaginary: Value, _ key: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    try both(real, imaginary) { part throws(ModelError) in try PythonOperators.item(.tensor(part), key, &context) }
  }

  /// `a ⊕ b`; `nil` where neither is complex, or for an operator without a meaning here.
  static func infix(
    _ symbol: String, _ a: CallValue, _ b: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue? {
    guard isComplex(a) || isComplex(b) else { return nil }
    let user = "'\(symbol)'"
    let (a0, a1) = try parts(a, for: user, &context)
    let (b0, b1) = try parts(b, for: user, &context)
    switch symbol {
    case "+": return .complex(real: try context.f(.add, a0, b0), imaginary: try context.f(.add, a1, b1))
    case "-": return .complex(real: try context.f(.subtract, a0, b0), imaginary: try context.f(.subtract, a1, b1))
    case "*":
      let real = try context.f(.subtract, context.f(.multiply, a0, b0), context.f(.multiply, a1, b1))
      return .complex(
        real: real, imaginary: try context.f(.add, context.f(.multiply, a0, b1), context.f(.multiply, a1, b0)))
    case "/" where !isComplex(b):
      return .complex(real: try context.f(.divide, a0, b0), imaginary: try context.f(.divide, a1, b0))
    default: return nil
    }
  }

  private static func isComplex(_ value: CallValue) -> Bool {
    if case .complex = value { true } else { false }
  }

  private static func parts(
    _ value: CallValue, for user: String, _ context: inout LoweringContext
  ) throws(ModelError) -> (real: Value, imaginary: Value) {
    if case .complex(let real, let imaginary) = value { return (real, imaginary) }
    let real = try context.float(value, for: user)
    return (real, try context.f(.multiply, real, 0))
  }

  private static func both(
    _ real: Value, _ imaginary: Value, _ body: (Value) throws(ModelError) -> CallValue
  ) throws(ModelError) -> CallValue {
    guard case .tensor(let a) = try body(real), case .tensor(let b) = try body(imaginary) else {
      throw ModelError(.unsupported("a part of complex numbers that is no tensor"))
    }
    return .complex(real: a, imaginary: b)
  }
}
