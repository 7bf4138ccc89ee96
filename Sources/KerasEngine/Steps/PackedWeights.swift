import CKernels
import KerasGraph

extension PlanCompiler {
  /// Floats of a large matrix that are read at a time: they stay in a processor's cache until they are packed.
  private static let partCount = 1 << 18

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
    let most = min(rows, max(1, Self.partCount / max(columns, 1)))
    let part = try FloatBuffer(count: most * columns, isZeroed: false)
    for first in Swift.stride(from: 0, to: rows, by: most) {
      let count = min(most, rows - first)
      try read(first * columns, UnsafeMutableBufferPointer(start: part.pointer, count: count * columns))
      kk_pack_rows(packed.pointer, part.pointer, columns, rows, columns, first, count)
    }
  }
}
