import CKernels
import COneDNN

/// A matrix in row-major order with a stride between rows.
struct Matrix {
  var pointer: UnsafeMutablePointer<Float>
  var stride: Int
  var isTransposed = false
}

/// c = [c +] a · b, with `rows` × `inner` by `inner` × `columns` as multiplied.
func multiply(
  _ a: Matrix, _ b: Matrix, into c: Matrix, rows: Int, inner: Int, columns: Int, accumulating: Bool
) throws(EngineError) {
  if rows == 0 || columns == 0 { return }
  if rows <= 4, !a.isTransposed {
    if b.isTransposed {
      kk_small_product_transposed(
        c.pointer, c.stride, a.pointer, a.stride, b.pointer, b.stride, rows, columns, inner, accumulating ? 1 : 0)
    } else {
      kk_small_product(
        c.pointer, c.stride, a.pointer, a.stride, b.pointer, b.stride, rows, inner, columns, accumulating ? 1 : 0)
    }
    return
  }
  let (no, yes) = (CChar(78), CChar(84))  // 'N', 'T'
  try check(
    dnnl_sgemm(
      a.isTransposed ? yes : no, b.isTransposed ? yes : no, Int64(rows), Int64(columns), Int64(inner), 1, a.pointer,
      Int64(a.stride), b.pointer, Int64(b.stride), accumulating ? 1 : 0, c.pointer, Int64(c.stride)), "sgemm")
}
