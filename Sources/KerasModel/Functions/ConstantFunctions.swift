import KerasCore
import KerasGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Functions of what is known before the graph runs: numbers, and arrays of numbers and sizes.
enum ConstantFunctions {
  private static let elementwise: Set<String> = [
    "add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "mod", "power", "maximum", "minimum",
    "equal",
    "not_equal", "less", "less_equal", "greater", "greater_equal",
  ]

  /// A function of `keras.ops` with arrays among its arguments, computed element by element; `nil` where the graph has to.
  static func ofArrays(
    _ name: String, _ operands: [CallValue], _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue? {
    guard operands.contains(where: { if case .array = $0 { true } else { false } }) else { return nil }
    if elementwise.contains(name), operands.count == 2 {
      guard operands.allSatisfy({ isKnown($0, allowsSizes: name == "multiply") }) else { return nil }
      return try elementwise(name, operands[0], operands[1], &context)
    }
    // The second argument is the axis, which a vector has one of.
    let isWhole =
      operands.count == 1 || operands.count == 2 && (operands[1].isNone || [0, -1].contains(operands[1].int))
    guard isWhole, let elements = operands[0].elements, let first = elements.first,
      !elements.contains(where: { $0.elements != nil }), let step = reductions[name]
    else { return nil }
    guard elements.allSatisfy({ isKnown($0, allowsSizes: step == "multiply") }) else { return nil }
    var total = first
    for element in elements.dropFirst() { total = try BackendFunction.call(step, [total, element], &context) }
    return total.containsTensor && !isKnown(total, allowsSizes: true) ? nil : total
  }

  private static let reductions = ["prod": "multiply", "sum": "add", "max": "maximum", "min": "minimum"]

  private static func isKnown(_ value: CallValue, allowsSizes: Bool) -> Bool {
    if let elements = value.elements { return elements.allSatisfy { isKnown($0, allowsSizes: allowsSizes) } }
    if case .size = value { return allowsSizes }
    return value.double != nil
  }

  private static func elementwise(
    _ name: String, _ a: CallValue, _ b: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue? {
    let (x, y) = (a.elements, b.elements)
    guard x != nil || y != nil else {
      let result = try BackendFunction.call(name, [a, b], &context)
      if case .tensor = result { return nil }
      return result
    }
    // Tables of other shapes are the graph's to broadcast.
    if let x, let y, x.count != y.count { return nil }
    if let x, let y, depth(.array(x)) != depth(.array(y)) { return nil }
    var results: [CallValue] = []
    for index in 0..<(x ?? y ?? []).count {
      guard let result = try elementwise(name, x?[index] ?? a, y?[index] ?? b, &context) else { return nil }
      results.append(result)
    }
    return .array(results)
  }

  private static func depth(_ value: CallValue) -> Int { (value.elements?.first.map { depth($0) } ?? -1) + 1 }

  /// Numbers and arrays of them in a type; `nil` for what only the graph knows.
  static func cast(_ value: CallValue, to dtype: DType) -> CallValue? {
    if let elements = value.elements {
      let results = elements.compactMap { cast($0, to: dtype) }
      return results.count == elements.count ? .array(results) : nil
    }
    if case .size = value { return dtype == .int32 ? value : nil }
    guard let number = value.double else { return nil }
    switch dtype {
    case .float32: return .float(Double(Float(number)))
    case .bool: return .bool(number != 0)
    case .int32: return Int32(exactly: number.rounded(.towardZero)).map { .int(Int($0)) }
    default: return nil
    }
  }

  /// A function of numpy's or of Python's `math` on numbers; `nil` for another one, and for tensors.
  static func numpy(_ path: String, _ arguments: [CallValue]) -> CallValue? {
    let name = path.split(separator: ".").last.map(String.init) ?? path
    let isMath = path.hasPrefix("math.")
    if arguments.count == 1, let elements = arguments[0].elements {
      switch name {
      case "prod": return folded(.multiply, elements)
      case "sum": return folded(.add, elements)
      case "max", "amax": return folded(.maximum, elements)
      case "min", "amin": return folded(.minimum, elements)
      case "mean": return folded(.add, elements)?.double.map { .float($0 / Double(elements.count)) }
      default:
        guard unary[name] != nil, !isMath else { return nil }
        let results = elements.compactMap { numpy(path, [$0]) }
        return results.count == elements.count ? .array(results) : nil
      }
    }
    let numbers = arguments.compactMap(\.double)
    guard numbers.count == arguments.count, let first = numbers.first else { return nil }
    switch (name, numbers.count) {
    case ("floor", 1) where isMath, ("ceil", 1) where isMath, ("trunc", 1) where isMath:
      let whole = name == "floor" ? first.rounded(.down) : first.rounded(name == "ceil" ? .up : .towardZero)
      return Int(exactly: whole).map { .int($0) }
    case ("abs", 1), ("absolute", 1):
      if case .int(let number) = arguments[0] { return number == .min ? nil : .int(abs(number)) }
      return .float(abs(first))
    case ("log", 2) where isMath: return .float(log(first) / log(numbers[1]))
    case ("pow", 2) where isMath: return .float(pow(first, numbers[1]))
    case ("power", 2), ("pow", 2): return PythonArithmetic.folded(.power, arguments[0], arguments[1])
    case ("maximum", 2): return PythonArithmetic.folded(.maximum, arguments[0], arguments[1])
    case ("minimum", 2): return PythonArithmetic.folded(.minimum, arguments[0], arguments[1])
    case (_, 1):
      guard let result = unary[name]?(first), result.isFinite else { return nil }
      return .float(result)
    default: return nil
    }
  }

  private static func folded(_ function: Binary, _ elements: [CallValue]) -> CallValue? {
    guard var total = elements.first else { return nil }
    for element in elements.dropFirst() {
      guard let next = PythonArithmetic.folded(function, total, element) else { return nil }
      total = next
    }
    return isKnown(total, allowsSizes: true) && total.elements == nil ? total : nil
  }

  private static let unary: [String: @Sendable (Double) -> Double] = [
    "sqrt": { $0.squareRoot() }, "exp": { exp($0) }, "log": { log($0) }, "log2": { log2($0) }, "log10": { log10($0) },
    "log1p": { log1p($0) }, "sin": { sin($0) }, "cos": { cos($0) }, "tan": { tan($0) }, "tanh": { tanh($0) },
    "floor": { $0.rounded(.down) }, "ceil": { $0.rounded(.up) }, "square": { $0 * $0 }, "fabs": { abs($0) },
    "rint": { $0.rounded(.toNearestOrEven) }, "radians": { $0 * .pi / 180 }, "degrees": { $0 * 180 / .pi },
    "erf": { erf($0) },
  ]
}
