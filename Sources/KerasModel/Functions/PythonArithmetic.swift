import KerasGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Arithmetic of constants and of sizes, as Python does it: in Double, or exactly for whole numbers.
enum PythonArithmetic {
  static func exponential(_ x: Double) -> Double { exp(x) }

  /// `nil` unless both are numbers, or sizes whose product can be named.
  static func folded(_ function: Binary, _ a: CallValue, _ b: CallValue) -> CallValue? {
    if function == .multiply, let product = product(a, b) { return product }
    if case .int(let x) = a, case .int(let y) = b { return integers(function, x, y) }
    guard isNumber(a), isNumber(b), let x = a.double, let y = b.double else { return nil }
    switch function {
    case .add: return .float(x + y)
    case .subtract: return .float(x - y)
    case .multiply: return .float(x * y)
    case .divide: return y == 0 ? nil : .float(x / y)
    case .floorDivide: return y == 0 ? nil : .float((x / y).rounded(.down))
    case .modulo: return y == 0 ? nil : .float(x - y * (x / y).rounded(.down))
    case .power: return .float(pow(x, y))
    case .maximum: return .float(max(x, y))
    case .minimum: return .float(min(x, y))
    default: return nil
    }
  }

  static func folded(_ comparison: Comparison, _ a: CallValue, _ b: CallValue) -> CallValue? {
    if comparison == .equal || comparison == .notEqual {
      switch (a, b) {
      case (.string, .string), (.none, _), (_, .none), (.dtype, .dtype), (.sequence, .sequence):
        if a.containsTensor || b.containsTensor { break }
        return .bool((a == b) == (comparison == .equal))
      default: break
      }
    }
    guard isNumber(a), isNumber(b), let x = a.double, let y = b.double else { return nil }
    return switch comparison {
    case .equal: .bool(x == y)
    case .notEqual: .bool(x != y)
    case .less: .bool(x < y)
    case .lessOrEqual: .bool(x <= y)
    case .greater: .bool(x > y)
    case .greaterOrEqual: .bool(x >= y)
    }
  }

  /// The operators on bits of whole numbers; `nil` for other operands and operators.
  ///
  /// Throws `.unsupported` for a result beyond 64 bits.
  static func bits(_ symbol: String, _ a: CallValue, _ b: CallValue) throws(ModelError) -> CallValue? {
    if case .bool(let x) = a, case .bool(let y) = b {
      switch symbol {
      case "&": return .bool(x && y)
      case "|": return .bool(x || y)
      case "^": return .bool(x != y)
      default: break
      }
    }
    guard case .int(let x) = a, case .int(let y) = b else { return nil }
    switch symbol {
    case "&": return .int(x & y)
    case "|": return .int(x | y)
    case "^": return .int(x ^ y)
    case "<<", ">>":
      guard (0..<63).contains(y) else { throw ModelError(.unsupported("a shift by \(y) bits")) }
      if symbol == ">>" { return .int(x >> y) }
      guard (x << y) >> y == x else { throw ModelError(.unsupported("a whole number beyond 64 bits (<<)")) }
      return .int(x << y)
    default: return nil
    }
  }

  private static func isNumber(_ value: CallValue) -> Bool {
    switch value {
    case .int, .float, .bool: true
    default: false
    }
  }

  private static func product(_ a: CallValue, _ b: CallValue) -> CallValue? {
    switch (a, b) {
    case (.size(let f, let x), .size(let g, let y)):
      let (factor, overflow) = f.multipliedReportingOverflow(by: g)
      return overflow || x.count + y.count > 8 ? nil : .size(factor: factor, x + y)
    case (.size(let f, let x), .int(let g)), (.int(let g), .size(let f, let x)):
      let (factor, overflow) = f.multipliedReportingOverflow(by: g)
      return overflow ? nil : .size(factor: factor, x)
    default: return nil
    }
  }

  private static func integers(_ function: Binary, _ x: Int, _ y: Int) -> CallValue? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) -> CallValue? {
      result.overflow ? nil : .int(result.partialValue)
    }
    switch function {
    case .add: return checked(x.addingReportingOverflow(y))
    case .subtract: return checked(x.subtractingReportingOverflow(y))
    case .multiply: return checked(x.multipliedReportingOverflow(by: y))
    case .divide: return y == 0 ? nil : .float(Double(x) / Double(y))
    case .floorDivide, .modulo:
      guard y != 0, !(x == .min && y == -1) else { return nil }
      let remainder = x % y
      let isCrossing = remainder != 0 && (remainder < 0) != (y < 0)
      return .int(function == .modulo ? (isCrossing ? remainder + y : remainder) : x / y - (isCrossing ? 1 : 0))
    case .power:
      guard y >= 0 else { return x == 0 ? nil : .float(pow(Double(x), Double(y))) }
      guard y <= 64 else { return x.magnitude <= 1 ? .int(x == -1 && y % 2 == 1 ? -1 : x * x) : nil }
      var result = 1
      for _ in 0..<y {
        let (next, overflow) = result.multipliedReportingOverflow(by: x)
        if overflow { return nil }
        result = next
      }
      return .int(result)
    case .maximum: return .int(max(x, y))
    case .minimum: return .int(min(x, y))
    default: return nil
    }
  }
}

extension CallValue {
  /// Whether a tensor or a size is it or a part of it.
  var containsTensor: Bool {
    switch self {
    case .tensor, .complex, .size: true
    case .sequence(let elements), .array(let elements): elements.contains(where: \.containsTensor)
    case .slice(let start, let stop, let step): [start, stop, step].contains(where: \.containsTensor)
    default: false
    }
  }
}
