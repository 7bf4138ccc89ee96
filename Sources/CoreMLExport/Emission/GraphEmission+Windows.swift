import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitConvolution(_ convolution: Convolution, _ operands: [Value], _ result: Value) throws {
    let rank = convolution.spatialRank + 2
    let layout = Layout.channelsFirst(rank)
    let window = try kernelSpatial(operands[1], convolution.spatialRank)
    try requireWeights(operands[1], convolution)
    let padding = try WindowPadding(
      convolution.padding, input: spatial(operands[0]), kernel: window, strides: convolution.strides,
      dilations: convolution.dilations)
    let (kind, amounts) = Self.words(padding, axes: convolution.spatialRank)
    let x = try tensor(operands[0], layout)
    let weight = try tensor(operands[1], .kernel(rank))
    let bias = try followingBias(result)
    let sum = bias?.sum ?? result
    define(
      sum,
      block.add(
        "conv",
        [
          "x": .tensor(x), "weight": .tensor(weight), "bias": .tensor(bias?.vector ?? zeros(weight.shape[0])),
          "strides": .ints(convolution.strides), "pad_type": .text(kind), "pad": .ints(amounts),
          "dilations": .ints(convolution.dilations), "groups": .int(convolution.groups),
        ], type(sum, layout)), layout)
  }

  func emitTransposedConvolution(_ convolution: Convolution, _ operands: [Value], _ result: Value) throws {
    let rank = convolution.spatialRank + 2
    let layout = Layout.channelsFirst(rank)
    let window = try kernelSpatial(operands[1], convolution.spatialRank)
    guard constant(operands[1]) != nil else {
      throw refused("a transposed convolution with a computed kernel", "Core ML's kernels are constants")
    }
    let x = try tensor(operands[0], layout)
    let weight = try tensor(operands[1], .kernel(rank))
    guard let from = Shape(spatial(operands[0])).concrete, let to = Shape(spatial(result)).concrete else {
      guard operands.count == 3 else {
        throw refused(
          "a transposed convolution", "its result's size depends on the input's in a way Core ML has no word for")
      }
      let sizes = spatial(operands[0]).indices.map { axis in
        spatial(operands[0])[axis].map { ($0 - 1) * convolution.strides[axis] + reach(convolution, window, axis) }
      }
      let whole = transposed(convolution, x, weight, nil, pads: nil, sizes, channels: shape(result)[rank - 1])
      define(result, try cut(whole, convolution, window, operands, layout, result), layout)
      return
    }
    let (before, after, _) = try convolution.padding.resolved(
      inputSpatial: to, kernel: window, strides: convolution.strides, dilations: convolution.dilations)
    // Where the stride left elements over, no window read them: they are zero.
    let left = to.indices.map { axis in
      to[axis] + before[axis] + after[axis]
        - (convolution.strides[axis] * (from[axis] - 1) + reach(convolution, window, axis))
    }
    let cropped = zip(after, left).map { max($0 - $1, 0) }
    let added = zip(after, left).map { max($1 - $0, 0) }
    let sizes = zip(to, added).map { $0 - $1 }
    let isWhole = added.allSatisfy { $0 == 0 }
    let bias = isWhole ? try followingBias(result) : nil
    let pads = zip(before, cropped).flatMap { [$0, $1] }
    let found = transposed(
      convolution, x, weight, bias?.vector, pads: pads, sizes, channels: shape(result)[rank - 1])
    define(bias?.sum ?? result, pad(found, [Int](repeating: 0, count: rank), [0, 0] + added, 0), layout)
  }

  /// MIL's transposed convolution of images, with so many elements cut off on each side.
  private func transposed(
    _ convolution: Convolution, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, pads: [Int]?, _ sizes: [Int?],
    channels: Int?
  ) -> Tensor {
    let pads = pads ?? [Int](repeating: 0, count: 2 * convolution.spatialRank)
    return block.add(
      "conv_transpose",
      [
        "x": .tensor(x), "weight": .tensor(weight), "bias": .tensor(bias ?? zeros(channels)),
        "strides": .ints(convolution.strides), "pad_type": .text(pads.allSatisfy { $0 == 0 } ? "valid" : "custom"),
        "pad": .ints(pads), "dilations": .ints(convolution.dilations), "groups": .int(convolution.groups),
      ], TensorType(.float32, Shape([x.shape[0], channels] + sizes)))
  }

  /// Of an unpadded transposed convolution what the third operand's spatial shape leaves, behind the zeros that a
  /// convolution of that shape would have had before.
  private func cut(
    _ whole: Tensor, _ convolution: Convolution, _ window: [Int], _ operands: [Value], _ layout: Layout,
    _ result: Value
  ) throws -> Tensor {
    var starts: [BlockBuilder.Size] = [.known(0), .known(0)]
    var ends = starts
    for axis in 0..<convolution.spatialRank {
      let target = block.vector([try size(operands[2], axis: axis + 1)])
      let reach = reach(convolution, window, axis)
      let start: Tensor
      switch convolution.padding {
      case .explicit(let before, _): start = block.ints([before[axis]])
      case .sameTheano: start = block.ints([reach / 2])
      case .samePoolTheano: throw refused("a transposed convolution", "it is padded as Theano's pooling is")
      case .same:
        // max((positions − 1)·stride + reach − size, 0) / 2
        let positions = block.vector([try size(operands[0], axis: axis + 1)])
        let span = block.binary("mul", block.binary("sub", positions, 1), Double(convolution.strides[axis]))
        let missing = block.binary("sub", block.binary("add", span, Double(reach)), target)
        start = block.binary("floor_div", block.binary("maximum", missing, 0), 2)
      }
      starts.append(.computed(start))
      ends.append(.computed(block.binary("add", start, target)))
    }
    // What the stride left over at the end is zero.
    let widened = pad(
      whole, [Int](repeating: 0, count: whole.rank), [0, 0] + convolution.strides.map { $0 - 1 }, 0)
    let mask = [true, true] + [Bool](repeating: false, count: convolution.spatialRank)
    return block.add(
      "slice_by_index",
      [
        "x": .tensor(widened), "begin": .tensor(block.vector(starts)), "end": .tensor(block.vector(ends)),
        "begin_mask": .bools(mask), "end_mask": .bools(mask),
      ], type(result, layout))
  }

  func emitPool(_ pooling: Pooling, _ operand: Value, _ result: Value) throws {
    let rank = pooling.window.count
    guard rank <= 3 else { throw refused("a pool over \(rank) axes", "Core ML has 1 to 3") }
    let layout = Layout.channelsFirst(rank + 2)
    let padding = try WindowPadding(
      pooling.padding, input: spatial(operand), kernel: pooling.window, strides: pooling.strides,
      dilations: [Int](repeating: 1, count: rank))
    let (kind, amounts) = Self.words(padding, axes: rank)
    let x = try tensor(operand, layout)
    let pooled: Tensor
    switch pooling.kind {
    case .maximum:
      pooled = block.add(
        "max_pool",
        [
          "x": .tensor(x), "kernel_sizes": .ints(pooling.window), "strides": .ints(pooling.strides),
          "pad_type": .text(kind), "pad": .ints(amounts), "ceil_mode": .bool(false),
        ], type(result, layout))
    case .average(let countsPadding):
      pooled = block.add(
        "avg_pool",
        [
          "x": .tensor(x), "kernel_sizes": .ints(pooling.window), "strides": .ints(pooling.strides),
          "pad_type": .text(kind), "pad": .ints(amounts), "exclude_padding_from_average": .bool(!countsPadding),
          "ceil_mode": .bool(false),
        ], type(result, layout))
    }
    define(result, pooled, layout)
  }

  // MARK: Arguments

  /// The kind of padding, and the amounts before and after each axis.
  private static func words(_ padding: WindowPadding, axes: Int) -> (kind: String, amounts: [Int]) {
    switch padding {
    case .explicit(let before, let after):
      let amounts = zip(before, after).flatMap { [$0, $1] }
      return (amounts.allSatisfy { $0 == 0 } ? "valid" : "custom", amounts)
    case .same: return ("same", [Int](repeating: 0, count: 2 * axes))
    }
  }

  private func zeros(_ count: Int?) -> Tensor {
    guard let count, let data = try? TensorData.filled(0, shape: [count]),
      let tensor = try? parts.constant(data, "zeros")
    else { return block.float(0) }
    return tensor
  }

  private func requireWeights(_ kernel: Value, _ convolution: Convolution) throws {
    guard convolution.spatialRank <= 3 else {
      throw refused("a convolution over \(convolution.spatialRank) axes", "Core ML has 1 to 3")
    }
    if constant(kernel) == nil, convolution.dilations.contains(where: { $0 != 1 }) {
      throw refused("a dilated convolution with a computed kernel", "Core ML takes constants only")
    }
  }

  private func reach(_ convolution: Convolution, _ window: [Int], _ axis: Int) -> Int {
    (window[axis] - 1) * convolution.dilations[axis] + 1
  }

  private func spatial(_ value: Value) -> [Int?] { Array(shape(value).dimensions.dropFirst().dropLast()) }

  private func kernelSpatial(_ kernel: Value, _ rank: Int) throws -> [Int] {
    guard let known = Shape(Array(shape(kernel).dimensions.prefix(rank))).concrete else {
      throw refused("a convolution", "its kernel's size is not known")
    }
    return known
  }
}
