import KerasCore
import OrderedCollections

/// Reads a layer's canonical config field by field and keeps count of the fields nobody asked for.
public struct ConfigReader: Sendable {
  public let className: String
  public let name: String
  private let fields: OrderedDictionary<String, JSON>
  private var consumed: Set<String> = [
    "name", "trainable", "dtype", "batch_input_shape", "build_config", "quantization_config",
  ]

  public init(className: String, name: String, fields: OrderedDictionary<String, JSON>) {
    self.className = className
    self.name = name
    self.fields = fields
  }

  /// Keys of the config that no `read` asked for.
  public var unread: [String] { fields.keys.filter { !consumed.contains($0) } }

  public func has(_ key: String) -> Bool { fields[key] != nil }

  /// The raw value; `null` if the field is absent.
  public mutating func json(_ key: String) -> JSON {
    consumed.insert(key)
    return fields[key] ?? .null
  }

  /// Marks a field as known and without meaning here.
  public mutating func ignore(_ keys: String...) { consumed.formUnion(keys) }

  /// The largest size any field may state: products of two sizes then cannot overflow.
  public static let largestSize = Int(Int32.max)

  private static func isSize(_ number: Int) -> Bool { number >= -largestSize && number <= largestSize }

  public mutating func int(_ key: String, default standard: Int? = nil) throws(ModelError) -> Int {
    let value = json(key)
    if let number = value.intValue, Self.isSize(number) { return number }
    if value.isNull, let standard { return standard }
    throw wrong(key, "an integer", value)
  }

  /// An integer above zero.
  public mutating func positiveInt(_ key: String, default standard: Int? = nil) throws(ModelError) -> Int {
    let value = try int(key, default: standard)
    guard value > 0 else { throw wrong(key, "a positive integer", JSON(value)) }
    return value
  }

  public mutating func double(_ key: String, default standard: Double? = nil) throws(ModelError) -> Double {
    let value = json(key)
    if let number = value.doubleValue { return number }
    if value.isNull, let standard { return standard }
    throw wrong(key, "a number", value)
  }

  public mutating func bool(_ key: String, default standard: Bool? = nil) throws(ModelError) -> Bool {
    let value = json(key)
    if let flag = value.boolValue { return flag }
    if value.isNull, let standard { return standard }
    throw wrong(key, "true or false", value)
  }

  public mutating func string(_ key: String, default standard: String? = nil) throws(ModelError) -> String {
    let value = json(key)
    if let text = value.stringValue { return text }
    if value.isNull, let standard { return standard }
    throw wrong(key, "a string", value)
  }

  /// One of a few strings.
  public mutating func choice(_ key: String, _ known: [String], default standard: String? = nil) throws(ModelError)
    -> String
  {
    let text = try string(key, default: standard)
    guard known.contains(text) else {
      throw ModelError(.unknownValue(field: key, value: text, known: known.joined(separator: ", ")))
    }
    return text
  }

  /// A list of integers, or one integer repeated `count` times.
  public mutating func ints(_ key: String, count: Int, default standard: Int? = nil) throws(ModelError) -> [Int] {
    let value = json(key)
    if let number = value.intValue, Self.isSize(number) { return Array(repeating: number, count: count) }
    if value.isNull, let standard { return Array(repeating: standard, count: count) }
    if let list = value.arrayValue {
      let numbers = list.compactMap(\.intValue).filter(Self.isSize)
      if numbers.count == list.count {
        if numbers.count == count { return numbers }
        if numbers.count == 1 { return Array(repeating: numbers[0], count: count) }
      }
    }
    throw wrong(key, "an integer or a list of \(count)", value)
  }

  /// As `ints`, every one above zero.
  public mutating func positiveInts(_ key: String, count: Int, default standard: Int? = nil) throws(ModelError) -> [Int]
  {
    let values = try ints(key, count: count, default: standard)
    guard values.allSatisfy({ $0 > 0 }) else { throw wrong(key, "positive integers", JSON(values)) }
    return values
  }

  public func wrong(_ key: String, _ expected: String, _ found: JSON) -> ModelError {
    fields[key] == nil || found.isNull
      ? ModelError(.missingField(key)) : ModelError(.invalidField(key, expected: expected, found: found))
  }
}
