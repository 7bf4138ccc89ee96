import CKernels
import KerasGraph

/// A convolution as `kk_convolve_packed` takes it.
struct PackedConvolutionGeometry {
  private var call = kk_packed_convolution()

  /// `nil` where oneDNN is as fast: on processors with registers of 512 bits, without a window, or with few channels.
  init?(_ geometry: ConvolutionGeometry) {
    guard kk_suits_packed_convolution() != 0, geometry.kernel.count == 4, geometry.kernel[2...] != [1, 1],
      geometry.dilations == [0, 0], (geometry.before + geometry.after).allSatisfy({ $0 >= 0 }),
      (geometry.x + geometry.y).allSatisfy({ $0 > 0 })
    else { return nil }
    (call.images, call.channels, call.height, call.width) = (
      geometry.x[0], geometry.x[1], geometry.x[2], geometry.x[3]
    )
    (call.filters, call.out_height, call.out_width) = (geometry.y[1], geometry.y[2], geometry.y[3])
    (call.kernel_height, call.kernel_width) = (geometry.kernel[2], geometry.kernel[3])
    (call.stride_y, call.stride_x) = (Int(geometry.strides[0]), Int(geometry.strides[1]))
    (call.top, call.left) = (Int(geometry.before[0]), Int(geometry.before[1]))
    guard call.filters >= 8, call.kernel_width * call.channels >= 32 else { return nil }
  }

  /// Rows of the kernel as a matrix.
  var inner: Int { call.kernel_height * call.kernel_width * call.channels }
  var filters: Int { call.filters }

  /// Floats of scratch memory for so many threads; `nil` if none is needed.
  func scratchCount(threads: Int) -> Int? {
    let count = withUnsafePointer(to: call) { kk_packed_convolution_scratch($0, threads) }
    return count > 0 ? count : nil
  }

  /// The call without its arrays.
  var arguments: kk_packed_convolution { call }
}

extension PlanCompiler {
  /// The form for packed products of a node that is a convolution with constant weights; `nil` if it is not.
  func packedGeometry(_ node: Int) -> PackedConvolutionGeometry? {
    let operands = concrete.graph.nodes[node].operands
    guard case .convolution(let convolution) = concrete.graph.nodes[node].op, isConstant(operands[1]),
      !isInBFloat16(weights: operands[1]),
      let geometry = try? ConvolutionGeometry(
        convolution, x: concrete.shape(operands[0]), kernel: concrete.shape(operands[1]),
        y: concrete.shape(Value(node: node)))
    else { return nil }
    return PackedConvolutionGeometry(geometry)
  }

  /// A convolution by packed products with its bias, another value and a cut; the operations after them are a pass of
  /// their own.
  func packedConvolutionSteps(
    _ product: FusedProduct, _ geometry: PackedConvolutionGeometry, scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    var rest = product
    var call = geometry.arguments
    call.x = UnsafePointer(try pointer(operands[0]))
    call.packed = UnsafePointer(
      try packedWeights(
        .init(value: concrete.root(operands[1]), columns: geometry.filters), inner: geometry.inner,
        stride: geometry.filters))
    if let bias = product.bias { call.bias = UnsafePointer(try pointer(bias)) }
    if case .addition(let other)? = rest.operations.first {
      call.addend = UnsafePointer(try pointer(other))
      rest.operations.removeFirst()
    }
    switch rest.operations.first {
    case .activation(.relu)?: (call.cuts, call.most) = (1, .infinity)
    case .activation(.clip(0, let most))? where most >= 0: (call.cuts, call.most) = (1, most)
    default: break
    }
    if call.cuts != 0 { rest.operations.removeFirst() }
    // A value that is still to be added may stand where the results go.
    let isNeeded = rest.operations.contains { if case .addition = $0 { true } else { false } }
    let target = try isNeeded ? plainTarget(product) : pointer(product.result)
    call.y = target
    let bound = call
    let multiply = productStep(product, "own packed") {
      withUnsafePointer(to: bound) { kk_convolve_packed($0, scratch) }
    }
    return try [multiply] + [epilogueStep(rest, from: target, withBias: false)].compactMap { $0 }
  }
}
