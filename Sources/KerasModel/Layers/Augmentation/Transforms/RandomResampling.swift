import KerasCore
import KerasGraph

/// Images resampled to a size that is known only when the graph runs.
extension LoweringContext {
  /// Channels-last images resampled along axis 1 or 2 to as many places as `carrier`, a vector, has elements.
  ///
  /// As `resampled`, with the weights computed by the graph; `nearest`, `bilinear` and `bicubic` only.
  mutating func resampled(
    _ x: Value, axis: Int, toSizeOf carrier: Value, _ interpolation: Interpolation
  ) throws(ModelError) -> Value {
    let source = try size(of: x, axis: axis)
    let target = try op(.dimension(axis: 0, .float32), carrier)
    // Rows are new places, columns old ones.
    let number = try cast(op(.iota(axis: 0), carrier), to: .float32)
    let rows = try op(.reshape([.inferred, .fixed(1)]), number)
    let pattern = try op(.reshape([.inferred]), sliced(line(of: x, axis: axis), axis: 0, from: 0, to: nil))
    let columns = try op(.reshape([.fixed(1), .inferred]), cast(op(.iota(axis: 0), pattern), to: .float32))
    let centres = try f(.multiply, shifted(rows, by: 0.5), f(.divide, source, target))
    let matrix = try weights(interpolation, centres, columns, last: shifted(source, by: -1))
    if axis == 2 { return try op(.matmul(transposeA: false, transposeB: false), matrix, x) }
    let turned = try op(.transpose([0, 2, 1, 3]), x)
    let product = try op(.matmul(transposeA: false, transposeB: false), matrix, turned)
    return try op(.transpose([0, 2, 1, 3]), product)
  }

  /// One element for each place along an axis.
  private mutating func line(of x: Value, axis: Int) throws(ModelError) -> Value {
    var part = x
    for other in 0..<shape(x).rank where other != axis { part = try sliced(part, axis: other, from: 0, to: 1) }
    return part
  }

  private mutating func weights(
    _ interpolation: Interpolation, _ centres: Value, _ columns: Value, last: Value
  ) throws(ModelError) -> Value {
    switch interpolation {
    case .nearest:
      let place = try f(.minimum, f(.floor, centres), last)
      return try cast(f(.equal, columns, place), to: .float32)
    case .bilinear:
      let place = try f(.maximum, f(.minimum, shifted(centres, by: -0.5), last), 0)
      let distance = try f(.absolute, f(.subtract, columns, place))
      return try f(.relu, shifted(f(.negate, distance), by: 1))
    case .bicubic:
      let place = try shifted(centres, by: -0.5)
      let lower = try f(.floor, place)
      // TensorFlow looks its weights up in a table of 1024 steps.
      let share = try scaled(
        f(.roundHalfToEven, scaled(f(.subtract, place, lower), by: 1024)), by: 1.0 / 1024)
      let distance = try f(.absolute, f(.subtract, f(.subtract, columns, lower), share))
      let near = try polynomial([1.5, -2.5, 0, 1], distance)
      let far = try polynomial([-0.5, 2.5, -4, 2], distance)
      let inner = try op(.select, f(.lessOrEqual, distance, 1), near, far)
      let kernel = try op(.select, f(.less, distance, 2), inner, constant(0))
      return try f(.divide, kernel, total(kernel, [1], keeps: true))
    default:
      throw ModelError(.unsupported("training with a random size and interpolation '\(interpolation.rawValue)'"))
    }
  }
}
