import CKernels

/// The product of a recurrent state with its weights, or of the gradient of gate sums with their transpose: the same
/// weights at every time step.
struct StateProduct {
  /// As they are in the graph; `nil` where only the packed ones are read.
  private let weights: UnsafeMutablePointer<Float>?
  private let stride: Int
  private let rows: Int
  private let inner: Int
  private let columns: Int
  private let isTransposed: Bool
  private let packed: UnsafeMutablePointer<Float>?
  private let packsInEachRun: Bool
  /// Room for the transpose.
  private let turned: UnsafeMutablePointer<Float>?

  /// Few rows are limited by reading the weights, which is fastest in the order in which they are used.
  ///
  /// `columns` of the recurrent kernel from `firstColumn` on; what a transposed product sums over are these columns.
  init(
    _ layout: RecurrenceLayout, firstColumn: Int, columns: Int, isTransposed: Bool = false, compiler: PlanCompiler
  ) throws(EngineError) {
    stride = layout.gates
    inner = isTransposed ? columns : layout.units
    self.columns = isTransposed ? layout.units : columns
    self.isTransposed = isTransposed
    rows = layout.batch
    let isConstant = compiler.isConstant(layout.recurrentKernel) && !isTransposed
    let isFew = layout.batch <= 64
    // Also for few steps: the order of its sums does not depend on the number of rows.
    packsInEachRun = isFew && !isConstant
    if isFew, isConstant {
      weights = nil
      turned = nil
      packed = try compiler.packedWeights(
        .init(
          value: compiler.concrete.root(layout.recurrentKernel), firstColumn: firstColumn, columns: columns),
        inner: inner, stride: stride)
    } else {
      weights = try compiler.pointer(layout.recurrentKernel) + firstColumn
      packed = try packsInEachRun ? compiler.persistent(kk_packed_count(inner, self.columns)) : nil
      turned = try packsInEachRun && isTransposed ? compiler.persistent(inner * self.columns) : nil
    }
  }

  /// To be called once in each run, since the weights may have changed.
  func prepare() {
    guard packsInEachRun, let packed, let weights else { return }
    guard let turned else { return kk_pack(packed, weights, stride, inner, columns) }
    kk_turn(turned, weights, stride, columns, inner)
    kk_pack(packed, turned, columns, inner, columns)
  }

  func multiply(_ state: Matrix, into result: Matrix, accumulating: Bool) throws(EngineError) {
    if let packed {
      kk_packed_product(
        result.pointer, result.stride, state.pointer, state.stride, packed, rows, inner, columns, accumulating ? 1 : 0,
        nil, 0)
    } else if let weights {
      try KerasEngine.multiply(
        state, Matrix(pointer: weights, stride: stride, isTransposed: isTransposed), into: result, rows: rows,
        inner: inner, columns: columns, accumulating: accumulating)
    }
  }
}
