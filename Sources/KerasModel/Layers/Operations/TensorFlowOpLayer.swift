import Foundation
import KerasCore
import OrderedCollections

/// One operation of TensorFlow's graph as a layer (tf.keras of TensorFlow 1.15 to 2.3).
///
/// `node_def` is TensorFlow's NodeDef in JSON, `constants` the operands that are no tensors, by their places.
struct TensorFlowOpLayer: FunctionNode {
  static let className = "TensorFlowOpLayer"

  private let operation: String
  private let attributes: OrderedDictionary<String, JSON>
  private let constants: [Int: CallValue]
  let config: OrderedDictionary<String, JSON>

  init(_ config: inout ConfigReader) throws(ModelError) {
    let node = config.json("node_def")
    guard let operation = node["op"]?.stringValue else {
      throw ModelError(.invalidField("node_def", expected: "an object that names its 'op'", found: node))
    }
    self.operation = operation
    attributes = node["attr"]?.objectValue ?? [:]
    let saved = config.json("constants")
    var constants: [Int: CallValue] = [:]
    for (place, json) in saved.objectValue ?? [:] {
      guard let index = Int(place), (0..<64).contains(index), let value = CallValue(constant: json) else {
        throw ModelError(.invalidField("constants", expected: "numbers by their place", found: saved))
      }
      constants[index] = value
    }
    self.constants = constants
    self.config = ["node_def": node, "constants": saved]
    guard operation == "StridedSlice" || TensorFlowOperation.all[operation] != nil else {
      throw ModelError(.unsupported("TensorFlow's operation \(operation) is not known to this program"))
    }
  }

  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    // Several inputs are saved as one list.
    var tensors = positional[...]
    if positional.count == 1, case .sequence(let list) = positional[0], list.contains(where: \.containsTensor),
      !isShape(list, context)
    {
      tensors = list[...]
    }
    var operands: [CallValue] = []
    let count = constants.count + tensors.count
    while operands.count < count {
      if let constant = constants[operands.count] {
        operands.append(constant)
      } else if let tensor = tensors.popFirst() {
        operands.append(tensor)
      } else {
        break
      }
    }
    if operation == "StridedSlice" { return try stridedSlice(operands, &context) }
    guard let row = TensorFlowOperation.all[operation] else {
      throw ModelError(.unsupported("TensorFlow's operation \(operation) is not known to this program"))
    }
    var bound: OrderedDictionary<String, CallValue> = row.implied
    if let list = row.list {
      // All operands but the named ones are a list.
      let named = row.operands.count
      guard operands.count >= named else {
        throw ModelError(.inputCount(expected: "\(named) operands", found: operands.count))
      }
      let first = row.namedFirst ? named : 0
      let end = row.namedFirst ? operands.count : operands.count - named
      bound[list] = .sequence(Array(operands[first..<end]))
      for (name, value) in zip(row.operands, row.namedFirst ? operands[..<named] : operands[end...]) {
        bound[name] = value
      }
    } else {
      guard operands.count <= row.operands.count else {
        throw ModelError(.inputCount(expected: "\(row.operands.count) operands", found: operands.count))
      }
      for (name, value) in zip(row.operands, operands) { bound[name] = value }
    }
    for (attribute, parameter) in row.attributes {
      if let value = attributeValue(attribute) { bound[parameter] = value }
    }
    return try BackendFunction.call(row.function, [], bound, writtenAs: operation, &context)
  }

  /// Whether a list is one operand that is a shape, known from the node before, and not a list of operands.
  private func isShape(_ list: [CallValue], _ context: LoweringContext) -> Bool {
    list.allSatisfy {
      if case .tensor = $0 { return false }
      return true
    }
  }

  private func attributeValue(_ name: String) -> CallValue? {
    guard let attribute = attributes[name] else { return nil }
    if let flag = attribute["b"]?.boolValue { return .bool(flag) }
    if let text = attribute["i"] {
      return text.intValue.map { .int($0) } ?? text.stringValue.flatMap { Int($0) }.map { .int($0) }
    }
    if let number = attribute["f"]?.doubleValue { return .float(number) }
    if let type = attribute["type"]?.stringValue {
      let plain = type.replacing("DT_", with: "").lowercased()
      return .string(["float": "float32", "double": "float64", "half": "float16"][plain] ?? plain)
    }
    if let text = attribute["s"]?.stringValue, let data = Data(base64Encoded: text) {
      return .string(String(decoding: data, as: UTF8.self))
    }
    if let list = attribute["list"]?["i"]?.arrayValue {
      return .sequence(list.compactMap { ($0.intValue ?? $0.stringValue.flatMap { Int($0) }).map { .int($0) } })
    }
    return nil
  }

  /// `x[…]`: begin, end and strides per item, and bits that say which of them are `:`, an index, a new axis, `...`.
  private func stridedSlice(_ operands: [CallValue], _ context: inout LoweringContext) throws(ModelError) -> CallValue {
    guard operands.count == 4, let begin = operands[1].elements, let end = operands[2].elements,
      let strides = operands[3].elements, begin.count == end.count, begin.count == strides.count
    else { throw ModelError(.unsupported("a StridedSlice whose bounds are computed by the model")) }
    func bit(_ name: String, _ index: Int) -> Bool { ((attributeValue(name)?.int ?? 0) >> index) & 1 == 1 }
    var key: [CallValue] = []
    for index in begin.indices.prefix(32) {
      if bit("ellipsis_mask", index) {
        key.append(.ellipsis)
      } else if bit("new_axis_mask", index) {
        key.append(.none)
      } else if bit("shrink_axis_mask", index) {
        key.append(begin[index])
      } else {
        key.append(
          .slice(
            bit("begin_mask", index) ? .none : begin[index], bit("end_mask", index) ? .none : end[index],
            strides[index]))
      }
    }
    return try PythonOperators.item(operands[0], .sequence(key), &context)
  }
}
