import KerasCore

extension ConfigReader {
  /// A regularizer object of Keras 3, or `nil`.
  mutating func regularizer(_ key: String) throws(ModelError) -> Regularizer? {
    let value = json(key)
    if value.isNull { return nil }
    let fields = value["config"]
    func factor(_ name: String) throws(ModelError) -> Double {
      guard let field = fields?[name], !field.isNull else { return 0 }
      guard let number = field.doubleValue else {
        throw ModelError(.invalidField("\(key).\(name)", expected: "a number", found: field))
      }
      return number
    }
    switch value["class_name"]?.stringValue {
    case "L1L2": return .l1l2(l1: try factor("l1"), l2: try factor("l2"))
    case "L1": return .l1l2(l1: try factor("l1"), l2: 0)
    case "L2": return .l1l2(l1: 0, l2: try factor("l2"))
    case "OrthogonalRegularizer":
      return .orthogonal(factor: try factor("factor"), mode: fields?["mode"]?.stringValue ?? "rows")
    case let name?:
      throw ModelError(.unknownValue(field: key, value: name, known: "L1L2, L1, L2, OrthogonalRegularizer"))
    case nil: throw ModelError(.invalidField(key, expected: "null or a regularizer object", found: value))
    }
  }
}

extension Regularizer? {
  /// Keras 3's serialization.
  public var json: JSON {
    switch self {
    case nil: .null
    case .l1l2(let l1, let l2):
      [
        "module": "keras.regularizers", "class_name": "L1L2", "config": ["l1": .number(l1), "l2": .number(l2)],
        "registered_name": nil,
      ]
    case .orthogonal(let factor, let mode):
      [
        "module": "keras.regularizers", "class_name": "OrthogonalRegularizer",
        "config": ["factor": .number(factor), "mode": .string(mode)], "registered_name": nil,
      ]
    }
  }
}
