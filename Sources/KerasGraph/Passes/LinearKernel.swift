import KerasCore

/// A convolution or matrix product with a known kernel, seen as a map from input to result channels.
struct LinearKernel {
  let op: Op
  let data: Value
  private let kernel: TensorData
  /// Whether the kernel's last axis is that of the input channels and the one before that of the results'.
  private let inputIsLast: Bool
  private let groups: Int
  /// Whether every result sees the whole kernel, so that a shift of the input is the same shift of every result.
  let seesNoPadding: Bool

  init?(_ node: Node, in graph: Graph, parameters: [String: TensorData]) {
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
    guard let kernel = graph.knownData(node.operands[1], parameters), kernel.shape.count >= 2 else { return nil }
    op = node.op
    data = node.operands[0]
    self.kernel = kernel
  }

  /// The kernel with each result channel scaled.
  func scalingResults(_ scale: ChannelVector) -> TensorData? { mapped { value, _, result in value * scale[result] } }

  /// The kernel with each input channel scaled.
  func scalingInputs(_ scale: ChannelVector) -> TensorData? { mapped { value, input, _ in value * scale[input] } }

  /// What a constant input of these values gives where the whole kernel is seen.
  func response(to shift: ChannelVector) -> ChannelVector? {
    guard !shift.isZero else { return .zero }
    guard let values = try? kernel.floats() else { return nil }
    var sums = [Double](repeating: 0, count: kernel.shape[kernel.shape.count - (inputIsLast ? 2 : 1)])
    forEachElement { index, input, result in sums[result] += Double(values[index]) * shift[input] }
    return ChannelVector(values: sums)
  }

  private func mapped(_ function: (Double, _ input: Int, _ result: Int) -> Double) -> TensorData? {
    guard var values = try? kernel.floats() else { return nil }
    forEachElement { index, input, result in values[index] = Float(function(Double(values[index]), input, result)) }
    return try? TensorData(shape: kernel.shape, floats: values)
  }

  private func forEachElement(_ body: (_ index: Int, _ input: Int, _ result: Int) -> Void) {
    let rank = kernel.shape.count
    let (rows, columns) = (kernel.shape[rank - 2], kernel.shape[rank - 1])
    let resultsPerGroup = max(columns / groups, 1)
    var index = 0
    for _ in 0..<kernel.shape.dropLast(2).reduce(1, *) {
      for row in 0..<rows {
        for column in 0..<columns {
          if inputIsLast {
            body(index, column, row)
          } else {
            body(index, groups > 1 ? column / resultsPerGroup * rows + row : row, column)
          }
          index += 1
        }
      }
    }
  }
}
