import CKernels

/// The product of a recurrence's inputs with their weights, for many time steps at once.
struct InputProduct {
  private let inner: Int
  private let columns: Int
  private let packed: UnsafeMutablePointer<Float>?
  /// As they are in the graph, where they are not packed.
  private let weights: UnsafeMutablePointer<Float>?

  /// Up to so many inputs a block of packed weights stays in the second-level cache while all rows pass.
  private static let mostPacked = 1024

  init(_ layout: RecurrenceLayout, compiler: PlanCompiler) throws(EngineError) {
    inner = layout.inputs
    columns = layout.gates
    if compiler.isConstant(layout.kernel), inner > 0, inner <= Self.mostPacked {
      weights = nil
      packed = try compiler.packedWeights(
        .init(value: compiler.concrete.root(layout.kernel), columns: columns), inner: inner, stride: columns)
    } else {
      weights = inner > 0 ? try compiler.pointer(layout.kernel) : nil
      packed = nil
    }
  }

  /// result = x · weights + bias, of `rows` rows of the inputs.
  func multiply(
    _ x: UnsafeMutablePointer<Float>, into result: UnsafeMutablePointer<Float>, rows: Int,
    bias: UnsafeMutablePointer<Float>?
  ) throws(EngineError) {
    if let packed {
      kk_packed_product(result, columns, x, inner, packed, rows, inner, columns, 0, bias, 0)
      return
    }
    if let bias {
      for row in 0..<rows { (result + row * columns).update(from: bias, count: columns) }
    } else if weights == nil {
      result.update(repeating: 0, count: rows * columns)
    }
    guard let weights else { return }
    try KerasEngine.multiply(
      Matrix(pointer: x, stride: inner), Matrix(pointer: weights, stride: columns),
      into: Matrix(pointer: result, stride: columns), rows: rows, inner: inner, columns: columns,
      accumulating: bias != nil)
  }
}
