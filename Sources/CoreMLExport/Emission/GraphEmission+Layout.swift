import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitReshape(_ target: [TargetDimension], _ operands: [Value], _ result: Value) throws {
    let x = try folded[operands[0]] ?? tensor(operands[0])
    // What follows may have fewer axes again.
    if rank(result) > ProgramParts.rankLimit {
      folded[result] = x
      return
    }
    guard !shape(result).dimensions.contains(0) else {
      throw refused("an array without elements", "Core ML does not reshape it")
    }
    // A single unknown size is what remains, whichever the target names.
    let sizes = shape(result).dimensions.count { $0 == nil } > 1 ? try sizes(of: result, target, operands) : nil
    define(result, block.reshape(x, to: shape(result), sizes))
  }

  func emitBroadcast(_ target: [TargetDimension], _ operands: [Value], _ result: Value) throws {
    let x = try tensor(operands[0])
    let numbers = x.rank == 0 && x.dtype == .bool ? block.cast(x, to: .int32) : x
    guard let sizes = try sizes(of: result, target, operands) else { return }
    define(result, block.cast(block.broadcast(numbers, to: shape(result), sizes), to: x.dtype))
  }

  /// Adds nothing: the tensors there are hold the transposed value too, in other orders of its axes.
  func emitTranspose(_ permutation: [Int], _ operand: Value, _ result: Value) throws {
    if let x = folded[operand] {
      folded[result] = try transposedFolded(x, shape(operand), permutation)
      return
    }
    let (tensor, layout) = try anyTensor(operand)
    define(result, tensor, layout.transposed(by: permutation))
    for layout in tensors.layouts(operand).dropFirst() {
      define(result, try self.tensor(operand, layout), layout.transposed(by: permutation))
    }
  }

  /// A transposition of more axes than there are, in which neighbours that stay neighbours move as one.
  private func transposedFolded(_ x: Tensor, _ shape: Shape, _ permutation: [Int]) throws -> Tensor {
    var runs: [Range<Int>] = []
    for axis in permutation {
      if let last = runs.last, last.upperBound == axis {
        runs[runs.count - 1] = last.lowerBound..<axis + 1
      } else {
        runs.append(axis..<axis + 1)
      }
    }
    let sorted = runs.sorted { $0.lowerBound < $1.lowerBound }
    let merged = Shape(sorted.map { Shape(Array(shape.dimensions[$0])).elementCount })
    guard runs.count <= ProgramParts.rankLimit, merged.dimensions.count(where: { $0 == nil }) <= 1 else {
      throw refused(
        "a transposition of \(shape.rank) axes", "Core ML's tensors have at most \(ProgramParts.rankLimit)")
    }
    return block.transpose(
      block.reshape(x, to: merged), runs.map { run in sorted.firstIndex(of: run) ?? 0 })
  }

  func emitConcatenation(_ axis: Int, _ operands: [Value], _ result: Value) throws {
    let layout = tensors.commonLayout(operands.filter { constant($0) == nil }, rank: rank(result), in: graph)
    let inputs = try operands.map { try tensor($0, layout) }
    define(result, block.concat(inputs, axis: layout.position(of: axis), type(result, layout).shape), layout)
  }

  func emitSlice(_ starts: [Int], _ limits: [Int?], _ strides: [Int], _ operand: Value, _ result: Value) throws {
    let cut = starts.indices.contains { starts[$0] != 0 || limits[$0] != nil || strides[$0] != 1 }
    guard cut else { return try emitAlias(of: operand, result) }
    let (x, layout) = try anyTensor(operand)
    let sliced = block.add(
      "slice_by_index",
      [
        "x": .tensor(x), "begin": .ints(layout.applied(to: starts)),
        "end": .ints(layout.applied(to: limits.map { $0 ?? 0 })), "stride": .ints(layout.applied(to: strides)),
        "end_mask": .bools(layout.applied(to: limits.map { $0 == nil })),
      ], type(result, layout))
    define(result, sliced, layout)
  }

  func emitReverse(_ axes: [Int], _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let positions = axes.map { layout.position(of: $0) }
    define(result, block.add("reverse", ["x": .tensor(x), "axes": .ints(positions)], x.type), layout)
  }

  func emitPad(_ before: [Int], _ after: [Int], _ value: Float, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let (front, behind) = (layout.applied(to: before), layout.applied(to: after))
    if x.dtype == .float32 {
      define(result, pad(x, front, behind, value), layout)
      return
    }
    // MIL pads floats only.
    var padded = x
    for axis in front.indices {
      var pieces = [padded]
      for (amount, place) in [(front[axis], 0), (behind[axis], 1)] where amount > 0 {
        var shape = padded.shape
        shape[axis] = amount
        let sizes = (0..<shape.rank).map { $0 == axis ? .known(amount) : block.size(padded, axis: $0) }
        let fill = block.filled(block.number(Double(value), x.dtype), shape, sizes)
        pieces.insert(fill, at: place == 0 ? 0 : pieces.count)
      }
      var shape = padded.shape
      shape[axis] = shape[axis].map { $0 + front[axis] + behind[axis] }
      padded = block.concat(pieces, axis: axis, shape)
    }
    define(result, padded, layout)
  }

  /// Surrounds floats with a number; amounts are per axis of the tensor.
  func pad(_ x: Tensor, _ before: [Int], _ after: [Int], _ value: Float) -> Tensor {
    if (before + after).allSatisfy({ $0 == 0 }) { return x }
    let sizes = x.shape.dimensions.enumerated().map { axis, size in size.map { $0 + before[axis] + after[axis] } }
    return block.add(
      "pad",
      [
        "x": .tensor(x), "pad": .ints(zip(before, after).flatMap { [$0, $1] }), "mode": .text("constant"),
        "constant_val": .float(value),
      ], TensorType(x.dtype, Shape(sizes)))
  }

  /// Emits elements repeated along axes, which the graph says as reshape, broadcast, reshape, as an upsampling, which
  /// takes any order of axes and needs no more of them; `false` if the node does not begin that.
  func emitRepetition(_ index: Int) throws -> Bool {
    let source = graph.nodes[index].operands[0]
    guard type(source).dtype == .float32, let found = Repetition(from: index, in: graph, readers: readers) else {
      return false
    }
    let result = Value(node: found.result)
    let images = rank(source) >= 3 ? Layout.channelsFirst(rank(source)) : .asIs(rank(source))
    let layout = (3...4).contains(rank(source)) ? images : .asIs(rank(source))
    var x = try tensor(source, layout)
    let factors = layout.applied(to: found.factors)
    // All but the last two axes one by one: as the rows of an image whose columns are all that follows.
    for axis in factors.indices.dropLast(2) where factors[axis] > 1 {
      guard x.shape.dimensions.indices.allSatisfy({ $0 == 0 || x.shape[$0] != nil }), axis > 0,
        let rows = x.shape[axis]
      else { return false }
      let columns = x.shape.dimensions[(axis + 1)...].reduce(1) { $0 * ($1 ?? 1) }
      let planes = x.shape.dimensions[1..<axis].reduce(1) { $0 * ($1 ?? 1) }
      let image = block.reshape(x, to: Shape([x.shape[0], planes, rows, columns]))
      let repeated = upsample(image, rows: factors[axis], columns: 1)
      var shape = x.shape
      shape[axis] = rows * factors[axis]
      x = block.reshape(repeated, to: shape)
    }
    let last = Array(factors.suffix(2))
    if last.contains(where: { $0 > 1 }), last.count == 2 {
      guard x.rank >= 3 else { return false }
      x = upsample(x, rows: last[0], columns: last[1])
    } else if last.count < 2 {
      return false
    }
    define(result, x, layout)
    finished.formUnion(found.nodes)
    return true
  }

  private func upsample(_ x: Tensor, rows: Int, columns: Int) -> Tensor {
    var shape = x.shape
    shape[x.rank - 2] = shape[x.rank - 2].map { $0 * rows }
    shape[x.rank - 1] = shape[x.rank - 1].map { $0 * columns }
    return block.add(
      "upsample_nearest_neighbor",
      ["x": .tensor(x), "scale_factor_height": .int(rows), "scale_factor_width": .int(columns)],
      TensorType(x.dtype, shape))
  }
}
