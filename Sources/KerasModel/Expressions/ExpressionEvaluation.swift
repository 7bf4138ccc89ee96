import Foundation
import KerasCore
import KerasGraph
import OrderedCollections

/// Adds an expression's computation to a graph; constants are folded in Double first, as Python does.
struct ExpressionEvaluation {
  var names: [String: ExpressionValue]

  /// Throws `.unsupported` for what has no meaning here, and the graph's errors for shapes that do not fit.
  func evaluate(
    _ expression: Expression, _ context: inout LoweringContext
  ) throws(ModelError) -> ExpressionValue {
    switch expression {
    case .number(let value, let isInteger): return .number(value, isInteger: isInteger)
    case .string(let text): return .string(text)
    case .bool(let flag): return .bool(flag)
    case .none: return .none
    case .ellipsis: return .ellipsis
    case .name(let name): return names[name] ?? .function([name])
    case .placeholder(let name): throw unsupported("'$\(name)' outside a mapping to a layer")
    case .lambda: throw unsupported("a lambda inside an expression")
    case .prefix(let sign, let inner): return try prefix(sign, evaluate(inner, &context), &context)
    case .infix(let symbol, let left, let right):
      return try infix(symbol, evaluate(left, &context), evaluate(right, &context), &context)
    case .conditional(let condition, let then, let otherwise):
      switch try evaluate(condition, &context) {
      case .bool(let flag): return try evaluate(flag ? then : otherwise, &context)
      case .number(let value, _): return try evaluate(value != 0 ? then : otherwise, &context)
      case .none: return try evaluate(otherwise, &context)
      case let other: throw unsupported("a condition that is \(other.kind): it must be a constant")
      }
    case .sequence(let elements): return .sequence(try evaluate(all: elements, &context))
    case .attribute(let base, let name):
      switch try evaluate(base, &context) {
      case .function(let names): return constant(names + [name]) ?? .function(names + [name])
      case .tensor(let value) where name == "shape":
        return .sequence(
          context.shape(value).dimensions.map { $0.map { .number(Double($0), isInteger: true) } ?? .none })
      case let other: throw unsupported("'.\(name)' of \(other.kind)")
      }
    case .call(let callee, let arguments, let keywords):
      guard let function = callee.dottedName, names[function[0]] == nil else {
        throw unsupported("a call of anything but a function of the backend")
      }
      var named: OrderedDictionary<String, ExpressionValue> = [:]
      for keyword in keywords { named[keyword.name] = try evaluate(keyword.value, &context) }
      return try ExpressionFunctions.call(function, try evaluate(all: arguments, &context), named, &context)
    case .item(let base, let indices): return try item(evaluate(base, &context), indices, &context)
    }
  }

  private func evaluate(
    all expressions: [Expression], _ context: inout LoweringContext
  ) throws(ModelError) -> [ExpressionValue] {
    var values: [ExpressionValue] = []
    for expression in expressions { values.append(try evaluate(expression, &context)) }
    return values
  }

  private func unsupported(_ what: String) -> ModelError { ModelError(.unsupported("in the expression: \(what)")) }

  private func constant(_ names: [String]) -> ExpressionValue? {
    guard ["np", "numpy", "math", "tf", "K"].contains(names[0]), names.count == 2 else { return nil }
    return switch names[1] {
    case "pi": .number(.pi, isInteger: false)
    case "e": .number(M_E, isInteger: false)
    case "newaxis": ExpressionValue.none
    default: nil
    }
  }

  // MARK: Operators

  private func prefix(
    _ sign: String, _ operand: ExpressionValue, _ context: inout LoweringContext
  ) throws(ModelError) -> ExpressionValue {
    switch (sign, operand) {
    case ("-", .number(let value, let isInteger)): return .number(-value, isInteger: isInteger)
    case ("-", .tensor(let x)): return .tensor(try context.op(.unary(.negate), x))
    case ("+", .number), ("+", .tensor): return operand
    case ("not", .bool(let flag)): return .bool(!flag)
    default: throw unsupported("'\(sign)' of \(operand.kind)")
    }
  }

  private func infix(
    _ symbol: String, _ left: ExpressionValue, _ right: ExpressionValue, _ context: inout LoweringContext
  ) throws(ModelError) -> ExpressionValue {
    if case .number(let a, let aIsInteger) = left, case .number(let b, let bIsInteger) = right {
      return try folded(symbol, a, b, areIntegers: aIsInteger && bIsInteger)
    }
    if symbol == "+", case .sequence(let a) = left, case .sequence(let b) = right { return .sequence(a + b) }
    if ["==", "!="].contains(symbol), let a = left.json, let b = right.json {
      return .bool((a == b) == (symbol == "=="))
    }
    let (a, b) = try Self.operands(left, right, symbol, &context)
    let binaries: [String: Binary] = [
      "+": .add, "-": .subtract, "*": .multiply, "/": .divide, "//": .floorDivide, "%": .modulo, "**": .power,
    ]
    let comparisons: [String: Comparison] = [
      "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual, "==": .equal, "!=": .notEqual,
    ]
    if symbol == "**", case .number(2, _) = right { return .tensor(try context.op(.unary(.square), a)) }
    if let binary = binaries[symbol] { return .tensor(try context.op(.binary(binary), a, b)) }
    if let comparison = comparisons[symbol] { return .tensor(try context.op(.compare(comparison), a, b)) }
    return .tensor(try context.op(.matmul(transposeA: false, transposeB: false), a, b))
  }

  /// Both as floating-point tensors.
  static func operands(
    _ left: ExpressionValue, _ right: ExpressionValue, _ symbol: String, _ context: inout LoweringContext
  ) throws(ModelError) -> (Value, Value) {
    (try tensor(left, symbol, &context), try tensor(right, symbol, &context))
  }

  /// A tensor or a number as a floating-point tensor.
  static func tensor(
    _ value: ExpressionValue, _ user: String, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    switch value {
    case .tensor(let value): return try context.cast(value, to: .float32)
    case .number(let number, _): return context.constant(Float(number))
    default: throw ModelError(.unsupported("in the expression: '\(user)' takes tensors and numbers, not \(value.kind)"))
    }
  }

  private func folded(
    _ symbol: String, _ a: Double, _ b: Double, areIntegers: Bool
  ) throws(ModelError) -> ExpressionValue {
    if ["/", "//", "%"].contains(symbol), b == 0 { throw unsupported("a division by zero") }
    switch symbol {
    case "+": return .number(a + b, isInteger: areIntegers)
    case "-": return .number(a - b, isInteger: areIntegers)
    case "*": return .number(a * b, isInteger: areIntegers)
    case "/": return .number(a / b, isInteger: false)
    case "//": return .number((a / b).rounded(.down), isInteger: areIntegers)
    case "%": return .number(a - b * (a / b).rounded(.down), isInteger: areIntegers)
    case "**": return .number(pow(a, b), isInteger: areIntegers && b >= 0)
    case "<": return .bool(a < b)
    case "<=": return .bool(a <= b)
    case ">": return .bool(a > b)
    case ">=": return .bool(a >= b)
    case "==": return .bool(a == b)
    case "!=": return .bool(a != b)
    default: throw unsupported("'\(symbol)' of numbers")
    }
  }

  // MARK: Items

  private func item(
    _ base: ExpressionValue, _ indices: [Expression.Index], _ context: inout LoweringContext
  ) throws(ModelError) -> ExpressionValue {
    if case .sequence(let elements) = base {
      guard indices.count == 1, case .single(let expression) = indices[0],
        let index = try evaluate(expression, &context).int, index >= -elements.count, index < elements.count
      else { throw unsupported("an index that the list of \(elements.count) does not have") }
      return elements[index < 0 ? index + elements.count : index]
    }
    guard case .tensor(let x) = base else { throw unsupported("an item of \(base.kind)") }
    var items: [JSON] = []
    // Axes that `None` inserts, counted among the result's.
    var inserted: [Int] = []
    var resultAxis = 0
    let rank = context.shape(x).rank
    var named = 0
    for case .range in indices { named += 1 }
    for case .single(let expression) in indices {
      switch expression {
      case .none, .attribute(_, "newaxis"), .ellipsis: break
      default: named += 1
      }
    }
    for index in indices {
      switch index {
      case .range(let start, let stop, let step):
        var bounds: [JSON] = []
        for bound in [start, stop, step] {
          guard let bound else {
            bounds.append(.null)
            continue
          }
          switch try evaluate(bound, &context) {
          case .none: bounds.append(.null)
          case let value:
            guard let number = value.int else { throw unsupported("a slice to \(value.kind)") }
            bounds.append(JSON(number))
          }
        }
        items.append(["class_name": "__slice__", "config": ["start": bounds[0], "stop": bounds[1], "step": bounds[2]]])
        resultAxis += 1
      case .single(let expression):
        switch try evaluate(expression, &context) {
        case .none:
          inserted.append(resultAxis)
          resultAxis += 1
        case .ellipsis:
          items.append(["class_name": "__ellipsis__"])
          resultAxis += max(0, rank - named)
        case let value:
          guard let number = value.int else { throw unsupported("an index that is \(value.kind)") }
          items.append(JSON(number))
        }
      }
    }
    var result = items.isEmpty ? x : try ItemSelection(.array(items)).apply(x, &context)
    for axis in inserted { result = try context.expanded(result, axis: axis) }
    return .tensor(result)
  }
}
