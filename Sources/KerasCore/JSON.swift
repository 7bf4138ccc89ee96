import OrderedCollections

/// A JSON value that keeps what Python's `json` distinguishes: key order, `1` from `1.0` from `true`, `NaN`, `Infinity`.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSON])
  case object(OrderedDictionary<String, JSON>)
}

extension JSON {
  public var isNull: Bool { self == .null }

  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// An integer, or a float with an integral value in range; never a bool.
  public var intValue: Int? {
    switch self {
    case .integer(let value): Int(value)
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// Any number as Double; never a bool.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public var arrayValue: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  public var objectValue: OrderedDictionary<String, JSON>? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member of an object; `nil` if this is no object or has no such key.
  public subscript(key: String) -> JSON? {
    get { if case .object(let value) = self { value[key] } else { nil } }
    set {
      guard case .object(var value) = self else { return }
      value[key] = newValue
      self = .object(value)
    }
  }

  /// The element of an array; `nil` if this is no array or the index is out of range.
  public subscript(index: Int) -> JSON? {
    if case .array(let value) = self, value.indices.contains(index) { value[index] } else { nil }
  }

  /// The value a pointer leads to.
  public subscript(pointer: JSONPointer) -> JSON? {
    var value: JSON = self
    for component in pointer.components {
      let next: JSON? =
        switch value {
        case .object(let members): members[component]
        // A bare `nil` would be taken for JSON's null here.
        case .array(let elements): Int(component).flatMap { elements.indices.contains($0) ? elements[$0] : JSON?.none }
        default: nil
        }
      guard let next else { return nil }
      value = next
    }
    return value
  }

  /// The kind of value in words, for messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(OrderedDictionary(elements, uniquingKeysWith: { _, last in last }))
  }
  public init(nilLiteral: ()) { self = .null }

  public init(_ value: Int) { self = .integer(Int64(value)) }
  public init(_ values: [Int]) { self = .array(values.map { .integer(Int64($0)) }) }
  public init(_ shape: Shape) { self = .array(shape.dimensions.map { $0.map { .integer(Int64($0)) } ?? .null }) }
}

/// A path inside a JSON document, written as RFC 6901 says: `/config/layers/3/config/W_regularizer`.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
  public var components: [String]

  public init(_ components: [String] = []) { self.components = components }

  public func appending(_ key: String) -> JSONPointer { JSONPointer(components + [key]) }
  public func appending(_ index: Int) -> JSONPointer { JSONPointer(components + [String(index)]) }

  public var description: String {
    components.map {
      "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1")
    }.joined()
  }
}
