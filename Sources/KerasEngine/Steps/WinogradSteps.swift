import CKernels
import KerasGraph

/// A 3 × 3 convolution as `kk_winograd_convolution` takes it.
struct WinogradGeometry {
  var images, height, width, channels: Int
  var outHeight, outWidth, filters: Int
  var top, left: Int

  /// Results are made in tiles of so many rows and columns.
  private static let tile = 4
  /// So many tiles are worth reading the weights' four times as many numbers.
  private static let fewestTiles = 8
  /// Floats of transformed weights that stay in the second-level cache.
  private static let cachedWeights = 1 << 17

  /// `nil` where the direct convolution is as good, or the kernel is not of that form.
  init?(_ geometry: ConvolutionGeometry) {
    guard kk_suits_winograd() != 0, geometry.kernel.count == 4, geometry.kernel[2...] == [3, 3],
      geometry.strides == [1, 1], geometry.dilations == [0, 0], geometry.before.allSatisfy({ (0...2).contains($0) })
    else { return nil }
    (images, channels, height, width) = (geometry.x[0], geometry.x[1], geometry.x[2], geometry.x[3])
    (filters, outHeight, outWidth) = (geometry.y[1], geometry.y[2], geometry.y[3])
    (top, left) = (Int(geometry.before[0]), Int(geometry.before[1]))
    guard suits else { return nil }
  }

  /// Of the gradient of the input, which is the convolution of the output's with the kernel turned round.
  init?(gradientOf geometry: ConvolutionGeometry) {
    guard var turned = WinogradGeometry(geometry) else { return nil }
    (turned.channels, turned.height, turned.width) = (turned.filters, turned.outHeight, turned.outWidth)
    (turned.filters, turned.outHeight, turned.outWidth) = (geometry.x[1], geometry.x[2], geometry.x[3])
    (turned.top, turned.left) = (2 - turned.top, 2 - turned.left)
    guard turned.suits else { return nil }
    self = turned
  }

  private var suits: Bool {
    guard channels % 16 == 0, filters % 16 == 0, channels > 0, filters > 0 else { return false }
    func tiles(_ size: Int) -> Int { (size + Self.tile - 1) / Self.tile }
    let count = images * tiles(outHeight) * tiles(outWidth)
    // What stands over at the borders, and channels that fill up a block of 32, are computed in vain.
    let work = Double(count * 36 * ((filters + 31) / 32 * 32)) / Double(images * outHeight * outWidth * 9 * filters)
    return work < 0.6 && (count >= Self.fewestTiles || weightCount <= Self.cachedWeights)
  }

  var weightCount: Int { kk_winograd_weight_count(channels, filters) }

  /// Floats of scratch memory for so many threads.
  func scratchCount(threads: Int) -> Int {
    var call = kk_winograd()
    fill(&call)
    return kk_winograd_scratch(&call, threads)
  }

  func fill(_ call: inout kk_winograd) {
    (call.images, call.height, call.width, call.channels) = (images, height, width, channels)
    (call.out_height, call.out_width, call.filters) = (outHeight, outWidth, filters)
    (call.top, call.left) = (top, left)
  }
}

extension PlanCompiler {
  /// The form for Winograd's products of a node that is a convolution or the gradient of one's input; `nil` if it is not.
  func winogradGeometry(_ node: Int) -> WinogradGeometry? {
    let operands = concrete.graph.nodes[node].operands
    switch concrete.graph.nodes[node].op {
    case .convolution(let convolution):
      guard
        let geometry = try? ConvolutionGeometry(
          convolution, x: concrete.shape(operands[0]), kernel: concrete.shape(operands[1]),
          y: concrete.shape(Value(node: node)))
      else { return nil }
      return WinogradGeometry(geometry)
    case .convolutionInputGradient(let convolution, _):
      guard
        let geometry = try? ConvolutionGeometry(
          convolution, x: concrete.shape(Value(node: node)), kernel: concrete.shape(operands[1]),
          y: concrete.shape(operands[0]))
      else { return nil }
      return WinogradGeometry(gradientOf: geometry)
    default: return nil
    }
  }

  /// A convolution by Winograd's products, which follow its sum with the bias, another value and relu at once.
  func winogradSteps(
    _ product: FusedProduct, _ geometry: WinogradGeometry, scratch: UnsafeMutablePointer<Float>
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    var rest = product
    var call = kk_winograd()
    geometry.fill(&call)
    call.x = UnsafePointer(try pointer(operands[0]))
    if let bias = product.bias { call.bias = UnsafePointer(try pointer(bias)) }
    if case .addition(let other)? = rest.operations.first {
      call.addend = UnsafePointer(try pointer(other))
      rest.operations.removeFirst()
    }
    if case .activation(.relu)? = rest.operations.first {
      call.relu = 1
      rest.operations.removeFirst()
    }
    // A value that is still to be added may stand where the results go.
    let isNeeded = rest.operations.contains { if case .addition = $0 { true } else { false } }
    let target = try isNeeded ? plainTarget(product) : pointer(product.result)
    call.y = target
    let multiply: Step
    var transforms: [Step] = []
    if let read = try passingWinogradWeights(operands[1], geometry) {
      let bound = call
      multiply = productStep(product, "own winograd, weights as read") { () throws(EngineError) in
        var call = bound
        call.weights = UnsafePointer(try read())
        kk_winograd_convolution(&call, scratch)
      }
    } else {
      let weights: UnsafeMutablePointer<Float>
      (weights, transforms) = try winogradWeights(product.node, geometry, turned: false)
      call.weights = UnsafePointer(weights)
      let bound = call
      multiply = productStep(product, "own winograd") {
        var call = bound
        kk_winograd_convolution(&call, scratch)
      }
    }
    return try transforms + [multiply] + [epilogueStep(rest, from: target, withBias: false)].compactMap { $0 }
  }

  func winogradGradientSteps(
    _ index: Int, _ geometry: WinogradGeometry, scratch: UnsafeMutablePointer<Float>
  ) throws(EngineError) -> [Step] {
    var call = kk_winograd()
    geometry.fill(&call)
    call.x = UnsafePointer(try pointer(concrete.graph.nodes[index].operands[0]))
    call.y = try pointer(Value(node: index))
    let (weights, transforms) = try winogradWeights(index, geometry, turned: true)
    call.weights = UnsafePointer(weights)
    let bound = call
    return transforms + [
      step(index, implementation: "own winograd") {
        var call = bound
        kk_winograd_convolution(&call, scratch)
      }
    ]
  }

  /// The transformed kernel of a node: made now if it is constant, else in each run.
  private func winogradWeights(
    _ node: Int, _ geometry: WinogradGeometry, turned: Bool
  ) throws(EngineError) -> (UnsafeMutablePointer<Float>, [Step]) {
    let value = concrete.graph.nodes[node].operands[1]
    let (channels, filters) = (geometry.channels, geometry.filters)
    if isConstant(value) {
      let part = PreparedWeights.PackedPart(
        value: concrete.root(value), form: .winograd(turned: turned), columns: filters)
      let buffer = try preparedWeights(of: value).packed(part) { () throws(EngineError) in
        let packed = try FloatBuffer(count: geometry.weightCount, isZeroed: false)
        try withElements(of: value) { source in
          kk_winograd_weights(packed.pointer, source, channels, filters, turned ? 1 : 0)
        }
        return packed
      }
      retainWeights(buffer)
      return (buffer.pointer, [])
    }
    if let target = sharing.winogradWeights(concrete.root(value), turned: turned) { return (target, []) }
    let (source, target) = (try pointer(value), try persistent(geometry.weightCount))
    sharing.add(winogradWeights: target, of: concrete.root(value), turned: turned)
    let transform = Step(
      name: "reorder", scope: concrete.graph.nodes[value.node].scope, implementation: "own winograd weights"
    ) { kk_winograd_weights(target, source, channels, filters, turned ? 1 : 0) }
    return (target, [transform])
  }
}
