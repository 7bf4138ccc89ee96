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
  /// Floats of a matrix that are read at a time: they stay in a processor's cache until they are multiplied.
  static let partCount = 1 << 18

  func reserve(read: Int, ordered: Int = 0) {
    self.read.largest = max(self.read.largest, read)
    self.ordered.largest = max(self.ordered.largest, ordered)
  }

  /// A step's own order; overwritten by the next step that asks.
  func orderedPointer() throws(EngineError) -> UnsafeMutablePointer<Float> { try ordered.pointer() }

  /// Gives `body` a parameter's elements, read now.
  func withElements(
    of name: String, in parameters: ParameterStore, count: Int,
    _ body: (UnsafeMutablePointer<Float>) throws(EngineError) -> Void
  ) throws(EngineError) {
    guard let readPart = parameters.source(name)?.readPart else {
      return try parameters.unread(name).withEngineElements(asInt: false, body)
    }
    let target = try read.pointer()
    try ParameterStore.reading(name) { try readPart(0, UnsafeMutableRawBufferPointer(start: target, count: count * 4)) }
    try body(target)
  }

  /// Gives `body` rows of a matrix parameter, a part of them at a time, from the first to the last.
  func withRows(
    of name: String, rows: Int, columns: Int,
    _ readPart: (Int, UnsafeMutableRawBufferPointer) throws -> Void,
    _ body: (_ first: Int, _ count: Int, UnsafeMutablePointer<Float>) -> Void
  ) throws(EngineError) {
    let most = Self.rowsAtOnce(columns: columns)
    let target = try read.pointer()
    for first in stride(from: 0, to: rows, by: most) {
      let count = min(most, rows - first)
      try ParameterStore.reading(name) {
        try readPart(first * columns * 4, UnsafeMutableRawBufferPointer(start: target, count: count * columns * 4))
      }
      body(first, count, target)
    }
  }

  static func rowsAtOnce(columns: Int) -> Int { max(1, partCount / max(columns, 1)) }
}

extension PlanCompiler {
  /// A product whose weights are multiplied as they are read; `nil` where they are kept, or worth keeping.
  func passingProductSteps(
    _ product: FusedProduct, _ geometry: MatmulGeometry
  ) throws(EngineError) -> [Step]? {
    let operands = concrete.graph.nodes[product.node].operands
    let (rows, inner, columns) = (geometry.rows, geometry.inner, geometry.columns)
    guard let passing, inner * columns >= PassingWeights.leastCount, let name = unreadParameter(operands[1]),
      let readPart = parameters.source(name)?.readPart
    else { return nil }
    passing.reserve(read: min(inner, PassingWeights.rowsAtOnce(columns: columns)) * columns)
    let x = try pointer(operands[0])
    let target =
      try sumsInPlace.contains(product.node)
      ? persistent(concrete.count(product.result)) : pointer(product.result)
    let multiply = productStep(product, "own, weights as read") { () throws(EngineError) in
      try passing.withRows(of: name, rows: inner, columns: columns, readPart) { first, count, part in
        kk_small_product(
          target, columns, x + first, inner, part, columns, rows, count, columns, first > 0 ? 1 : 0)
      }
    }
    return try [multiply] + [epilogueStep(product, from: target, withBias: true)].compactMap { $0 }
  }

  /// Transforms a kernel for Winograd's products when it is needed; `nil` where it is kept, or worth keeping.
  func passingWinogradWeights(
    _ value: Value, _ geometry: WinogradGeometry, turned: Bool
  ) throws(EngineError) -> (() throws(EngineError) -> UnsafeMutablePointer<Float>)? {
    guard let passing, geometry.weightCount >= PassingWeights.leastCount, let name = unreadParameter(value) else {
      return nil
    }
    let (channels, filters, parameters) = (geometry.channels, geometry.filters, parameters)
    let count = concrete.count(value)
    passing.reserve(read: count, ordered: geometry.weightCount)
    return { () throws(EngineError) in
      let ordered = try passing.orderedPointer()
      try passing.withElements(of: name, in: parameters, count: count) { source in
        kk_winograd_weights(ordered, source, channels, filters, turned ? 1 : 0)
      }
      return ordered
    }
  }
}
