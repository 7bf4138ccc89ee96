/// A matrix product's sizes and strides, with as few batch axes as the operands allow.
struct MatmulGeometry {
  /// Batch axes, then rows and columns as multiplied.
  var a: [Int]
  var b: [Int]
  var y: [Int]
  var aStrides: [Int]
  var bStrides: [Int]

  var rows: Int { y[y.count - 2] }
  var columns: Int { y[y.count - 1] }
  var inner: Int { a[a.count - 1] }

  init(a aShape: [Int], b bShape: [Int], y yShape: [Int], transposeA: Bool, transposeB: Bool) {
    let (aBatch, bBatch) = (Array(aShape.dropLast(2)), Array(bShape.dropLast(2)))
    let aRows = aShape[aShape.count - 2], aColumns = aShape[aShape.count - 1]
    let bRows = bShape[bShape.count - 2], bColumns = bShape[bShape.count - 1]
    let batch: [Int]
    var rows = transposeA ? aColumns : aRows
    let inner = transposeA ? aRows : aColumns
    let columns = transposeB ? bRows : bColumns
    let aCount = aBatch.reduce(1, *), bCount = bBatch.reduce(1, *)
    var aLead: [Int]
    var bLead: [Int]
    if bCount == 1, !transposeA || aCount == 1 {
      // All rows of all batches meet one matrix.
      rows *= aCount
      (batch, aLead, bLead) = ([], [], [])
    } else if aBatch == bBatch {
      (batch, aLead, bLead) = ([aCount], [aCount], [aCount])
    } else {
      batch = Array(yShape.dropLast(2))
      aLead = [Int](repeating: 1, count: batch.count - aBatch.count) + aBatch
      bLead = [Int](repeating: 1, count: batch.count - bBatch.count) + bBatch
    }
    a = aLead + [rows, inner]
    b = bLead + [inner, columns]
    y = batch + [rows, columns]
    let aOwn = denseStrides(aLead + (transposeA ? [inner, rows] : [rows, inner]))
    let bOwn = denseStrides(bLead + (transposeB ? [columns, inner] : [inner, columns]))
    aStrides = transposeA ? Array(aOwn.dropLast(2)) + [aOwn[aOwn.count - 1], aOwn[aOwn.count - 2]] : aOwn
    bStrides = transposeB ? Array(bOwn.dropLast(2)) + [bOwn[bOwn.count - 1], bOwn[bOwn.count - 2]] : bOwn
  }
}
