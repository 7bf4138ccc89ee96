import KerasCore
import KerasGraph
import OrderedCollections

/// Adds an expression's computation to a graph, with the functions and operators that saved function nodes have.
struct ExpressionEvaluation {
  var names: [String: CallValue]
  /// What placeholders stand for: fields of a custom class's config.
  var fields: OrderedDictionary<String, JSON> = [:]
  /// Functions that assignments made: `f = lambda a, b: a + b`.
  private var functions: [String: (parameters: [String], body: Expression)] = [:]

  /// The largest number of steps of a `fold`.
  private static let maximumSteps = 2_000

  init(names: [String: CallValue], fields: OrderedDictionary<String, JSON> = [:]) {
    self.names = names
    self.fields = fields
  }

  /// The program's result; each assignment is seen by those after it.
  mutating func evaluate(
    _ program: ExpressionProgram, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    for assignment in program.assignments {
      if case .lambda(let parameters, let body) = assignment.value {
        functions[assignment.name] = (parameters, body)
      } else {
        names[assignment.name] = try evaluate(assignment.value, &context)
      }
    }
    return try evaluate(program.result, &context)
  }

  /// Throws `.unsupported` for what has no meaning here, and the graph's errors for shapes that do not fit.
  func evaluate(_ expression: Expression, _ context: inout LoweringContext) throws(ModelError) -> CallValue {
    switch expression {
    case .number(let value, let isInteger):
      return isInteger && abs(value) < 9e15 ? .int(Int(value)) : .float(value)
    case .string(let text): return .string(text)
    case .bool(let flag): return .bool(flag)
    case .none: return .none
    case .ellipsis: return .ellipsis
    case .name(let name): return names[name] ?? .name(name)
    case .placeholder(let name):
      guard let json = fields[name] else { throw unsupported("'$\(name)', which the config does not have") }
      guard let value = CallValue(constant: json) else { throw unsupported("'$\(name)', which is \(json.text())") }
      return value
    case .lambda: throw unsupported("a lambda inside an expression")
    case .prefix(let sign, let inner):
      return try PythonOperators.prefix(sign, evaluate(inner, &context), &context)
    case .infix(let symbol, let left, let right): return try infix(symbol, left, right, &context)
    case .conditional(let condition, let then, let otherwise):
      return try evaluate(truth(evaluate(condition, &context)) ? then : otherwise, &context)
    case .sequence(let elements): return .sequence(try evaluate(all: elements, &context))
    case .attribute(let base, let name):
      return try PythonOperators.attribute(evaluate(base, &context), name, &context)
    case .call(let callee, let arguments, let keywords): return try call(callee, arguments, keywords, &context)
    case .item(let base, let indices):
      var keys: [CallValue] = []
      for index in indices { keys.append(try key(index, &context)) }
      return try PythonOperators.item(
        evaluate(base, &context), keys.count == 1 ? keys[0] : .sequence(keys), &context)
    }
  }

  private func evaluate(
    all expressions: [Expression], _ context: inout LoweringContext
  ) throws(ModelError) -> [CallValue] {
    var values: [CallValue] = []
    for expression in expressions { values.append(try evaluate(expression, &context)) }
    return values
  }

  private func unsupported(_ what: String) -> ModelError { ModelError(.unsupported("in the expression: \(what)")) }

  private func truth(_ value: CallValue) throws(ModelError) -> Bool {
    guard let truth = value.truth else { throw unsupported("a condition that is \(value.kind): it must be a constant") }
    return truth
  }

  private func infix(
    _ symbol: String, _ left: Expression, _ right: Expression, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let a = try evaluate(left, &context)
    switch symbol {
    // The right side counts only where the left does not decide.
    case "and": return try truth(a) ? evaluate(right, &context) : a
    case "or": return try truth(a) ? a : evaluate(right, &context)
    default: break
    }
    return try PythonOperators.infix(symbol, a, evaluate(right, &context), &context)
  }

  private func call(
    _ callee: Expression, _ arguments: [Expression], _ keywords: [Expression.Keyword],
    _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let positional = try evaluate(all: arguments, &context)
    var named: OrderedDictionary<String, CallValue> = [:]
    for keyword in keywords { named[keyword.name] = try evaluate(keyword.value, &context) }
    if case .placeholder(let name) = callee {
      // An activation that the config names.
      let activation = try ActivationFunction(fields[name] ?? .null, field: name)
      guard let x = positional.first, positional.count == 1 else { throw unsupported("'$\(name)' of several values") }
      return .tensor(try activation.apply(context.float(x, for: name), &context))
    }
    if let dotted = callee.dottedName, names[dotted[0]] == nil {
      if dotted.count == 1, functions[dotted[0]] != nil { return try apply(dotted[0], positional, &context) }
      if dotted == ["fold"], arguments.count == 3 { return try fold(positional, &context) }
      if dotted.count == 1 {
        if case ("unsupported", .string(let reason)?) = (dotted[0], positional.first) {
          throw ModelError(.unsupported(reason))
        }
        if let value = try PythonOperators.builtin(dotted[0], positional, &context) { return value }
      }
      return try FunctionNames.call(dotted.joined(separator: "."), positional, named, &context)
    }
    guard case .attribute(let base, let method) = callee else {
      throw unsupported("a call of anything but a function of the backend")
    }
    return try PythonOperators.method(evaluate(base, &context), method, positional, named, &context)
  }

  /// Calls a function of the program's own.
  private func apply(
    _ name: String, _ arguments: [CallValue], _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    guard let function = functions[name], function.parameters.count == arguments.count else {
      throw unsupported("\(arguments.count) arguments for '\(name)'")
    }
    var inner = self
    // Nothing calls itself: the functions seen are those defined before.
    inner.functions[name] = nil
    for (parameter, value) in zip(function.parameters, arguments) { inner.names[parameter] = value }
    return try inner.evaluate(function.body, &context)
  }

  /// `fold(f, start, count)`: f(… f(f(start, 0), 1) …, count − 1).
  private func fold(_ arguments: [CallValue], _ context: inout LoweringContext) throws(ModelError) -> CallValue {
    guard case .name(let name) = arguments[0], functions[name] != nil else {
      throw unsupported("fold takes a function that the expression defines, not \(arguments[0].kind)")
    }
    guard let count = arguments[2].int, (0...Self.maximumSteps).contains(count) else {
      throw unsupported("fold takes a number of steps known beforehand, not \(arguments[2].kind)")
    }
    var state = arguments[1]
    for step in 0..<count { state = try apply(name, [state, .int(step)], &context) }
    return state
  }

  private func key(_ index: Expression.Index, _ context: inout LoweringContext) throws(ModelError) -> CallValue {
    switch index {
    case .single(let expression): return try evaluate(expression, &context)
    case .range(let start, let stop, let step):
      var bounds: [CallValue] = []
      for bound in [start, stop, step] {
        bounds.append(try bound.map { bound throws(ModelError) in try evaluate(bound, &context) } ?? .none)
      }
      return .slice(bounds[0], bounds[1], bounds[2])
    }
  }
}

extension CallValue {
  /// Whether everything of it is known before the graph runs.
  var isConstant: Bool {
    switch self {
    case .tensor, .complex, .size, .name: false
    case .sequence(let elements), .array(let elements): elements.allSatisfy(\.isConstant)
    default: true
    }
  }
}
