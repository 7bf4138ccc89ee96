import KerasCore
import KerasExport
import KerasGraph

extension GraphEmitter {
  /// TRANSPOSE_CONV and CONV_3D_TRANSPOSE: without groups and dilations, which become zeros in the kernel.
  func transposedConvolution(
    _ convolution: Convolution, outputSpatial: [Int]?, _ node: Node
  ) throws(ExportError) -> Tensor {
    let rank = convolution.spatialRank
    guard (1...3).contains(rank), let stored = constant(node.operands[1]) else {
      throw refusal(
        node, "a transposed convolution over \(rank) axes or with a computed kernel", "TensorFlow Lite has none")
    }
    let kernel = try dense(stored, convolution, node)
    let window = Array(kernel.shape.prefix(rank))
    var gradient = try tensor(node.operands[0])
    let given = builder.shape(gradient)
    let result = node.types[0].shape

    // A full transposed convolution without padding, of which a part is the result.
    var (before, sizes): ([Int], [AxisSize]) = ([], [])
    var isSame = false
    switch convolution.padding {
    case .same:
      isSame = true
      sizes = (0..<rank).map { axis in result[axis + 1].map { .fixed($0) } ?? .rest }
      before = Array(repeating: 0, count: rank)
    case .explicit(let zeros, _):
      before = zeros
    case .sameTheano, .samePoolTheano:
      guard let spatial = Shape(Array(result.dimensions[1...rank])).concrete else {
        throw refusal(node, "Theano's padding of an axis of unknown size", "its amount depends on the size")
      }
      do {
        before = try convolution.padding.resolved(
          inputSpatial: spatial, kernel: Array(stored.shape.prefix(rank)), strides: convolution.strides,
          dilations: convolution.dilations
        ).before
      } catch {
        throw ExportError(.malformed(error.description), layer: node.scope)
      }
    }
    if !isSame {
      for axis in 0..<rank {
        guard let size = given[axis + 1], size > 0 else {
          throw refusal(node, "a transposed convolution of unknown size", "its result's size cannot be computed")
        }
        sizes.append(.fixed((size - 1) * convolution.strides[axis] + window[axis]))
      }
    } else if sizes.contains(.rest) {
      sizes = try followed(sizes, node)
    }
    let isLine = rank == 1
    if isLine { gradient = builder.reshape(gradient, to: Shape([given[0], 1, given[1], given[2]])) }
    var full = try transposed(
      gradient, kernel, convolution, sizes: sizes, isSame ? .same : .valid, node, isLine: isLine)
    if isLine {
      let shape = builder.shape(full)
      full = builder.reshape(full, to: Shape([shape[0], shape[2], shape[3]]))
    }
    guard !isSame else { return full }
    return try cut(full, before: before, node)
  }

  /// The result's own part of a full transposed convolution; elements that no window reached are zeros.
  private func cut(_ full: Tensor, before: [Int], _ node: Node) throws(ExportError) -> Tensor {
    let result = node.types[0].shape
    let whole = builder.shape(full)
    var missing = [0]
    var limits: [Int?] = [nil]
    for axis in before.indices {
      guard let size = result[axis + 1], let length = whole[axis + 1] else {
        throw refusal(node, "a transposed convolution of unknown size", "its result's size cannot be computed")
      }
      missing.append(max(before[axis] + size - length, 0))
      limits.append(before[axis] + size)
    }
    let zeros = Array(repeating: 0, count: result.rank)
    let padded = builder.pad(full, before: zeros, after: missing + [0])
    if zip(limits, builder.shape(padded).dimensions).dropFirst().allSatisfy({ $0 == $1 }),
      before.allSatisfy({ $0 == 0 })
    {
      return padded
    }
    return builder.slice(
      padded, starts: [0] + before + [0], limits: limits + [nil], strides: Array(repeating: 1, count: result.rank))
  }

  /// Unknown sizes from the operand that has them.
  private func followed(_ sizes: [AxisSize], _ node: Node) throws(ExportError) -> [AxisSize] {
    guard node.operands.count == 3 else {
      throw refusal(node, "a transposed convolution of unknown size", "its result's size cannot be computed")
    }
    let like = try tensor(node.operands[2])
    return sizes.enumerated().map { axis, size in size == .rest ? .of(like, axis: axis + 1) : size }
  }

  private func transposed(
    _ gradient: Tensor, _ kernel: TensorData, _ convolution: Convolution, sizes: [AxisSize],
    _ padding: WindowPadding, _ node: Node, isLine: Bool
  ) throws(ExportError) -> Tensor {
    let rank = convolution.spatialRank
    let (channels, others) = (kernel.shape[rank], kernel.shape[rank + 1])
    let spatial = (isLine ? [.fixed(1)] : []) + sizes
    let shape = builder.shapeTensor([.of(gradient, axis: 0)] + spatial + [.fixed(channels)])
    let known = spatial.map { size -> Int? in if case .fixed(let value) = size { value } else { nil } }
    let type = TensorType(.float32, Shape([builder.shape(gradient)[0]] + known + [channels]))
    let strides = (isLine ? [1] : []) + convolution.strides
    if rank == 3 {
      let weights = try builder.addWeight(
        kernel, as: .float32, .asIs, isWeight: true, name: nil, layer: node.scope)
      return builder.add(
        .conv3DTranspose, [shape, weights, gradient], type,
        .conv3D(padding, strides: strides, dilations: [1, 1, 1], activation: .none))
    }
    let target = [channels] + (isLine ? [1] : []) + kernel.shape.prefix(rank) + [others]
    let weights = try builder.addWeight(
      kernel, as: .float32, .arranged(permutation: [rank] + Array(0..<rank) + [rank + 1], shape: target),
      isWeight: true, name: nil, layer: node.scope)
    return builder.add(.transposeConv, [shape, weights, gradient], type, .transposeConv(padding, strides: strides))
  }

  /// The kernel with zeros between dilated elements and between groups.
  private func dense(_ kernel: TensorData, _ convolution: Convolution, _ node: Node) throws(ExportError) -> TensorData {
    let rank = convolution.spatialRank
    if convolution.groups == 1, convolution.dilations.allSatisfy({ $0 == 1 }) { return kernel }
    let (inner, outer) = (kernel.shape[rank], kernel.shape[rank + 1])
    let perGroup = outer / max(convolution.groups, 1)
    let window = (0..<rank).map { (kernel.shape[$0] - 1) * convolution.dilations[$0] + 1 }
    let shape = window + [inner * convolution.groups, outer]
    do {
      let values = try kernel.floats()
      guard let count = checkedProduct(shape), count <= 1 << 28 else {
        throw refusal(node, "this grouped transposed convolution", "without groups its kernel would be too large")
      }
      var result = [Float](repeating: 0, count: count)
      for (index, value) in values.enumerated() {
        let (column, row) = (index % outer, index / outer % inner)
        var rest = index / outer / inner
        var (place, width) = (0, 1)
        for axis in (0..<rank).reversed() {
          place += rest % kernel.shape[axis] * convolution.dilations[axis] * width
          rest /= kernel.shape[axis]
          width *= window[axis]
        }
        place = place * inner * convolution.groups + column / perGroup * inner + row
        result[place * outer + column] = value
      }
      return try TensorData(shape: shape, floats: result)
    } catch {
      throw ExportError(of: error, layer: node.scope)
    }
  }
}
