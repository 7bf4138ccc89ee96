import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitLookup(_ lookup: CategoryLookup, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let isText = type(operand).dtype == .string
    let keys = isText || wide.contains(operand) ? x : cast(x, to: .int64)
    var numbers: [CategoryKey: Int32] = [:]
    var order: [CategoryKey] = []
    for (index, key) in lookup.vocabulary.enumerated() where numbers[key] == nil {
      numbers[key] = Int32(clamping: lookup.firstIndex + index)
      order.append(key)
    }
    if let mask = lookup.mask {
      if numbers[mask] == nil { order.append(mask) }
      numbers[mask] = lookup.maskIndex
    }
    // Numbers are not looked up among texts, nor texts among numbers.
    let known = order.filter { key in
      if case .text = key { isText } else { !isText }
    }
    let values = known.map { Int(numbers[$0] ?? 0) }
    switch lookup.outsideCount {
    case 0:
      // The place of the category, and one that the table of numbers does not have where it is outside: an error then,
      // as in Keras.
      let table = try TensorData(shape: [values.count], int32s: values.map { Int32(clamping: $0) })
      let place = encoded(keys, known, isText, Array(known.indices), outside: known.count)
      define(result, node("Gather", [parts.shared(table, "numbers"), place], [.int("axis", 0)]), layout)
    case 1:
      define(result, cast(encoded(keys, known, isText, values, outside: lookup.outsideIndex), to: .int32), layout)
    default:
      guard case .remainder = lookup.outsiders, !isText else {
        throw refused(
          "a lookup with \(lookup.outsideCount) numbers for categories outside the vocabulary",
          "ONNX has no hash that tells which (TensorFlow's FarmHash or SipHash)")
      }
      let none = Int(Int32.min)
      let found = encoded(keys, known, isText, values, outside: none)
      let remainder = node("Mod", [keys, int(lookup.outsideCount)])
      let outside = node("Add", [remainder, int(lookup.outsideIndex)])
      let isOutside = node("Equal", [found, int(none)])
      define(result, cast(node("Where", [isOutside, outside, found]), to: .int32), layout)
    }
  }

  /// LabelEncoder from categories to int64.
  private func encoded(
    _ x: String, _ keys: [CategoryKey], _ isText: Bool, _ values: [Int], outside: Int
  ) -> String {
    parts.usesMachineLearning = true
    let known: Attribute
    if isText {
      known = .strings("keys_strings", keys.map(\.text))
    } else {
      known = .ints("keys_int64s", keys.map { if case .integer(let number) = $0 { Int(number) } else { 0 } })
    }
    return node(
      "LabelEncoder", [x], [known, .ints("values_int64s", values), .int("default_int64", outside)],
      domain: "ai.onnx.ml")
  }

  func emitCross(_ cross: CategoryCross, _ operands: [Value], _ result: Value) throws {
    guard case .joined(let separator) = cross else {
      throw refused("a hash of crossed categories", "ONNX has no such hash (TensorFlow's FarmHash)")
    }
    try require(.stringConcat, for: "joining texts")
    let between = parts.shared(try TensorData(shape: [], strings: [separator]), "texts")
    var joined: String?
    for operand in operands {
      let x = try tensor(operand)
      let text = type(operand).dtype == .string ? x : cast(x, to: .string)
      guard let before = joined else {
        joined = text
        continue
      }
      joined = node("StringConcat", [node("StringConcat", [before, between]), text])
    }
    guard let joined else { throw ExportError(.malformed("a cross of no categories")) }
    define(result, joined)
  }
}
