import CKernels
import KerasGraph

extension PlanCompiler {
  /// Columns of a constant matrix in the order of `kk_packed_product`; `inner` × all columns, or transposed.
  func packedWeights(
    _ part: PreparedWeights.PackedPart, inner: Int, stride: Int
  ) throws(EngineError) -> UnsafeMutablePointer<Float> {
    let source = try readOnce(part.value)
    let (first, columns) = (part.firstColumn, part.columns)
    let buffer = try preparedWeights(of: part.value).packed(part) { () throws(EngineError) in
      let packed = try FloatBuffer(count: kk_packed_count(inner, columns))
      if part.form == .transposedMatrix {
        let turned = try FloatBuffer(count: inner * columns)
        let numbers = IndexArray([inner, columns, columns, 1, 1, inner])
        kk_copy(2, numbers.pointer, turned.pointer, numbers.pointer + 2, source, numbers.pointer + 4)
        kk_pack(packed.pointer, turned.pointer, columns, inner, columns)
      } else {
        kk_pack(packed.pointer, source + first, stride, inner, columns)
      }
      return packed
    }
    retain(buffer)
    return buffer.pointer
  }
}
