import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  // MARK: Convolutions

  func emitConvolution(_ convolution: Convolution, _ operands: [Value], _ result: Value) throws {
    let rank = convolution.spatialRank
    let window = try kernelSpatial(operands[1], rank)
    let padding = try windowPadding(
      convolution.padding, input: spatial(operands[0]), kernel: window, strides: convolution.strides,
      dilations: convolution.dilations)
    var x = try tensor(operands[0])
    if case .explicit(let before, let after) = padding { x = padded(x, [0] + before + [0], [0] + after + [0], 0) }
    let name = padding == .same ? "SAME" : "VALID"
    let channels = graph.shape(operands[1])[rank].map { $0 * convolution.groups }
    if let channels, channels == convolution.groups, channels > 1, rank < 3,
      Set(lifted(convolution.strides, rank)).count == 1 || rank == 1
    {
      return define(result, try depthwise(convolution, x, operands, channels, name))
    }
    let isDeep = rank == 3
    let kernel = try isDeep ? dilated(operands[1], convolution.dilations) : tensor(operands[1])
    define(
      result,
      try grouped(convolution.groups, operands) { group in
        let part =
          try group.map { index -> (Tensor, Tensor) in
            guard let inputs = graph.shape(operands[1])[rank], let outputs = graph.shape(operands[1])[rank + 1] else {
              throw refused("a grouped convolution", "its kernel's size is not known")
            }
            let share = outputs / convolution.groups
            return (
              columns(x, rank: rank + 2, index * inputs..<(index + 1) * inputs),
              columns(kernel, rank: rank + 2, index * share..<(index + 1) * share)
            )
          } ?? (x, kernel)
        var attributes: [String: SMAttribute] = [
          "padding": .string(name), "strides": .ints([1] + lifted(convolution.strides, rank) + [1]),
        ]
        if !isDeep { attributes["dilations"] = .ints([1] + lifted(convolution.dilations, rank) + [1]) }
        let inputs = [lifted(part.0, rank), liftedKernel(part.1, rank)]
        return lowered(node(isDeep ? "Conv3D" : "Conv2D", inputs, attributes), rank)
      })
  }

  /// A convolution of every channel by itself.
  private func depthwise(
    _ convolution: Convolution, _ x: Tensor, _ operands: [Value], _ channels: Int, _ padding: String
  ) throws -> Tensor {
    let rank = convolution.spatialRank
    guard let results = graph.shape(operands[1])[rank + 1] else {
      throw refused("a grouped convolution", "its kernel's size is not known")
    }
    // TensorFlow has no dilated one on processors.
    let kernel = try dilated(operands[1], convolution.dilations)
    let reach = try kernelSpatial(operands[1], rank).enumerated().map { ($1 - 1) * convolution.dilations[$0] + 1 }
    let filter = reshaped(kernel, lifted(reach, rank) + [channels, results / channels])
    var strides = lifted(convolution.strides, rank)
    // It has one stride for both axes; on the added one there is a single element.
    if rank == 1 { strides[0] = strides[1] }
    let attributes: [String: SMAttribute] = ["padding": .string(padding), "strides": .ints([1] + strides + [1])]
    return lowered(node("DepthwiseConv2dNative", [lifted(x, rank), filter], attributes), rank)
  }

  func emitTransposedConvolution(
    _ convolution: Convolution, _ outputSpatial: [Int]?, _ operands: [Value], _ result: Value
  ) throws {
    let rank = convolution.spatialRank
    let window = try kernelSpatial(operands[1], rank)
    let gradient = try tensor(operands[0])
    // On processors these have no dilation.
    let kernel = try dilated(operands[1], convolution.dilations)
    let known = Shape(spatial(result)).concrete
    // Of which axis of which value each spatial size is.
    func target(_ axis: Int) throws -> Size {
      if let size = spatial(result)[axis] { return .known(size) }
      return .axis(operands.count == 3 ? operands[2] : result, axis + 1)
    }
    var (before, after) = ([Int](repeating: 0, count: rank), [Int](repeating: 0, count: rank))
    var name = "VALID"
    switch convolution.padding {
    case .explicit(let zerosBefore, let zerosAfter): (before, after) = (zerosBefore, zerosAfter)
    case .same: name = "SAME"
    case .sameTheano, .samePoolTheano:
      guard let known else {
        throw refused("a transposed convolution", "it is padded as Theano does, by sizes that are not known")
      }
      (before, after, _) = try convolution.padding.resolved(
        inputSpatial: known, kernel: window, strides: convolution.strides, dilations: convolution.dilations)
    }
    guard let inputs = graph.shape(operands[1])[rank], let outputs = graph.shape(operands[1])[rank + 1] else {
      throw refused("a transposed convolution", "its kernel's size is not known")
    }
    var sizes: [Size] = [.axis(operands[0], 0)] + (rank == 1 ? [.known(1)] : [])
    for axis in 0..<rank {
      switch try target(axis) {
      case .known(let size): sizes.append(.known(size + before[axis] + after[axis]))
      case let open where before[axis] + after[axis] == 0: sizes.append(open)
      case .axis(let value, let from):
        sizes.append(.computed(node("AddV2", [try size(value, axis: from), int(before[axis] + after[axis])])))
      case .computed(let tensor): sizes.append(.computed(tensor))
      }
    }
    let shape = try joined(sizes + [.known(inputs)])
    let share = outputs / convolution.groups
    var whole = try grouped(convolution.groups, operands) { group in
      let (part, filter) =
        group.map { index in
          let range = index * share..<(index + 1) * share
          return (columns(gradient, rank: rank + 2, range), columns(kernel, rank: rank + 2, range))
        } ?? (gradient, kernel)
      let attributes: [String: SMAttribute] = [
        "T": .type(.float), "padding": .string(name),
        "strides": .ints([1] + lifted(convolution.strides, rank) + [1]),
      ]
      let operation = rank == 3 ? "Conv3DBackpropInputV2" : "Conv2DBackpropInput"
      let given = [shape, liftedKernel(filter, rank), lifted(part, rank)]
      return lowered(node(operation, given, attributes, as: .float), rank)
    }
    if (before + after).contains(where: { $0 != 0 }) {
      let limits = after.map { $0 == 0 ? nil : -$0 }
      whole = sliced(whole, [0] + before + [0], [nil] + limits + [nil], [Int](repeating: 1, count: rank + 2))
    }
    define(result, whole)
  }

  /// One operation, or one for each group, whose results are joined: not every processor's kernels know groups.
  private func grouped(_ groups: Int, _ operands: [Value], _ body: (Int?) throws -> Tensor) throws -> Tensor {
    if groups == 1 { return try body(nil) }
    return concatenated(try (0..<groups).map { try body($0) }, axis: rank(operands[0]) - 1)
  }

  /// A kernel with zeros between its elements.
  private func dilated(_ kernel: Value, _ dilations: [Int]) throws -> Tensor {
    if dilations.allSatisfy({ $0 == 1 }) { return try tensor(kernel) }
    guard let data = constant(kernel) else {
      throw refused(
        "a dilated convolution", "its kernel is computed, and TensorFlow has no such operation on processors")
    }
    let rank = dilations.count
    let reach = (0..<rank).map { (data.shape[$0] - 1) * dilations[$0] + 1 }
    let row = data.shape[rank...].reduce(1, *)
    let numbers = try data.floats()
    var spread = [Float](repeating: 0, count: reach.reduce(row, *))
    for place in 0..<data.shape[..<rank].reduce(1, *) {
      var (rest, target, stride) = (place, 0, 1)
      for axis in (0..<rank).reversed() {
        target += rest % data.shape[axis] * dilations[axis] * stride
        rest /= data.shape[axis]
        stride *= reach[axis]
      }
      spread.replaceSubrange(target * row..<(target + 1) * row, with: numbers[place * row..<(place + 1) * row])
    }
    let name = if case .parameter(let name) = graph.nodes[kernel.node].op { name } else { "\(scope)/kernel" }
    return try stored(try TensorData(shape: reach + data.shape[rank...], floats: spread), name, isParameter: true)
  }

  // MARK: Pooling

  func emitPool(_ pooling: Pooling, _ operand: Value, _ result: Value) throws {
    let rank = pooling.window.count
    let padding = try windowPadding(
      pooling.padding, input: spatial(operand), kernel: pooling.window, strides: pooling.strides,
      dilations: [Int](repeating: 1, count: rank), countsPadding: pooling.kind == .average(countsPadding: true))
    let x = try tensor(operand)
    let suffix = rank == 3 ? "3D" : ""
    func pool(_ kind: String, _ x: Tensor, _ padding: String) -> Tensor {
      let attributes: [String: SMAttribute] = [
        "padding": .string(padding), "strides": .ints([1] + lifted(pooling.strides, rank) + [1]),
        "ksize": .ints([1] + lifted(pooling.window, rank) + [1]),
      ]
      return lowered(node(kind + suffix, [lifted(x, rank)], attributes), rank)
    }
    let kind = pooling.kind == .maximum ? "MaxPool" : "AvgPool"
    switch padding {
    case .same: define(result, pool(kind, x, "SAME"))
    case .explicit(let before, let after) where (before + after).allSatisfy({ $0 == 0 }):
      define(result, pool(kind, x, "VALID"))
    case .explicit(let before, let after):
      let (before, after) = ([0] + before + [0], [0] + after + [0])
      switch pooling.kind {
      case .maximum: define(result, pool(kind, padded(x, before, after, -.infinity), "VALID"))
      case .average(true): define(result, pool(kind, padded(x, before, after, 0), "VALID"))
      case .average(false):
        // The share of each window that lies on the image.
        let share = pool(kind, padded(node("OnesLike", [x]), before, after, 0), "VALID")
        define(result, node("DivNoNan", [pool(kind, padded(x, before, after, 0), "VALID"), share]))
      }
    }
  }

  // MARK: One axis as two

  /// What is given per spatial axis, with another axis of 1 before where there is only one.
  private func lifted(_ perAxis: [Int], _ rank: Int) -> [Int] { rank == 1 ? [1] + perAxis : perAxis }
  private func lifted(_ x: Tensor, _ rank: Int) -> Tensor { rank == 1 ? node("ExpandDims", [x, int(1)]) : x }
  private func liftedKernel(_ x: Tensor, _ rank: Int) -> Tensor { rank == 1 ? node("ExpandDims", [x, int(0)]) : x }
  private func lowered(_ x: Tensor, _ rank: Int) -> Tensor {
    rank == 1 ? node("Squeeze", [x], ["squeeze_dims": .ints([1])]) : x
  }

  // MARK: Sizes

  private func spatial(_ value: Value) -> [Int?] { Array(graph.shape(value).dimensions.dropFirst().dropLast()) }

  private func kernelSpatial(_ kernel: Value, _ rank: Int) throws -> [Int] {
    guard let known = Shape(Array(graph.shape(kernel).dimensions.prefix(rank))).concrete else {
      throw refused("a convolution", "its kernel's size is not known")
    }
    return known
  }

  /// What TensorFlow has a word for stays that word; the rest are zeros that the window is given.
  private func windowPadding(
    _ padding: Padding, input: [Int?], kernel: [Int], strides: [Int], dilations: [Int], countsPadding: Bool = false
  ) throws -> WindowPadding {
    if padding == .same, !countsPadding, Set(strides).count == 1 || Shape(input).concrete == nil { return .same }
    let found = try WindowPadding(padding, input: input, kernel: kernel, strides: strides, dilations: dilations)
    guard found != .same || !countsPadding else {
      throw refused("a strided average that counts its padding", "the padding depends on a size that is not known")
    }
    return found
  }
}
