import KerasCore
import KerasGraph
import OrderedCollections
import PythonCode

/// Python's operations on tensors of a graph, by the functions and operators that saved function nodes have.
struct GraphSemantics: PythonSemantics {
  typealias Value = CallValue
  typealias Failure = ModelError

  var context: LoweringContext

  func reason(_ failure: ModelError) -> String {
    switch failure.cause {
    case .unsupported(let reason), .lambda(let reason): reason
    default: failure.description
    }
  }

  func constant(_ object: PythonObject) throws(ModelError) -> CallValue {
    switch object {
    case .none: return CallValue.none
    case .bool(let flag): return .bool(flag)
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .string(let text): return .string(text)
    case .bytes: return .string(object.text ?? "")
    case .ellipsis: return .ellipsis
    case .tuple(let elements), .list(let elements), .set(let elements):
      guard elements.count <= 4096 else { throw ModelError(.unsupported("a constant of \(elements.count) elements")) }
      var values: [CallValue] = []
      for element in elements {
        if case .tuple = element, values.count > 64 { throw ModelError(.unsupported("a large constant of tuples")) }
        values.append(try constant(element))
      }
      return .sequence(values)
    default: throw ModelError(.unsupported("the constant \(object.description)"))
    }
  }

  func global(_ name: String) -> CallValue { .name(name) }

  mutating func unary(_ symbol: String, _ operand: CallValue) throws(ModelError) -> CallValue {
    try PythonOperators.prefix(symbol, resolved(operand), &context)
  }

  mutating func binary(_ symbol: String, _ left: CallValue, _ right: CallValue) throws(ModelError) -> CallValue {
    var symbol = symbol
    let (a, b) = (resolved(left), resolved(right))
    if symbol == "/2" {
      // Python 2 floors the quotient of whole numbers.
      if case .int = a, case .int = b { symbol = "//" } else { symbol = "/" }
    }
    if [a, b].contains(PythonText.unknown), symbol == "+" || symbol == "%" { return PythonText.unknown }
    for case .name(let name) in [a, b] where symbol != "is" && symbol != "is not" {
      throw ModelError(.unsupported("the name '\(name)', which the file does not hold"))
    }
    return try PythonOperators.infix(symbol, a, b, &context)
  }

  func sequence(_ elements: [CallValue], isTuple: Bool) -> CallValue { .sequence(elements) }

  func slice(_ start: CallValue, _ stop: CallValue, _ step: CallValue) -> CallValue { .slice(start, stop, step) }

  mutating func item(_ base: CallValue, _ key: CallValue) throws(ModelError) -> CallValue {
    try PythonOperators.item(base, key, &context)
  }

  mutating func attribute(_ base: CallValue, _ name: String) throws(ModelError) -> CallValue {
    try PythonOperators.attribute(base, name, &context)
  }

  mutating func call(
    _ function: CallValue, _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>
  ) throws(ModelError) -> CallValue {
    guard case .name(let name) = function else { throw ModelError(.unsupported("a call of \(function.kind)")) }
    if keywords.isEmpty || name == "print",
      let value = try PythonOperators.builtin(name, positional.map { resolved($0) }, &context)
    {
      return value
    }
    return try FunctionNames.call(name, positional, keywords, &context)
  }

  mutating func call(
    method: String, of base: CallValue, _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>
  ) throws(ModelError) -> CallValue {
    try PythonOperators.method(base, method, positional, keywords, &context)
  }

  func formatted(_ value: CallValue, conversion: Character, specification: CallValue?) throws(ModelError) -> CallValue {
    var text = PythonText.text(of: value, isRepresentation: conversion == "r")
    if conversion == "s", text != nil, let specification {
      guard case .string(let specification) = specification else { return PythonText.unknown }
      text = PythonText.formatted(value, specification)
    } else if let plain = text, case .string(let specification)? = specification {
      text = PythonText.formatted(.string(plain), specification)
    }
    return text.map { .string($0) } ?? PythonText.unknown
  }

  func choice(_ condition: CallValue, _ then: CallValue, _ otherwise: CallValue) throws(ModelError) -> CallValue {
    throw ModelError(.unsupported("a condition that depends on data"))
  }

  func name(of value: CallValue) -> String? {
    if case .name(let name) = value { name } else { nil }
  }

  func truth(_ value: CallValue) -> Bool? { value.truth }

  func isNone(_ value: CallValue) -> Bool { value.isNone }

  func int(_ value: CallValue) -> Int? { resolved(value).int }

  func text(_ value: CallValue) -> String? {
    if case .string(let text) = value { text } else { nil }
  }

  func elements(_ value: CallValue, count: Int?) -> [CallValue]? {
    resolved(value).elements
  }

  /// A tensor that holds a known shape as that shape.
  private func resolved(_ value: CallValue) -> CallValue { context.resolved(value) }
}
