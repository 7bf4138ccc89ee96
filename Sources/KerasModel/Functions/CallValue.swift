import KerasCore
import KerasGraph

/// A Python value as it stands between the functions of a model: a constant, a tensor of the graph, or a shape.
///
/// Functions saved as graph nodes, expressions and translated byte code all compute with these.
public indirect enum CallValue: Sendable, Hashable {
  case none
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  /// A list or a tuple, which no function here tells apart.
  case sequence([CallValue])
  /// An array of numpy's or a vector of TensorFlow's whose elements are known, such as the sizes of `tf.shape(x)`: what
  /// is computed with it is computed with each element, where a list would be repeated or joined.
  case array([CallValue])
  /// `start:stop:step`.
  case slice(CallValue, CallValue, CallValue)
  case ellipsis
  case dtype(DType)
  case tensor(Value)
  /// A tensor of TensorFlow's complex numbers, by its parts.
  case complex(real: Value, imaginary: Value)
  /// A size known only when the graph runs: `factor` times the sizes of axes of tensors, as `tf.shape(x)[0]` gives it.
  case size(factor: Int, [AxisSize])
  /// A function or module by its dotted name, which only a call or a known constant gives a meaning.
  case name(String)

  /// The size of an axis of a tensor.
  public struct AxisSize: Sendable, Hashable {
    public var value: Value
    public var axis: Int

    public init(value: Value, axis: Int) {
      self.value = value
      self.axis = axis
    }
  }

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a truth value"
    case .int, .float: "a number"
    case .string(let text): "the string '\(text)'"
    case .sequence: "a list"
    case .array: "an array"
    case .slice: "a slice"
    case .ellipsis: "..."
    case .dtype(let dtype): "the type \(dtype.rawValue)"
    case .tensor: "a tensor"
    case .complex: "a tensor of complex numbers"
    case .size: "a size known only when the model runs"
    case .name(let name): "the name '\(name)'"
    }
  }

  var isNone: Bool { self == .none }

  /// A slice of known bounds.
  var isPlainSlice: Bool {
    guard case .slice(let start, let stop, let step) = self else { return false }
    return [start, stop, step].allSatisfy { $0.isNone || $0.int != nil }
  }

  /// The elements of a list or an array.
  var elements: [CallValue]? {
    switch self {
    case .sequence(let elements), .array(let elements): elements
    default: nil
    }
  }

  /// The value with lists in the place of arrays.
  var listed: CallValue {
    switch self {
    case .sequence(let elements), .array(let elements): .sequence(elements.map(\.listed))
    default: self
    }
  }

  /// A whole number, a float without fraction among them.
  var int: Int? {
    switch self {
    case .int(let value): value
    case .bool(let flag): flag ? 1 : 0
    case .float(let value): value == value.rounded() && abs(value) < 1e15 ? Int(value) : nil
    default: nil
    }
  }

  var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .float(let value): value
    case .bool(let flag): flag ? 1 : 0
    default: nil
    }
  }

  /// Python's truth of a constant; `nil` for what is known only when the graph runs.
  var truth: Bool? {
    switch self {
    case .none: false
    case .bool(let flag): flag
    case .int(let value): value != 0
    case .float(let value): value != 0
    case .string(let text): !text.isEmpty
    case .sequence(let elements): !elements.isEmpty
    case .array(let elements): elements.count == 1 ? elements[0].truth : nil
    case .slice, .ellipsis, .dtype, .name: true
    case .tensor, .complex, .size: nil
    }
  }

  /// A constant as Keras 3 serializes it; `nil` if a tensor is part of it, and for objects.
  init?(constant json: JSON) {
    if json.isNull {
      self = .none
    } else if let flag = json.boolValue {
      self = .bool(flag)
    } else if let int = json.intValue {
      self = .int(int)
    } else if let double = json.doubleValue {
      self = .float(double)
    } else if let text = json.stringValue {
      self = .string(text)
    } else if let list = json.arrayValue {
      let elements = list.compactMap { CallValue(constant: $0) }
      guard elements.count == list.count else { return nil }
      self = .sequence(elements)
    } else if let className = json["class_name"]?.stringValue {
      self.init(object: json, className: className)
    } else if json["start"] != nil || json["stop"] != nil || json["step"] != nil {
      // tf.keras writes the slices of `x[…]` as plain dictionaries.
      self.init(slice: json)
    } else if let element = json["value"], let dtype = json["dtype"]?.stringValue {
      // Keras 3's constants of a type.
      _ = dtype
      self.init(constant: element)
    } else {
      return nil
    }
  }

  private init?(slice json: JSON) {
    guard let start = CallValue(constant: json["start"] ?? .null),
      let stop = CallValue(constant: json["stop"] ?? .null),
      let step = CallValue(constant: json["step"] ?? .null)
    else { return nil }
    self = .slice(start, stop, step)
  }

  private init?(object json: JSON, className: String) {
    let config = json["config"] ?? .null
    switch className {
    case "__slice__": self.init(slice: config)
    case "__ellipsis__", "Ellipsis": self = .ellipsis
    case "__tuple__", "TensorShape", "Dimension":
      self.init(constant: json["items"] ?? config)
    case "__numpy__", "__tensor__": self.init(constant: config["value"] ?? .null)
    case "__none__": self = .none
    case "DTypePolicy", "Policy": self.init(constant: config["name"] ?? .null)
    case "function": self.init(constant: config)
    default: return nil
    }
  }
}

extension LoweringContext {
  /// A number, a list of numbers or a tensor as a value of the graph; integers stay integers.
  mutating func value(_ value: CallValue, for user: String) throws(ModelError) -> Value {
    switch value {
    case .tensor(let tensor): return tensor
    case .float(let number): return constant(Float(number))
    case .int(let number): return try integer(number, user)
    case .bool(let flag): return try cast(integer(flag ? 1 : 0, user), to: .bool)
    case .size(let factor, let sizes):
      var product = try integer(factor, user)
      for size in sizes {
        product = try op(.binary(.multiply), product, op(.dimension(axis: size.axis, .int32), size.value))
      }
      return product
    case .sequence, .array: return try stacked(value.listed.elements ?? [], for: user)
    default: throw ModelError(.unsupported("\(user) takes tensors and numbers, not \(value.kind)"))
    }
  }

  /// As `value`, in float32.
  mutating func float(_ value: CallValue, for user: String) throws(ModelError) -> Value {
    if let number = value.double { return constant(Float(number)) }
    return try cast(self.value(value, for: user), to: .float32)
  }

  private mutating func integer(_ number: Int, _ user: String) throws(ModelError) -> Value {
    guard let small = Int32(exactly: number) else {
      throw ModelError(.unsupported("\(user): the number \(number) is beyond 32 bits"))
    }
    return constant(try Self.data { () throws(TensorDataError) in try TensorData(shape: [], int32s: [small]) })
  }

  /// A list as a tensor with a new first axis.
  private mutating func stacked(_ elements: [CallValue], for user: String) throws(ModelError) -> Value {
    if let constant = try Self.constant(elements, user) { return self.constant(constant) }
    var parts: [Value] = []
    for element in elements { parts.append(try expanded(value(element, for: user), axis: 0)) }
    guard let first = parts.first else { throw ModelError(.unsupported("\(user): an empty list")) }
    let isFloat = parts.contains { graph.type($0).dtype == .float32 }
    if isFloat { for index in parts.indices { parts[index] = try cast(parts[index], to: .float32) } }
    return parts.count == 1 ? first : try ops(.concatenate(axis: 0), parts)[0]
  }

  /// Nested lists of numbers as one array, of integers if all are; `nil` if something else is among them.
  private static func constant(_ elements: [CallValue], _ user: String) throws(ModelError) -> TensorData? {
    var numbers: [Double] = []
    var isFloat = false
    func shape(_ elements: [CallValue], depth: Int) -> [Int]? {
      guard depth < 16, !elements.isEmpty else { return elements.isEmpty ? [0] : nil }
      var inner: [Int]?
      for element in elements {
        let own: [Int]
        if case .sequence(let list) = element {
          guard let size = shape(list, depth: depth + 1) else { return nil }
          own = size
        } else {
          guard let number = element.double else { return nil }
          if case .float = element { isFloat = true }
          numbers.append(number)
          own = []
        }
        if let inner, inner != own { return nil }
        inner = own
      }
      return [elements.count] + (inner ?? [])
    }
    guard let sizes = shape(elements, depth: 0) else { return nil }
    return try data { () throws(TensorDataError) in
      if isFloat || numbers.contains(where: { Int32(exactly: $0) == nil }) {
        return try TensorData(shape: sizes, floats: numbers.map { Float($0) })
      }
      return try TensorData(shape: sizes, int32s: numbers.map { Int32($0) })
    }
  }

  static func data(_ body: () throws(TensorDataError) -> TensorData) throws(ModelError) -> TensorData {
    do { return try body() } catch { throw ModelError(.unsupported(error.description)) }
  }

  /// A tensor's shape as Python sees it: numbers, and sizes that are known when the graph runs.
  func shapeValue(of value: Value) -> CallValue {
    .sequence(
      shape(value).dimensions.enumerated().map { axis, size in
        size.map { .int($0) } ?? .size(factor: 1, [CallValue.AxisSize(value: value, axis: axis)])
      })
  }
}
