import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitReshape(_ target: [TargetDimension], _ operands: [Value], _ result: Value) throws {
    if wide.contains(operands[0]) { wide.insert(result) }
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
    // 0 names the same axis of the tensor in either order for the batch only.
    let isFree = !sizes.dropFirst().contains(0)
    let own = layouts(operands[0]).first
    let x =
      isFree && own == .channelsFirst(rank(operands[0])) && hasOnePixel(operands[0])
      ? try anyTensor(operands[0]).name : try tensor(operands[0])
    if open.count <= 1 {
      let layout = isFree && hasOnePixel(result) && meetsImages(result) ? Layout.channelsFirst(known.rank) : nil
      let target = sizes.map { $0 ?? -1 }
      define(result, node("Reshape", [x, ints(layout?.applied(to: target) ?? target)]), layout)
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

  /// Whether all axes between the first and the last have size 1, so that either order has the same numbers in a row.
  private func hasOnePixel(_ value: Value) -> Bool {
    let shape = graph.shape(value)
    return shape.rank >= 3 && shape.dimensions.dropFirst().dropLast().allSatisfy { $0 == 1 }
  }

  /// Whether something reads the value that has its channels first: a window, or a value made by one.
  private func meetsImages(_ value: Value) -> Bool {
    let images = Layout.channelsFirst(rank(value))
    return (users[value] ?? []).contains { reader in
      guard reader >= 0 else { return false }
      switch graph.nodes[reader].op {
      case .convolution: return true
      case .binary: return graph.nodes[reader].operands.contains { layouts($0).first == images }
      default: return false
      }
    }
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
}
