import CKernels
import KerasCore
import KerasGraph

/// Memory for the weights of one step at a time, in plans that run once: new memory is cleared by the system before it
/// can be filled, which takes longer than reading a file that is in its cache.
final class PassingWeights {
  /// Weights as they are in the file, and in a step's own order.
  private var read = Block()
  private var ordered = Block()

  private struct Block {
    var largest = 0
    var buffer: FloatBuffer?

    /// Room for what any step so far has asked for, since the largest kernels come last.
    mutating func pointer() throws(EngineError) -> UnsafeMutablePointer<Float> {
      if let buffer, buffer.count >= largest { return buffer.pointer }
      buffer = nil
      let room = try FloatBuffer(count: largest, isZeroed: false)
      buffer = room
      return room.pointer
    }
  }

  /// Floats from which on weights are worth reading later.
  static let leastCount = 1 << 16

  func reserve(read: Int, ordered: Int = 0) {
    self.read.largest = max(self.read.largest, read)
    self.ordered.largest = max(self.ordered.largest, ordered)
  }

  /// For weights as they are in the file; overwritten by the next step that asks.
  func readPointer() throws(EngineError) -> UnsafeMutablePointer<Float> { try read.pointer() }

  /// For a step's own order, likewise.
  func orderedPointer() throws(EngineError) -> UnsafeMutablePointer<Float> { try ordered.pointer() }
}

extension PlanCompiler {
  /// A product whose weights are multiplied as they are read; `nil` where they are kept, or worth keeping.
  func passingProductSteps(
    _ product: FusedProduct, _ geometry: MatmulGeometry
  ) throws(EngineError) -> [Step]? {
    let operands = concrete.graph.nodes[product.node].operands
    let (rows, inner, columns) = (geometry.rows, geometry.inner, geometry.columns)
    guard let passing, inner * columns >= PassingWeights.leastCount, let read = partReader(of: operands[1]) else {
      return nil
    }
    let parts = MatrixParts(rows: inner, columns: columns)
    passing.reserve(read: parts.floatCount)
    let (x, target) = (try pointer(operands[0]), try plainTarget(product))
    let multiply = productStep(product, "own, weights as read") { () throws(EngineError) in
      let part = try passing.readPointer()
      try parts.forEach(in: part, read) { first, count in
        kk_small_product(
          target, columns, x + first, inner, part, columns, rows, count, columns, first > 0 ? 1 : 0)
      }
    }
    return try [multiply] + [epilogueStep(product, from: target, withBias: true)].compactMap { $0 }
  }

  /// Transforms a kernel for Winograd's products when it is needed; `nil` where it is kept, or worth keeping.
  func passingWinogradWeights(
    _ value: Value, _ geometry: WinogradGeometry
  ) throws(EngineError) -> (() throws(EngineError) -> UnsafeMutablePointer<Float>)? {
    guard let passing, geometry.weightCount >= PassingWeights.leastCount, let name = unreadParameter(value) else {
      return nil
    }
    let (channels, filters, parameters) = (geometry.channels, geometry.filters, parameters)
    let (count, read) = (concrete.count(value), partReader(of: value))
    passing.reserve(read: read == nil ? 0 : count, ordered: geometry.weightCount)
    return { () throws(EngineError) in
      let ordered = try passing.orderedPointer()
      func transform(_ kernel: UnsafeMutablePointer<Float>) {
        kk_winograd_weights(ordered, kernel, channels, filters, 0)
      }
      if let read {
        let kernel = try passing.readPointer()
        try read(0, UnsafeMutableBufferPointer(start: kernel, count: count))
        transform(kernel)
      } else {
        try parameters.unread(name).withEngineElements(asInt: false, transform)
      }
      return ordered
    }
  }
}
