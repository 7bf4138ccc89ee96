import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitLookup(_ lookup: CategoryLookup, _ operand: Value, _ result: Value) throws {
    define(result, try numbers(of: try tensor(operand), lookup))
  }

  /// The numbers of categories, int32.
  func numbers(of categories: Tensor, _ lookup: CategoryLookup) throws -> Tensor {
    let isText = categories.type == .string
    let keys = isText ? categories : cast(categories, to: .int64)
    var numbers: [CategoryKey: Int] = [:]
    var order: [CategoryKey] = []
    for (index, key) in lookup.vocabulary.enumerated() where numbers[key] == nil {
      numbers[key] = lookup.firstIndex + index
      order.append(key)
    }
    if let mask = lookup.mask {
      if numbers[mask] == nil { order.append(mask) }
      numbers[mask] = Int(lookup.maskIndex)
    }
    // Numbers are not looked up among texts, nor texts among numbers.
    let known = order.filter { key in
      if case .text = key { isText } else { !isText }
    }
    let values = known.map { Int64(numbers[$0] ?? 0) }
    switch lookup.outsideCount {
    case 0:
      // The place of the category, and one that the table of numbers does not have where it is outside: an error then,
      // as in Keras.
      let place = found(keys, known, known.indices.map { Int64($0) }, outside: Int64(known.count))
      let table = SMTensor(int32s: values.map { Int32(clamping: $0) }, shape: [values.count])
      return gathered(function.constant(table), place, axis: 0)
    case 1: return cast(found(keys, known, values, outside: Int64(lookup.outsideIndex)), to: .int32)
    default:
      let none = Int64(Int32.min)
      let place = found(keys, known, values, outside: none)
      let isOutside = node("Equal", [place, number(Double(none), .int64)])
      let bin: Tensor
      switch lookup.outsiders {
      case .remainder where !isText:
        bin = cast(node("FloorMod", [keys, number(Double(lookup.outsideCount), .int64)]), to: .int32)
      case .remainder: throw refused("the remainder of a text", "texts have none")
      case .hash(let hash): bin = self.bin(of: keys, hash)
      }
      let outside = node("AddV2", [bin, int(lookup.outsideIndex)])
      return selected(isOutside, outside, cast(place, to: .int32))
    }
  }

  /// What a table has for categories, int64.
  ///
  /// The table lives beside the function under a name made of its content, and is filled when it is first asked: so the
  /// file reads the same in sessions, functions and layers.
  private func found(_ keys: Tensor, _ known: [CategoryKey], _ values: [Int64], outside: Int64) -> Tensor {
    function.isStateful = true
    let isText = keys.type == .string
    let keyTensor: SMTensor
    if isText {
      keyTensor = SMTensor(texts: known.map(\.text), shape: [known.count])
    } else {
      keyTensor = SMTensor(
        int64s: known.map { if case .integer(let number) = $0 { number } else { 0 } }, shape: [known.count])
    }
    let content = zip(known, values).map { "\($0.text)\u{0}\($1)" }.joined(separator: "\u{0}")
    let bytes = Array(content.utf8)
    let name = "keraskit_\(isText ? "texts" : "integers")_\(FarmHash.fingerprint64(bytes))_\(bytes.count)"
    let table = node(
      "HashTableV2", [],
      ["key_dtype": .type(keys.type), "value_dtype": .type(.int64), "shared_name": .string(name)], as: .resource)
    let types: [String: SMAttribute] = ["Tin": .type(keys.type), "Tout": .type(.int64)]
    let filled = function.add(
      "LookupTableImportV2",
      [
        table.name, function.constant(keyTensor).name,
        function.constant(SMTensor(int64s: values, shape: [values.count])).name,
      ], types)
    return function.node(
      "LookupTableFindV2", [table, keys, number(Double(outside), .int64)], types, as: .int64, after: [filled])
  }

  /// The bin each category falls into, int32.
  func bin(of categories: Tensor, _ hash: CategoryHash) -> Tensor {
    var integers = categories
    if categories.type != .string { integers = cast(categories, to: .int64) }
    let texts = categories.type == .string ? categories : node("AsString", [integers], as: .string)
    var count = max(hash.binCount, 1)
    let mask = count > 1 ? hash.mask : nil
    if mask != nil { count -= 1 }
    let bins: Tensor
    if let key = hash.key, key.count == 2 {
      bins = node(
        "StringToHashBucketStrong", [texts],
        ["num_buckets": .int(count), "key": .ints(key.map { Int(Int64(bitPattern: $0)) })], as: .int64)
    } else {
      bins = node("StringToHashBucketFast", [texts], ["num_buckets": .int(count)], as: .int64)
    }
    let result = cast(bins, to: .int32)
    guard let mask else { return result }
    let isMask = node("Equal", [texts, text(mask.text)])
    return selected(isMask, int(0), node("AddV2", [result, int(1)]))
  }

  func emitCross(_ cross: CategoryCross, _ operands: [Value], _ result: Value) throws {
    let categories = try operands.map { try tensor($0) }
    switch cross {
    case .joined(let separator):
      let texts = categories.map { $0.type == .string ? $0 : node("AsString", [$0], as: .string) }
      define(result, node("StringJoin", texts, ["N": .int(texts.count), "separator": .string(separator)], as: .string))
    case .hashed(let count):
      // Each sample of each operand as a row of one column.
      let rows = categories.map { reshaped($0.type == .string ? $0 : cast($0, to: .int64), [-1, 1]) }
      let crossed = node(
        "SparseCross", rows,
        [
          "N": .int(0), "hashed_output": .bool(true), "num_buckets": .int(count), "hash_key": .int(0xdeca_fcaf_fe),
          "sparse_types": .types([]), "dense_types": .types(rows.map(\.type)), "out_type": .type(.int64),
          "internal_type": .type(.int64),
        ], as: .int64)
      define(result, node("Reshape", [cast(crossed, to: .int32), try shape(of: operands[0])]))
    }
  }
}
