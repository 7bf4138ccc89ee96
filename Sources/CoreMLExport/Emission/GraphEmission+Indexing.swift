import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitGather(_ operands: [Value], _ result: Value) throws {
    let (table, indices) = (try tensor(operands[0]), try tensor(operands[1]))
    // MIL gathers numbers, which a bool is 0 or 1 of.
    let numbers = block.cast(table, to: table.dtype == .bool ? .int32 : table.dtype)
    let gathered = block.add(
      "gather", ["x": .tensor(numbers), "indices": .tensor(block.cast(indices, to: .int32)), "axis": .int(0)],
      TensorType(numbers.dtype, shape(result)))
    define(result, block.cast(gathered, to: table.dtype))
  }

  func emitScatter(_ operands: [Value], _ result: Value) throws {
    let dtype = type(result).dtype
    let zeros = block.filled(block.number(0, dtype), shape(result), try sizes(operands[2]))
    let places = block.expand(block.cast(try tensor(operands[1]), to: .int32), axes: [rank(operands[1])])
    let sum = block.add(
      "scatter_nd",
      [
        "data": .tensor(zeros), "indices": .tensor(places), "updates": .tensor(try tensor(operands[0])),
        "mode": .text("add"),
      ], type(result))
    define(result, sum)
  }

  func emitIota(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let shape = self.shape(operand)
    var place = [Int?](repeating: 1, count: shape.rank)
    place[axis] = shape[axis]
    // The numbers along the axis, with size 1 along the others.
    let line: Tensor
    if let size = shape[axis] {
      line = try parts.constant(
        try TensorData(shape: place.map { $0 ?? 1 }, int32s: (0..<size).map { Int32($0) }), "numbers")
    } else {
      let (x, layout) = try anyTensor(operand)
      let limit = block.scalarSize(x, axis: layout.position(of: axis))
      let range = block.add(
        "range_1d", ["start": .int(0), "end": .tensor(limit), "step": .int(1)], TensorType(.int32, [nil]))
      line = shape.rank == 1 ? range : block.reshape(range, to: Shape(place))
    }
    if shape.rank == 1 { return define(result, line) }
    // The one unknown axis has the size it is to have.
    var sizes = try self.sizes(operand)
    sizes[axis] = block.size(line, axis: axis)
    define(result, block.broadcast(line, to: shape, sizes))
  }

  func emitDimension(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    define(result, block.cast(block.scalarSize(x, axis: layout.position(of: axis)), to: type(result).dtype))
  }

  func emitRandom(_ distribution: RandomDistribution, _ operand: Value, _ result: Value) throws {
    let shape = block.vector(try sizes(operand))
    let drawn =
      switch distribution {
      case .uniform:
        block.add(
          "random_uniform", ["shape": .tensor(shape), "low": .float(0), "high": .float(1), "seed": .int(-1)],
          type(result))
      case .normal:
        block.add(
          "random_normal", ["shape": .tensor(shape), "mean": .float(0), "stddev": .float(1), "seed": .int(-1)],
          type(result))
      }
    define(result, drawn)
    parts.notes.append(
      ExportNote(
        .warning, layer: scope, "draws random numbers in predictions, as in Keras; Core ML draws others"))
  }

  /// Categories that are whole numbers, compared with each of the vocabulary.
  func emitLookup(_ lookup: CategoryLookup, _ operand: Value, _ result: Value) throws {
    guard type(operand).dtype != .string else {
      throw refused("a table of texts", "Core ML's tensors hold no texts; look them up before the model")
    }
    var numbers: [Int32: Int32] = [:]
    var keys: [Int32] = []
    func add(_ key: CategoryKey, _ number: Int, replaces: Bool = false) {
      guard case .integer(let whole) = key, let small = Int32(exactly: whole) else { return }
      if numbers[small] == nil { keys.append(small) }
      if replaces || numbers[small] == nil { numbers[small] = Int32(clamping: number) }
    }
    for (index, key) in lookup.vocabulary.enumerated() { add(key, lookup.firstIndex + index) }
    if let mask = lookup.mask { add(mask, Int(lookup.maskIndex), replaces: true) }
    if lookup.outsideCount == 0 {
      throw refused(
        "a lookup without a number for categories outside the vocabulary", "Core ML has no errors that tell of them")
    }
    if case .hash = lookup.outsiders, lookup.outsideCount > 1 {
      throw refused(
        "a lookup with \(lookup.outsideCount) numbers for categories outside the vocabulary",
        "Core ML has no hash that tells which")
    }
    for case .integer(let key) in lookup.vocabulary + (lookup.mask.map { [$0] } ?? []) where Int32(exactly: key) == nil
    {
      throw refused("the category \(key)", "Core ML's whole numbers have 32 bits")
    }
    let own = rank(operand)
    guard own < ProgramParts.rankLimit, !keys.isEmpty else {
      throw refused("a lookup over \(own) axes in \(keys.count) categories", "Core ML has no operation for it")
    }
    let x = block.cast(try tensor(operand), to: .int32)
    let table = try parts.constant(try TensorData(shape: [keys.count], int32s: keys), "categories")
    let values = try parts.constant(
      try TensorData(shape: [keys.count], int32s: keys.map { numbers[$0] ?? 0 }), "numbers")
    // Every category is in one place of the table at most: sums over it are what is there.
    let matches = block.cast(block.binary("equal", block.expand(x, axes: [own]), table), to: .int32)
    func sum(_ terms: Tensor) -> Tensor { reduce("reduce_sum", terms, [own], false) }
    let isKnown = block.cast(sum(matches), to: .bool)
    var outside = block.int(lookup.outsideIndex)
    if lookup.outsideCount > 1 {
      outside = block.binary("add", block.binary("mod", x, Double(lookup.outsideCount)), outside)
    }
    define(result, block.select(isKnown, sum(block.binary("mul", matches, values)), outside))
  }
}
