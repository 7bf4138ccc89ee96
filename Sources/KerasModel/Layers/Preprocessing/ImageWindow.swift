import KerasCore
import KerasGraph

/// Images `(batch, rows, columns, channels)` cut out, surrounded and resized, as Keras' image layers do.
struct ImageWindow: Sendable {
  let height: Int
  let width: Int

  /// The image resized to the window.
  func resized(
    _ x: Value, _ interpolation: Interpolation, antialias: Bool = false, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var y = x
    for (axis, target) in [(1, height), (2, width)] {
      // Some kernels change an image of the same size.
      if context.shape(y)[axis] != target || !interpolation.keepsPixels {
        y = try context.resampled(y, axis: axis, to: target, interpolation, antialias: antialias)
      }
    }
    return y
  }

  /// The largest part around the centre that has the window's aspect ratio.
  func croppedToAspect(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let (rows, columns) = (try context.shape(x).known(axis: 1), try context.shape(x).known(axis: 2))
    let part = aspectPart(rows: rows, columns: columns)
    return try cut(x, rows: part.rows, columns: part.columns, &context)
  }

  /// The size of that part.
  func aspectPart(rows: Int, columns: Int) -> (rows: Int, columns: Int) {
    let wanted = fitting(rows, columns)
    return (max(min(rows, wanted.rows), 1), max(min(columns, wanted.columns), 1))
  }

  /// The image with a border of `value` that gives it the window's aspect ratio.
  func paddedToAspect(_ x: Value, value: Float, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let (rows, columns) = (try context.shape(x).known(axis: 1), try context.shape(x).known(axis: 2))
    let (wantedRows, wantedColumns) = fitting(rows, columns)
    // The same on both sides: an odd row or column is left out.
    let border = [0, max(wantedRows - rows, 0) / 2, max(wantedColumns - columns, 0) / 2, 0]
    return try context.op(.pad(before: border, after: border, value: value), x)
  }

  /// The part around the centre of the given size.
  func cut(
    _ x: Value, rows: Int, columns: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let top = (try context.shape(x).known(axis: 1) - rows) / 2
    let left = (try context.shape(x).known(axis: 2) - columns) / 2
    let y = try context.sliced(x, axis: 1, from: top, to: top + rows)
    return try context.sliced(y, axis: 2, from: left, to: left + columns)
  }

  /// The rows that fit the columns in the window's aspect ratio, and the other way round.
  private func fitting(_ rows: Int, _ columns: Int) -> (rows: Int, columns: Int) {
    (
      Int(Double(columns) * Double(height) / Double(width)), Int(Double(rows) * Double(width) / Double(height))
    )
  }
}
