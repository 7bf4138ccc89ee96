import KerasCore

extension ConfigReader {
  /// A constraint object of Keras 3, or `nil`.
  mutating func constraint(_ key: String) throws(ModelError) -> Constraint? {
    let value = json(key)
    if value.isNull { return nil }
    let fields = value["config"]
    func number(_ name: String, _ standard: Double) throws(ModelError) -> Double {
      guard let field = fields?[name], !field.isNull else { return standard }
      guard let number = field.doubleValue else {
        throw ModelError(.invalidField("\(key).\(name)", expected: "a number", found: field))
      }
      return number
    }
    var axes: [Int] {
      let axis = fields?["axis"] ?? .null
      if let one = axis.intValue { return [one] }
      return axis.arrayValue?.compactMap(\.intValue) ?? [0]
    }
    switch value["class_name"]?.stringValue {
    case "MaxNorm": return .maxNorm(maximum: try number("max_value", 2), axes: axes)
    case "NonNeg": return .nonNegative
    case "UnitNorm": return .unitNorm(axes: axes)
    case "MinMaxNorm":
      return .minMaxNorm(
        minimum: try number("min_value", 0), maximum: try number("max_value", 1), rate: try number("rate", 1),
        axes: axes)
    case "keraskit>RadialConstraint": return .radial
    case let name?:
      throw ModelError(
        .unknownValue(field: key, value: name, known: "MaxNorm, NonNeg, UnitNorm, MinMaxNorm, RadialConstraint"))
    case nil: throw ModelError(.invalidField(key, expected: "null or a constraint object", found: value))
    }
  }
}

extension Constraint? {
  /// Keras 3's serialization.
  public var json: JSON {
    func object(_ name: String, _ fields: JSON) -> JSON {
      ["module": "keras.constraints", "class_name": .string(name), "config": fields, "registered_name": nil]
    }
    func axis(_ axes: [Int]) -> JSON { axes.count == 1 ? JSON(axes[0]) : JSON(axes) }
    return switch self {
    case nil: .null
    case .maxNorm(let maximum, let axes): object("MaxNorm", ["max_value": .number(maximum), "axis": axis(axes)])
    case .nonNegative: object("NonNeg", [:])
    case .radial: object("keraskit>RadialConstraint", [:])
    case .unitNorm(let axes): object("UnitNorm", ["axis": axis(axes)])
    case .minMaxNorm(let minimum, let maximum, let rate, let axes):
      object(
        "MinMaxNorm",
        ["min_value": .number(minimum), "max_value": .number(maximum), "rate": .number(rate), "axis": axis(axes)])
    }
  }
}
