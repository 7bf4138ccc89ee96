import KerasCore
import KerasGraph
import OrderedCollections

/// The arguments of one call, bound to a function's parameters as Python binds them.
struct FunctionArguments {
  /// As the caller wrote it, for messages.
  let function: String
  private var values: [String: CallValue] = [:]

  /// Throws `.unsupported` naming an argument too many, one given twice or one the function does not have.
  ///
  /// A parameter written `*xs` takes all further positional arguments as a list.
  init(
    function: String, parameters: [String], positional: [CallValue], keywords: OrderedDictionary<String, CallValue>
  ) throws(ModelError) {
    self.function = function
    var rest = positional[...]
    for parameter in parameters {
      if parameter.hasPrefix("*") {
        values[String(parameter.dropFirst())] = .sequence(rest.map(\.listed))
        rest = []
      } else if let value = rest.popFirst() {
        values[parameter] = value.listed
      }
    }
    guard rest.isEmpty else {
      throw ModelError(.unsupported("\(function) takes \(parameters.count) arguments, received \(positional.count)"))
    }
    for (key, value) in keywords {
      guard parameters.contains(key) else {
        // What is not given needs no meaning.
        if value.isNone || key == "name" { continue }
        throw ModelError(.unsupported("the argument '\(key)' of \(function)"))
      }
      guard values[key] == nil else { throw ModelError(.unsupported("the argument '\(key)' of \(function), twice")) }
      values[key] = value.listed
    }
  }

  subscript(_ name: String) -> CallValue { values[name] ?? .none }

  mutating func set(_ name: String, _ value: CallValue) { values[name] = value }

  func unsupported(_ name: String, _ expected: String) -> ModelError {
    ModelError(.unsupported("\(function): '\(name)' should be \(expected), received \(self[name].kind)"))
  }

  func required(_ name: String) throws(ModelError) -> CallValue {
    let value = self[name]
    guard !value.isNone else { throw ModelError(.unsupported("\(function) needs the argument '\(name)'")) }
    return value
  }

  // MARK: Constants

  func optionalInt(_ name: String) throws(ModelError) -> Int? {
    let value = self[name]
    if value.isNone { return nil }
    guard let int = value.int else { throw unsupported(name, "a whole number") }
    return int
  }

  func int(_ name: String, default standard: Int) throws(ModelError) -> Int { try optionalInt(name) ?? standard }

  func optionalDouble(_ name: String) throws(ModelError) -> Double? {
    let value = self[name]
    if value.isNone { return nil }
    guard let double = value.double else { throw unsupported(name, "a constant number") }
    return double
  }

  func double(_ name: String, default standard: Double) throws(ModelError) -> Double {
    try optionalDouble(name) ?? standard
  }

  func bool(_ name: String, default standard: Bool) throws(ModelError) -> Bool {
    let value = self[name]
    if value.isNone { return standard }
    guard let truth = value.truth else { throw unsupported(name, "True or False") }
    return truth
  }

  func optionalString(_ name: String) throws(ModelError) -> String? {
    switch self[name] {
    case .none: return nil
    case .string(let text): return text
    case .name(let name): return name.split(separator: ".").last.map(String.init)
    default: throw unsupported(name, "a string")
    }
  }

  /// One number or a list of them.
  func optionalInts(_ name: String) throws(ModelError) -> [Int]? {
    switch self[name] {
    case .none: return nil
    case .sequence(let elements):
      let ints = elements.compactMap(\.int)
      guard ints.count == elements.count else { throw unsupported(name, "a list of whole numbers") }
      return ints
    case let value:
      guard let int = value.int else { throw unsupported(name, "whole numbers") }
      return [int]
    }
  }

  func ints(_ name: String) throws(ModelError) -> [Int] {
    guard let ints = try optionalInts(name) else { throw unsupported(name, "whole numbers") }
    return ints
  }

  func dtype(_ name: String) throws(ModelError) -> DType? {
    switch self[name] {
    case .none: return nil
    case .dtype(let dtype): return try Self.computed(dtype)
    case .string(let text), .name(let text):
      let plain = text.split(separator: ".").last.map(String.init) ?? text
      guard let dtype = DType(rawValue: plain == "float" ? "float32" : plain == "int" ? "int32" : plain) else {
        throw ModelError(.unsupported("\(function): the type '\(text)'"))
      }
      return try Self.computed(dtype)
    default: throw unsupported(name, "a type")
    }
  }

  /// The type in which the graph holds values of a type.
  private static func computed(_ dtype: DType) throws(ModelError) -> DType {
    switch dtype {
    case .float16, .bfloat16, .float32, .float64: .float32
    case .bool: .bool
    case .string: throw ModelError(.unsupported("tensors of strings in functions"))
    default: .int32
    }
  }

  // MARK: Tensors

  /// Any type.
  func value(_ name: String, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.value(required(name), for: function)
  }

  /// In float32.
  func float(_ name: String, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.float(required(name), for: function)
  }

  /// A list of tensors, or the slices of one along its first axis.
  func values(_ name: String, _ context: inout LoweringContext) throws(ModelError) -> [Value] {
    guard case .sequence(let elements) = try required(name) else { return [try value(name, &context)] }
    var values: [Value] = []
    for element in elements { values.append(try context.value(element, for: function)) }
    return values
  }

  /// Tensors of one type: floats if one of them is.
  func promoted(_ names: [String], _ context: inout LoweringContext) throws(ModelError) -> [Value] {
    var values: [CallValue] = []
    for name in names { values.append(try required(name)) }
    return try context.promoted(values, for: function)
  }

  /// An axis of a tensor, counted from the front.
  func axis(_ name: String, of value: Value, default standard: Int, _ context: LoweringContext) throws(ModelError)
    -> Int
  {
    let axis = try int(name, default: standard)
    guard let resolved = context.shape(value).resolvedAxis(axis) else {
      throw ModelError(.inputShape(expected: "an axis \(axis) for \(function)", found: context.shape(value)))
    }
    return resolved
  }

  /// Axes of a tensor in ascending order; all of them if none is given.
  func axes(_ name: String, of value: Value, _ context: LoweringContext) throws(ModelError) -> [Int] {
    let shape = context.shape(value)
    guard let given = try optionalInts(name) else { return Array(0..<shape.rank) }
    var axes: Set<Int> = []
    for axis in given { axes.insert(try shape.axis(axis)) }
    return axes.sorted()
  }
}

extension LoweringContext {
  /// Values of one type, as Python's and Keras' arithmetic makes them: float32 if one is a float, else int32.
  ///
  /// Values that are all bool stay so.
  mutating func promoted(_ values: [CallValue], for user: String) throws(ModelError) -> [Value] {
    var results: [Value] = []
    var isFloat = false
    var isBool = true
    for value in values {
      switch value {
      case .float: (isFloat, isBool) = (true, false)
      case .tensor(let tensor):
        isFloat = isFloat || graph.type(tensor).dtype == .float32
        isBool = isBool && graph.type(tensor).dtype == .bool
      case .bool: break
      case .sequence: break
      default: isBool = false
      }
    }
    for value in values {
      let result = try isFloat ? float(value, for: user) : self.value(value, for: user)
      results.append(result)
    }
    if !isFloat, results.contains(where: { graph.type($0).dtype == .float32 }) {
      for index in results.indices { results[index] = try cast(results[index], to: .float32) }
    } else if !isFloat, !isBool {
      for index in results.indices { results[index] = try cast(results[index], to: .int32) }
    }
    return results
  }
}
