import KerasGraph

/// A convolution's sizes as oneDNN wants them: at least two spatial axes, all padding explicit.
struct ConvolutionGeometry {
  /// Logical dimensions: batch, channels, spatial axes.
  var x: [Int]
  var y: [Int]
  /// [groups,] out, in, spatial axes.
  var kernel: [Int]
  var strides: [Int64]
  var dilations: [Int64]
  var before: [Int64]
  var after: [Int64]
  var groups: Int

  /// From shapes in Keras' order.
  init(_ convolution: Convolution, x xShape: [Int], kernel kernelShape: [Int], y yShape: [Int]) throws(EngineError) {
    let rank = convolution.spatialRank
    guard (1...3).contains(rank) else {
      throw EngineError(.unsupported(op: "convolution", reason: "\(rank) spatial axes"))
    }
    let spatial = Array(xShape[1...rank])
    let window = Array(kernelShape[..<rank])
    let padding: (before: [Int], after: [Int], output: [Int])
    do {
      padding = try convolution.padding.resolved(
        inputSpatial: spatial, kernel: window, strides: convolution.strides, dilations: convolution.dilations)
    } catch {
      throw EngineError(.graph(error))
    }
    // One axis is a row of an image of height 1.
    let extra = rank == 1 ? 1 : 0
    func widened(_ values: [Int], filling: Int) -> [Int] { [Int](repeating: filling, count: extra) + values }
    groups = convolution.groups
    x = [xShape[0], xShape[rank + 1]] + widened(spatial, filling: 1)
    y = [yShape[0], yShape[rank + 1]] + widened(Array(yShape[1...rank]), filling: 1)
    let (inputs, outputs) = (kernelShape[rank], kernelShape[rank + 1])
    let channels = groups == 1 ? [outputs, inputs] : [groups, outputs / groups, inputs]
    kernel = channels + widened(window, filling: 1)
    strides = widened(convolution.strides, filling: 1).map { Int64($0) }
    dilations = widened(convolution.dilations, filling: 1).map { Int64($0 - 1) }
    before = widened(padding.before, filling: 0).map { Int64($0) }
    after = widened(padding.after, filling: 0).map { Int64($0) }
  }

  private func channelsLast(_ dimensions: [Int]) throws(EngineError) -> MemoryDescriptor {
    try .dense(dimensions, order: [0] + Array(2..<dimensions.count) + [1])
  }

  func xDescriptor() throws(EngineError) -> MemoryDescriptor { try channelsLast(x) }
  func yDescriptor() throws(EngineError) -> MemoryDescriptor { try channelsLast(y) }

  /// Keras' order: spatial…, in, out with the groups outermost in `out`.
  func kernelDescriptor() throws(EngineError) -> MemoryDescriptor {
    let order = groups == 1 ? Array(2..<kernel.count) + [1, 0] : Array(3..<kernel.count) + [2, 0, 1]
    return try .dense(kernel, order: order)
  }
}
