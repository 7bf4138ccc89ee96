import KerasCore
import KerasGraph

/// Rectangles in images, and images in another order.
extension LoweringContext {
  /// A random place for a rectangle of the given shares of the image's width and height.
  ///
  /// Its sides are `x0`, `x1`, `y0`, `y1` in pixels, for each image.
  mutating func rectangle(in images: Value, across: Value, down: Value) throws(ModelError) -> Draws {
    var draws = Draws()
    let pattern = try perSample(images)
    for (name, axis, ratio) in [("x", 2, across), ("y", 1, down)] {
      let length = try size(of: images, axis: axis)
      let part = try f(.multiply, ratio, length)
      let start = try f(.multiply, uniform(like: pattern), f(.subtract, length, part))
      draws[name + "0"] = start
      draws[name + "1"] = try f(.add, start, part)
    }
    return draws
  }

  /// Which pixels lie inside the rectangles, bool `(batch, rows, columns, 1)`.
  mutating func isInside(_ draws: Draws, of images: Value) throws(ModelError) -> Value {
    let grid = try PixelGrid(images, &self)
    func between(
      _ place: Value, _ low: Value, _ high: Value, _ context: inout LoweringContext
    ) throws(ModelError) -> Value {
      try context.f(
        .logicalAnd, context.f(.greaterOrEqual, place, low), context.f(.less, place, high))
    }
    return try f(
      .logicalAnd, between(grid.x, draws("x0"), draws("x1"), &self), between(grid.y, draws("y0"), draws("y1"), &self))
  }

  /// The batch's images in a random order: their numbers, int32 `(batch)`.
  mutating func permutation(of images: Value) throws(ModelError) -> Value {
    // The rank of each number drawn among all of them.
    let pattern = try perSample(images)
    let column = try op(.reshape([.inferred, .fixed(1)]), uniform(like: pattern))
    let row = try op(.transpose([1, 0]), column)
    let place = try op(.iota(axis: 0), column)
    let isBefore = try f(.logicalAnd, f(.equal, row, column), f(.less, op(.transpose([1, 0]), place), place))
    let isSmaller = try f(.logicalOr, f(.less, row, column), isBefore)
    return try cast(total(cast(isSmaller, to: .float32), [1]), to: .int32)
  }
}
