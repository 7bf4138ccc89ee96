import KerasCore
import KerasGraph
import OrderedCollections

extension PythonOperators {
  /// `a ⊕ b`, with identity and the equality of constants, which need no graph.
  static func infix(
    _ symbol: String, _ a: CallValue, _ b: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let areConstants = a.isConstant && b.isConstant && !(a.double != nil && b.double != nil)
    switch symbol {
    case "is": return .bool(a == b)
    case "is not": return .bool(a != b)
    case "==" where areConstants: return .bool(a == b)
    case "!=" where areConstants: return .bool(a != b)
    case "/" where a.double != nil && b.double == 0: throw ModelError(.unsupported("a division by zero"))
    default:
      let result = try apply(symbol, a, b, &context)
      // Python's whole numbers have no end, and float32 would say something else.
      if case .int = a, case .int = b, case .tensor = result {
        throw ModelError(.unsupported("a whole number beyond 64 bits (\(symbol))"))
      }
      return result
    }
  }

  /// Python's own functions that have a meaning, here or in the interpreter of byte code.
  static let builtinNames: Set<String> = [
    "len", "int", "float", "bool", "str", "tuple", "list", "slice", "print", "abs", "pow", "sum", "max", "min",
    "isinstance", "range", "xrange", "reversed", "iter", "enumerate", "zip", "map", "dict", "True", "False", "None",
    "any", "all", "sorted", "hasattr", "functools", "reduce",
    "filter", "divmod", "set", "frozenset", "round", "repr", "format", "AssertionError", "ValueError", "TypeError",
    "NotImplementedError", "RuntimeError", "Exception", "KeyError", "IndexError", "AttributeError", "ImportError",
  ]

  /// Python's own functions of constants and, where a function of the backend does the same, of tensors.
  static func builtin(
    _ name: String, _ arguments: [CallValue], _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue? {
    switch (name, arguments.first, arguments.dropFirst().first) {
    case ("len", let value?, nil) where value.elements != nil: return value.elements.map { .int($0.count) }
    case ("len", .string(let text), nil): return .int(text.unicodeScalars.count)
    case ("len", .tensor(let value)?, nil):
      guard let first = context.shape(value).dimensions.first ?? nil else { return nil }
      return .int(first)
    case ("int", let value?, nil):
      if case .size = value { return value }
      return value.double.flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .int($0) }
    case ("float", let value?, nil): return value.double.map { .float($0) }
    case ("bool", let value?, nil): return value.truth.map { .bool($0) }
    case ("str", let value?, nil), ("repr", let value?, nil), ("format", let value?, nil):
      return PythonText.text(of: value, isRepresentation: name == "repr").map { .string($0) } ?? PythonText.unknown
    case ("format", let value?, .string(let specification)):
      return PythonText.formatted(value, specification).map { .string($0) } ?? PythonText.unknown
    case ("tuple", let value?, nil) where value.elements != nil, ("list", let value?, nil) where value.elements != nil:
      return value.elements.map { .sequence($0) }
    case ("divmod", let a?, let b?):
      guard let quotient = PythonArithmetic.folded(.floorDivide, a, b),
        let rest = PythonArithmetic.folded(.modulo, a, b)
      else { return nil }
      return .sequence([quotient, rest])
    case ("round", let value?, nil):
      if case .int = value { return value }
      return value.double.flatMap { Int(exactly: $0.rounded(.toNearestOrEven)) }.map { .int($0) }
    case ("slice", _, _) where (1...3).contains(arguments.count):
      let bounds = arguments.count == 1 ? [.none] + arguments : arguments
      return .slice(bounds[0], bounds[1], bounds.count > 2 ? bounds[2] : .none)
    case ("print", _, _): return CallValue.none
    case ("abs", let value?, nil):
      if case .int(let number) = value, number != .min { return .int(abs(number)) }
      if let number = value.double { return .float(abs(number)) }
      return try BackendFunction.call("absolute", arguments, [:], &context)
    case ("pow", let base?, let exponent?): return try infix("**", base, exponent, &context)
    case ("sum", .sequence(let elements), _), ("max", .sequence(let elements), nil),
      ("min", .sequence(let elements), nil):
      return try folded(name, elements, from: arguments.dropFirst().first, &context)
    case ("max", _, _?), ("min", _, _?): return try folded(name, arguments, from: nil, &context)
    case ("isinstance", let value?, let types?):
      var isUnknown = false
      for type in types.elements ?? [types] {
        guard case .name(let name) = type, let isOne = isInstance(value, of: name) else {
          isUnknown = true
          continue
        }
        if isOne { return .bool(true) }
      }
      return isUnknown ? nil : .bool(false)
    default: return nil
    }
  }

  /// `nil` where it is not known: a list and a tuple are one here, and the inputs of a layer are a list.
  private static func isInstance(_ value: CallValue, of type: String) -> Bool? {
    switch (type, value) {
    case ("list", .sequence), ("int", .int), ("int", .bool), ("float", .float), ("str", .string), ("bool", .bool):
      true
    case ("tuple", .sequence), ("int", .size): nil
    case ("list", _), ("tuple", _), ("int", _), ("float", _), ("str", _), ("bool", _), ("dict", _): false
    default: nil
    }
  }

  /// Elements added up, or their extreme, from left to right as Python does.
  private static func folded(
    _ name: String, _ elements: [CallValue], from start: CallValue?, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue? {
    guard name == "sum" else {
      let numbers = elements.compactMap(\.double)
      guard numbers.count == elements.count, let extreme = name == "max" ? numbers.max() : numbers.min() else {
        return nil
      }
      return elements.first { $0.double == extreme }
    }
    guard var total = start ?? elements.first else { return .int(0) }
    for element in start == nil ? elements.dropFirst() : elements[...] {
      total = try infix("+", total, element, &context)
    }
    return total
  }
}
