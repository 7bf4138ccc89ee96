import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitReshape(_ target: [TargetDimension], _ operands: [Value], _ result: Value) throws {
    let x = try tensor(operands[0])
    let known = graph.shape(result)
    // 0 carries an axis over, -1 stands for what remains: at most one.
    var open: [Int] = []
    var sizes: [Int?] = []
    for (axis, entry) in target.enumerated() {
      if let size = known[axis] {
        sizes.append(size)
      } else if entry == .ofOperand(0, axis: axis), axis < rank(operands[0]) {
        sizes.append(0)
      } else {
        if entry == .inferred { open.insert(axis, at: 0) } else { open.append(axis) }
        sizes.append(nil)
      }
    }
    guard !known.dimensions.contains(0) else { throw refused("an array without elements", "ONNX does not reshape it") }
    if open.count <= 1 {
      define(result, node("Reshape", [x, ints(sizes.map { $0 ?? -1 })]))
      return
    }
    var dimensions: [Size] = []
    for (axis, entry) in target.enumerated() {
      if let size = sizes[axis] {
        dimensions.append(.known(size))
      } else if case .ofOperand(let operand, let from) = entry {
        dimensions.append(.axis(operands[operand], from))
      } else {
        dimensions.append(.known(-1))
      }
    }
    define(result, node("Reshape", [x, try joined(dimensions)]))
  }

  func emitBroadcast(_ target: [TargetDimension], _ operands: [Value], _ result: Value) throws {
    let known = graph.shape(result)
    let dimensions: [Size] = target.enumerated().map { axis, entry in
      if let size = known[axis] { return .known(size) }
      if case .ofOperand(let operand, let from) = entry { return .axis(operands[operand], from) }
      return .known(1)
    }
    define(result, node("Expand", [try tensor(operands[0]), try joined(dimensions)]))
  }

  /// Adds nothing: the tensors there are hold the transposed value too, in other orders of its axes.
  func emitTranspose(_ permutation: [Int], _ operand: Value, _ result: Value) throws {
    let (tensor, layout) = try anyTensor(operand)
    define(result, tensor, layout.transposed(by: permutation))
    for layout in layouts(operand).dropFirst() {
      define(result, try self.tensor(operand, layout), layout.transposed(by: permutation))
    }
  }

  func emitConcatenation(_ axis: Int, _ operands: [Value], _ result: Value) throws {
    let layout = commonLayout(operands, rank: rank(result))
    var inputs: [String] = []
    for operand in operands { inputs.append(try tensor(operand, layout)) }
    define(result, node("Concat", inputs, [.int("axis", layout.position(of: axis))]), layout)
  }

  func emitSlice(_ starts: [Int], _ limits: [Int?], _ strides: [Int], _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let cut = starts.indices.filter { starts[$0] != 0 || limits[$0] != nil || strides[$0] != 1 }
    guard !cut.isEmpty else { return try emitAlias(of: operand, result) }
    let inputs = [
      x, ints(cut.map { starts[$0] }), ints(cut.map { limits[$0] ?? Int.max }),
      ints(cut.map { layout.position(of: $0) }), ints(cut.map { strides[$0] }),
    ]
    define(result, node("Slice", inputs), layout)
  }

  func emitReverse(_ axes: [Int], _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let backwards = [Int](repeating: -1, count: axes.count)
    let inputs = [
      x, ints(backwards), ints(axes.map { _ in Int.min }), ints(axes.map { layout.position(of: $0) }), ints(backwards),
    ]
    define(result, node("Slice", inputs), layout)
  }

  func emitPad(_ before: [Int], _ after: [Int], _ value: Float, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let type = ElementType(value: type(operand).dtype)
    let pads = ints(layout.applied(to: before) + layout.applied(to: after))
    define(result, node("Pad", [x, pads, number(Double(value), type)]), layout)
  }

  func emitGather(_ operands: [Value], _ result: Value) throws {
    let (table, indices) = (try tensor(operands[0]), try tensor(operands[1]))
    define(result, node("Gather", [table, indices], [.int("axis", 0)]))
  }

  func emitIota(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let shape = graph.shape(operand)
    var place = [Int](repeating: 1, count: shape.rank)
    place[axis] = -1
    // The numbers along the axis, with size 1 along the others.
    let line: String
    if let size = shape[axis] {
      place[axis] = size
      line = parts.shared(try TensorData(shape: place, int32s: (0..<size).map { Int32($0) }), "numbers")
    } else {
      let limit = node("Squeeze", [try size(operand, axis: axis), ints([0])])
      let range = cast(node("Range", [int(0), limit, int(1)]), to: .int32)
      line = place.count == 1 ? range : node("Reshape", [range, ints(place)])
    }
    if place.count == 1 { return define(result, line) }
    define(result, node("Expand", [line, try self.shape(of: operand, .asIs(shape.rank))]))
  }

  func emitDimension(_ axis: Int, _ dtype: DType, _ operand: Value, _ result: Value) throws {
    let size = node("Squeeze", [try size(operand, axis: axis), ints([0])])
    define(result, cast(size, to: ElementType(value: dtype)))
  }

  func emitRandom(_ distribution: RandomDistribution, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let type =
      switch distribution {
      case .uniform: "RandomUniformLike"
      case .normal: "RandomNormalLike"
      }
    define(result, node(type, [x], [.int("dtype", ElementType.float.rawValue)]), layout)
    parts.notes.append(
      ExportNote(.warning, layer: scope, "draws random numbers in predictions, as in Keras; the runtime draws others"))
  }
}
