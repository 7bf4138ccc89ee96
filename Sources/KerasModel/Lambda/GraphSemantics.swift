import KerasCore
import KerasGraph
import OrderedCollections
import PythonCode

/// Python's operations on tensors of a graph, by the functions and operators that saved function nodes have.
struct GraphSemantics: PythonSemantics {
  typealias Value = CallValue
  typealias Failure = ModelError

  var context: LoweringContext
  /// Functions that meant something else in the release that wrote the file, by their names here.
  private let meanings: [String: String]
  /// Where in the graph functions of single samples begin, outermost first.
  private var mappings: [Int] = []

  init(context: LoweringContext, meanings: [String: String] = [:]) {
    (self.context, self.meanings) = (context, meanings)
  }

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

  func sequence(_ elements: [CallValue], isTuple: Bool) throws(ModelError) -> CallValue {
    var seen = 0
    try Self.checkNesting(elements, levels: 32, &seen)
    return .sequence(elements)
  }

  /// Refuses lists in lists that nest too deep to walk over, or that hold one another too often.
  private static func checkNesting(_ elements: [CallValue], levels: Int, _ seen: inout Int) throws(ModelError) {
    seen += elements.count
    guard levels > 0, seen <= 1 << 20 else { throw ModelError(.unsupported("lists nested too deep")) }
    for element in elements {
      if let inner = element.elements { try checkNesting(inner, levels: levels - 1, &seen) }
    }
  }

  /// Slices of slices would nest without end, and are none of Python's either.
  func slice(_ start: CallValue, _ stop: CallValue, _ step: CallValue) throws(ModelError) -> CallValue {
    for bound in [start, stop, step] {
      switch bound {
      case .slice, .sequence, .array: throw ModelError(.unsupported("\(bound.kind) as a bound of a slice"))
      default: break
      }
    }
    return .slice(start, stop, step)
  }

  mutating func item(_ base: CallValue, _ key: CallValue) throws(ModelError) -> CallValue {
    try PythonOperators.item(base, key, &context)
  }

  mutating func stored(
    _ item: CallValue, in base: CallValue, at key: CallValue
  ) throws(ModelError) -> CallValue {
    try PythonOperators.stored(item, in: base, at: key, &context)
  }

  mutating func attribute(_ base: CallValue, _ name: String) throws(ModelError) -> CallValue {
    try PythonOperators.attribute(base, name, &context)
  }

  mutating func call(
    _ function: CallValue, _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>
  ) throws(ModelError) -> CallValue {
    // np.float32(x)
    if case .dtype = function, positional.count == 1, keywords.isEmpty {
      return try BackendFunction.call("cast", [positional[0], function], &context)
    }
    guard case .name(let name) = function else { throw ModelError(.unsupported("a call of \(function.kind)")) }
    // What a program says while it runs.
    if let root = name.split(separator: ".").first, root == "warnings" || root == "logging" {
      return name == "logging.getLogger" ? .name("logging") : .none
    }
    if keywords.isEmpty || name == "print",
      let value = try PythonOperators.builtin(name, positional.map { resolved($0) }, &context)
    {
      return value
    }
    return try FunctionNames.call(name, positional, keywords, meanings: meanings, &context)
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

  mutating func rows(of value: CallValue, axis: Int) throws(ModelError) -> [CallValue]? {
    if axis == 0, let elements = resolved(value).elements { return elements }
    guard case .tensor(let x) = value, axis < context.shape(x).rank, let size = context.shape(x)[axis] else {
      return nil
    }
    guard size <= 1024 else { throw ModelError(.unsupported("a loop over \(size) elements")) }
    let all = Array(repeating: CallValue.slice(.none, .none, .none), count: axis)
    var rows: [CallValue] = []
    for index in 0..<size {
      rows.append(try PythonOperators.item(value, .sequence(all + [.int(index)]), &context))
    }
    return rows
  }

  mutating func stacked(_ values: [CallValue], axis: Int) throws(ModelError) -> CallValue? {
    try BackendFunction.call("stack", [.sequence(values), .int(axis)], &context)
  }

  mutating func samples(of wholes: [CallValue]) throws(ModelError) -> [CallValue]? {
    var samples: [CallValue] = []
    for whole in wholes {
      guard case .tensor(let x) = whole, context.shape(x).rank > 0, context.shape(x)[0] == nil else { return nil }
      samples.append(try PythonOperators.item(whole, .int(0), &context))
    }
    mappings.append(context.graph.nodes.count)
    return samples
  }

  mutating func spread(
    _ results: [CallValue], over wholes: [CallValue], from samples: [CallValue]
  ) throws(ModelError) -> [CallValue] {
    var pairs: [(sample: KerasGraph.Value, whole: KerasGraph.Value)] = []
    for case (.tensor(let sample), .tensor(let whole)) in zip(samples, wholes) { pairs.append((sample, whole)) }
    guard let start = mappings.popLast(), var mapping = BatchMapping(pairs) else {
      throw ModelError(.unsupported("a function of samples that takes none"))
    }
    try mapping.spread(context.graph.nodes[start...].indices, &context)
    var spread: [CallValue] = []
    for result in results {
      spread.append(.tensor(try mapping.whole(of: context.value(result, for: "a function of each sample"), &context)))
    }
    return spread
  }

  func has(_ value: CallValue, attribute: String) -> Bool? {
    switch value {
    case .name(let path):
      FunctionNames.knows("\(path).\(attribute)") || FunctionNames.constant("\(path).\(attribute)") != nil
    // A size is TensorFlow 1's Dimension, which has a value, and a number.
    case .size, .int: attribute == "value"
    case .tensor: ["shape", "dtype", "ndim", "get_shape", "_keras_shape"].contains(attribute) ? true : nil
    case .sequence: ["as_list", "rank", "ndims"].contains(attribute) ? true : nil
    default: nil
    }
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
