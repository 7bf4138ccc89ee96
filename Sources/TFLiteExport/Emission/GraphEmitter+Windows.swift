import KerasCore
import KerasExport
import KerasGraph

/// An operand and the padding its operator is to have.
struct PaddedOperand {
  var tensor: Tensor
  var padding: WindowPadding
}

extension GraphEmitter {
  /// The operand surrounded where the operator's own padding is another.
  ///
  /// TensorFlow Lite knows no padding and TensorFlow's `same`; all else is surrounded with `fill` by an operator.
  func padded(
    _ x: Tensor, _ padding: Padding, kernel: [Int], strides: [Int], dilations: [Int], fill: Float = 0,
    allowsSame: Bool = true, _ node: Node
  ) throws(ExportError) -> PaddedOperand {
    if case .same = padding, allowsSame { return PaddedOperand(tensor: x, padding: .same) }
    let (before, after, limits) = try amounts(
      padding, builder.shape(x), kernel: kernel, strides: strides, dilations: dilations, node)
    var surrounded = builder.pad(x, before: [0] + before + [0], after: [0] + after + [0], value: fill)
    if limits.contains(where: { $0 != nil }) {
      let rank = builder.shape(x).rank
      surrounded = builder.slice(
        surrounded, starts: Array(repeating: 0, count: rank), limits: [nil] + limits + [nil],
        strides: Array(repeating: 1, count: rank))
    }
    return PaddedOperand(tensor: surrounded, padding: .valid)
  }

  /// The padding of each spatial axis, and where the padded axis must end so that no window too many fits.
  private func amounts(
    _ padding: Padding, _ shape: Shape, kernel: [Int], strides: [Int], dilations: [Int], _ node: Node
  ) throws(ExportError) -> (before: [Int], after: [Int], limits: [Int?]) {
    if case .explicit(let before, let after) = padding { return (before, after, before.map { _ in nil }) }
    var (before, after, limits): ([Int], [Int], [Int?]) = ([], [], [])
    for axis in kernel.indices {
      let reach = (kernel[axis] - 1) * dilations[axis] + 1
      guard let size = shape[axis + 1] ?? (strides[axis] == 1 ? 2 * reach : nil) else {
        throw refusal(
          node, "this padding of an axis of unknown size with strides", "its amount depends on the size")
      }
      do {
        let one = try padding.resolved(
          inputSpatial: [size], kernel: [kernel[axis]], strides: [strides[axis]], dilations: [dilations[axis]])
        before.append(one.before[0])
        after.append(one.after[0])
        let total = size + one.before[0] + one.after[0]
        let read = (one.output[0] - 1) * strides[axis] + reach
        let isTooLong = (total - reach) / strides[axis] + 1 > one.output[0]
        limits.append(isTooLong ? (shape[axis + 1] == nil ? read - total : read) : nil)
      } catch {
        throw ExportError(.malformed(error.description), layer: node.scope)
      }
    }
    return (before, after, limits)
  }

  // MARK: Convolutions

  func convolution(_ convolution: Convolution, _ node: Node, at index: Int) throws(ExportError) -> Tensor {
    let kernel = graph.shape(node.operands[1])
    guard let sizes = kernel.concrete, (1...3).contains(convolution.spatialRank) else {
      throw refusal(node, "a convolution over \(convolution.spatialRank) axes", "TensorFlow Lite has 1 to 3")
    }
    let x = try tensor(node.operands[0])
    let operand = try padded(
      x, convolution.padding, kernel: Array(sizes.dropLast(2)), strides: convolution.strides,
      dilations: convolution.dilations, node)
    let tail = tail(of: index)
    let bias = try bias(tail, count: sizes[sizes.count - 1])
    let activation = tail?.activation ?? .none
    switch convolution.spatialRank {
    case 3: return try convolution3D(convolution, operand, bias, activation, node)
    case 1:
      let flat = PaddedOperand(tensor: inserted(operand.tensor), padding: operand.padding)
      let flatKernel = sizes.dropLast(2).reduce([1], { $0 + [$1] }) + sizes.suffix(2)
      let line = Convolution(
        strides: [1] + convolution.strides, padding: convolution.padding, dilations: [1] + convolution.dilations,
        groups: convolution.groups)
      let result = try convolution2D(line, flat, kernel: flatKernel, bias, activation, node)
      return removed(result, like: node.types[0].shape)
    default: return try convolution2D(convolution, operand, kernel: sizes, bias, activation, node)
    }
  }

  /// A sequence as an image of one row.
  private func inserted(_ x: Tensor) -> Tensor {
    let shape = builder.shape(x)
    return builder.reshape(x, to: Shape([shape[0], 1, shape[1], shape[2]]))
  }

  private func removed(_ x: Tensor, like result: Shape) -> Tensor {
    let shape = builder.shape(x)
    return builder.reshape(x, to: Shape([shape[0], shape[2], shape[3]]))
  }

  private func convolution2D(
    _ convolution: Convolution, _ x: PaddedOperand, kernel: [Int], _ bias: Tensor, _ activation: FusedActivation,
    _ node: Node
  ) throws(ExportError) -> Tensor {
    let value = node.operands[1]
    let rank = graph.shape(value).rank
    let channels = kernel[3]
    let spatial = windowShape(x, kernel: kernel, convolution)
    let result = TensorType(.float32, Shape([builder.shape(x.tensor)[0]] + spatial + [channels]))
    let isDilated = convolution.dilations.contains { $0 != 1 }
    if convolution.groups > 1, kernel[2] == 1 {
      let weights =
        constant(value) == nil
        ? builder.reshape(try tensor(value), to: Shape([1, kernel[0], kernel[1], channels]))
        : try weight(
          value, .arranged(permutation: Array(0..<rank), shape: [1, kernel[0], kernel[1], channels]))
      return builder.add(
        .depthwiseConv2D, [x.tensor, weights, bias], result,
        .depthwiseConv2D(
          x.padding, strides: convolution.strides, dilations: convolution.dilations,
          multiplier: channels / convolution.groups, activation: activation), isDilated: isDilated)
    }
    let order = [rank - 1] + Array(0..<rank - 1)
    let target = [channels, kernel[0], kernel[1], kernel[2]]
    let weights =
      constant(value) == nil
      ? builder.reshape(builder.transpose(try tensor(value), order), to: Shape(target))
      : try weight(value, .arranged(permutation: order, shape: target))
    return builder.add(
      .conv2D, [x.tensor, weights, bias], result,
      .conv2D(
        x.padding, strides: convolution.strides, dilations: convolution.dilations, activation: activation),
      isGrouped: convolution.groups > 1)
  }

  private func convolution3D(
    _ convolution: Convolution, _ x: PaddedOperand, _ bias: Tensor, _ activation: FusedActivation, _ node: Node
  ) throws(ExportError) -> Tensor {
    let options = OperatorOptions.conv3D(
      x.padding, strides: convolution.strides, dilations: convolution.dilations, activation: activation)
    guard convolution.groups > 1 else {
      return builder.add(.conv3D, [x.tensor, try tensor(node.operands[1]), bias], node.types[0], options)
    }
    let (kernel, groups) = (try tensor(node.operands[1]), convolution.groups)
    func part(_ whole: Tensor, _ group: Int) -> Tensor {
      let rank = builder.shape(whole).rank
      let width = (builder.shape(whole)[rank - 1] ?? 0) / groups
      return builder.slice(
        whole, starts: Array(repeating: 0, count: rank - 1) + [group * width],
        limits: Array(repeating: nil, count: rank - 1) + [(group + 1) * width],
        strides: Array(repeating: 1, count: rank))
    }
    var type = node.types[0]
    let channels = (type.shape[4] ?? 0) / groups
    type.shape[4] = channels
    let parts = (0..<groups).map { group in
      builder.add(.conv3D, [part(x.tensor, group), part(kernel, group), part(bias, group)], type, options)
    }
    return builder.add(.concatenation, parts, node.types[0], .concatenation(axis: 4))
  }

  private func windowShape(_ x: PaddedOperand, kernel: [Int], _ convolution: Convolution) -> [Int?] {
    convolution.strides.indices.map { axis in
      builder.shape(x.tensor)[axis + 1].map { size in
        let stride = convolution.strides[axis]
        let reach = x.padding == .same ? 1 : (kernel[axis] - 1) * convolution.dilations[axis] + 1
        return (size - reach) / stride + 1
      }
    }
  }

  // MARK: Pools

  func pool(_ pooling: Pooling, _ x: Tensor, _ node: Node) throws(ExportError) -> Tensor {
    switch pooling.window.count {
    case 1:
      let line = Pooling(
        kind: pooling.kind, window: [1] + pooling.window, strides: [1] + pooling.strides,
        padding: pooling.padding.behind())
      return removed(try pool2D(line, inserted(x), node), like: node.types[0].shape)
    case 2: return try pool2D(pooling, x, node)
    case 3: return try pool3D(pooling, x, node)
    default: throw refusal(node, "a pool over \(pooling.window.count) axes", "TensorFlow Lite has 1 to 3")
    }
  }

  private func pool2D(_ pooling: Pooling, _ x: Tensor, _ node: Node) throws(ExportError) -> Tensor {
    func windows(_ code: BuiltinOperator, _ operand: PaddedOperand) -> Tensor {
      let plain = Convolution(strides: pooling.strides, padding: .same, dilations: [1, 1])
      let shape = builder.shape(operand.tensor)
      let spatial = windowShape(operand, kernel: pooling.window, plain)
      return builder.add(
        code, [operand.tensor], TensorType(.float32, Shape([shape[0]] + spatial + [shape[3]])),
        .pool2D(operand.padding, window: pooling.window, strides: pooling.strides))
    }
    func surrounded(_ x: Tensor, fill: Float, allowsSame: Bool) throws(ExportError) -> PaddedOperand {
      try padded(
        x, pooling.padding, kernel: pooling.window, strides: pooling.strides, dilations: [1, 1], fill: fill,
        allowsSame: allowsSame, node)
    }
    switch pooling.kind {
    case .maximum: return windows(.maxPool2D, try surrounded(x, fill: -.infinity, allowsSame: true))
    case .average(let countsPadding):
      let operand = try surrounded(x, fill: 0, allowsSame: !countsPadding)
      let mean = windows(.averagePool2D, operand)
      // The operator does not count what its own padding adds, but what PAD has added.
      if countsPadding || operand.padding == .same || operand.tensor == x { return mean }
      let ones = builder.binary(.add, builder.zeros(like: x, .float32), 1)
      let share = windows(.averagePool2D, try surrounded(ones, fill: 0, allowsSame: false))
      return builder.binary(.div, mean, share)
    }
  }

  /// First over rows and columns with depth as images, then over depth: every window is a product of lines.
  private func pool3D(_ pooling: Pooling, _ x: Tensor, _ node: Node) throws(ExportError) -> Tensor {
    let shape = builder.shape(x)
    guard let depth = shape[1], let rows = shape[2], let columns = shape[3], let channels = shape[4] else {
      throw refusal(node, "a pool over three axes of unknown size", "TensorFlow Lite has pools over two axes only")
    }
    let images = builder.reshape(x, to: Shape([nil, rows, columns, channels]), [.rest])
    let plane = Pooling(
      kind: pooling.kind, window: Array(pooling.window[1...]), strides: Array(pooling.strides[1...]),
      padding: pooling.padding.along([1, 2]))
    let planes = try pool2D(plane, images, node)
    let pooled = builder.shape(planes)
    guard let newRows = pooled[1], let newColumns = pooled[2] else {
      throw ExportError(.malformed("a pool's size is unknown"), layer: node.scope)
    }
    let lines = builder.reshape(planes, to: Shape([nil, depth, newRows * newColumns, channels]), [.rest])
    let line = Pooling(
      kind: pooling.kind, window: [pooling.window[0], 1], strides: [pooling.strides[0], 1],
      padding: pooling.padding.along([0]).followed())
    return builder.reshape(try pool2D(line, lines, node), to: node.types[0].shape, [.rest])
  }
}

extension Padding {
  /// The same of some spatial axes only.
  fileprivate func along(_ axes: [Int]) -> Padding {
    guard case .explicit(let before, let after) = self else { return self }
    return .explicit(before: axes.map { before[$0] }, after: axes.map { after[$0] })
  }

  /// With an axis in front along which windows have one element; the rules for `same` pad it by nothing.
  fileprivate func behind() -> Padding {
    guard case .explicit(let before, let after) = self else { return self }
    return .explicit(before: [0] + before, after: [0] + after)
  }

  /// With such an axis behind.
  fileprivate func followed() -> Padding {
    guard case .explicit(let before, let after) = self else { return self }
    return .explicit(before: before + [0], after: after + [0])
  }
}
