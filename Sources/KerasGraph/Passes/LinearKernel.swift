import KerasCore

/// A convolution or matrix product with a known kernel, seen as a map from input to result channels.
struct LinearKernel {
  let op: Op
  let data: Value
  let shape: [Int]
  /// Reads the kernel, which most of those asked for nothing but being one need not.
  private let kernel: @Sendable () -> TensorData?
  /// Whether the kernel's last axis is that of the input channels and the one before that of the results'.
  private let inputIsLast: Bool
  private let groups: Int
  /// Whether every result sees the whole kernel, so that a shift of the input is the same shift of every result.
  let seesNoPadding: Bool

  init?(_ node: Node, in graph: Graph, parameters: KnownParameters) {
    guard node.operands.count >= 2, node.types[0].dtype == .float32 else { return nil }
    switch node.op {
    case .convolution(let convolution):
      let rank = convolution.spatialRank
      (inputIsLast, groups) = (false, convolution.groups)
      seesNoPadding = convolution.padding == .valid(rank)
    case .convolutionInputGradient(let convolution, _):
      guard convolution.groups == 1 else { return nil }
      (inputIsLast, groups) = (true, 1)
      seesNoPadding = false
    case .matmul(let transposeA, let transposeB):
      guard !transposeA, graph.shape(node.operands[1]).rank == 2 else { return nil }
      (inputIsLast, groups) = (transposeB, 1)
      seesNoPadding = true
    default: return nil
    }
    guard let shape = graph.knownShape(node.operands[1], parameters), shape.count >= 2 else { return nil }
    op = node.op
    data = node.operands[0]
    self.shape = shape
    switch graph.nodes[node.operands[1].node].op {
    case .constant(let data): kernel = { data }
    case .parameter(let name): kernel = { parameters.data(name) }
    default: return nil
    }
  }

  private var rows: Int { shape[shape.count - 2] }
  private var columns: Int { shape[shape.count - 1] }

  /// The kernel with each result channel scaled.
  func scalingResults(_ scale: ChannelVector) -> TensorData? { scaled { _, result in scale[result] } }

  /// The kernel with each input channel scaled.
  func scalingInputs(_ scale: ChannelVector) -> TensorData? { scaled { input, _ in scale[input] } }

  /// What a constant input of these values gives where the whole kernel is seen.
  func response(to shift: ChannelVector) -> ChannelVector? {
    guard !shift.isZero else { return .zero }
    guard let values = try? kernel()?.floats() else { return nil }
    var sums = [Double](repeating: 0, count: inputIsLast ? rows : columns)
    for (index, value) in values.enumerated() {
      let (row, column) = (index / columns % rows, index % columns)
      let (input, result) = channels(row, column)
      sums[result] += Double(value) * shift[input]
    }
    return ChannelVector(values: sums)
  }

  /// Every element times a factor that depends on its channels.
  private func scaled(_ factor: (_ input: Int, _ result: Int) -> Double) -> TensorData? {
    guard var values = try? kernel()?.floats() else { return nil }
    var factors: [Double] = []
    factors.reserveCapacity(rows * columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let (input, result) = channels(row, column)
        factors.append(factor(input, result))
      }
    }
    // Kernels have millions of elements: the loop over them is kept free of divisions and calls.
    values.withUnsafeMutableBufferPointer { values in
      factors.withUnsafeBufferPointer { factors in
        guard !factors.isEmpty else { return }
        for start in stride(from: 0, to: values.count, by: factors.count) {
          for index in factors.indices { values[start + index] = Float(Double(values[start + index]) * factors[index]) }
        }
      }
    }
    return try? TensorData(shape: shape, floats: values)
  }

  /// The channels that an element of the kernel's last two axes connects.
  private func channels(_ row: Int, _ column: Int) -> (input: Int, result: Int) {
    if inputIsLast { return (column, row) }
    return (groups > 1 ? column / max(columns / groups, 1) * rows + row : row, column)
  }
}
