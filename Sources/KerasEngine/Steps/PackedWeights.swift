import CKernels
import KerasGraph

/// The rows of a matrix that is read part by part.
struct MatrixParts {
  let rows: Int
  let columns: Int

  /// Floats that are read at a time: they stay in a processor's cache until they are used.
  private static let partCount = 1 << 18

  private var rowsAtOnce: Int { min(rows, max(1, Self.partCount / max(columns, 1))) }
  /// Room for a part.
  var floatCount: Int { rowsAtOnce * columns }

  /// Reads each part to `memory` and hands it on.
  func forEach(
    in memory: UnsafeMutablePointer<Float>,
    _ read: (_ first: Int, _ target: UnsafeMutableBufferPointer<Float>) throws(EngineError) -> Void,
    _ body: (_ firstRow: Int, _ rowCount: Int) -> Void
  ) throws(EngineError) {
    for first in Swift.stride(from: 0, to: rows, by: max(rowsAtOnce, 1)) {
      let count = min(rowsAtOnce, rows - first)
      try read(first * columns, UnsafeMutableBufferPointer(start: memory, count: count * columns))
      body(first, count)
    }
  }
}

extension PlanCompiler {
  /// Columns of a constant matrix in the order of `kk_packed_product`; `inner` × all columns, or transposed.
  func packedWeights(
    _ part: PreparedWeights.PackedPart, inner: Int, stride: Int
  ) throws(EngineError) -> UnsafeMutablePointer<Float> {
    let (first, columns) = (part.firstColumn, part.columns)
    let buffer = try preparedWeights(of: part.value).packed(part) { () throws(EngineError) in
      let packed = try FloatBuffer(count: kk_packed_count(inner, columns), isZeroed: false)
      if part.form == .matrix, columns == stride, let read = partReader(of: part.value) {
        try pack(inner, columns, to: packed, read)
        return packed
      }
      try withElements(of: part.value) { (source) throws(EngineError) in
        if part.form == .transposedMatrix {
          let turned = try FloatBuffer(count: inner * columns, isZeroed: false)
          kk_turn(turned.pointer, source, inner, columns, inner)
          kk_pack(packed.pointer, turned.pointer, columns, inner, columns)
        } else {
          kk_pack(packed.pointer, source + first, stride, inner, columns)
        }
      }
      return packed
    }
    retainWeights(buffer)
    return buffer.pointer
  }

  /// Packs rows as they are read, so that the matrix is never in memory twice.
  private func pack(
    _ rows: Int, _ columns: Int, to packed: FloatBuffer,
    _ read: (_ first: Int, _ target: UnsafeMutableBufferPointer<Float>) throws(EngineError) -> Void
  ) throws(EngineError) {
    let parts = MatrixParts(rows: rows, columns: columns)
    let part = try FloatBuffer(count: parts.floatCount, isZeroed: false)
    try parts.forEach(in: part.pointer, read) { first, count in
      kk_pack_rows(packed.pointer, part.pointer, columns, rows, columns, first, count)
    }
  }
}
