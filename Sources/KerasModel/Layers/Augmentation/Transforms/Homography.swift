import KerasCore
import KerasGraph

/// A point of an image, for each image of a batch.
struct Corner: Sendable {
  var x: Value
  var y: Value

  /// An image's own corners: top left, top right, bottom left, bottom right.
  static func all(of images: Value, _ context: inout LoweringContext) throws(ModelError) -> [Corner] {
    let right = try context.shifted(context.size(of: images, axis: 2), by: -1)
    let bottom = try context.shifted(context.size(of: images, axis: 1), by: -1)
    let zero = context.constant(0)
    return [
      Corner(x: zero, y: zero), Corner(x: right, y: zero), Corner(x: zero, y: bottom), Corner(x: right, y: bottom),
    ]
  }
}

extension LoweringContext {
  /// The eight numbers of the projection that takes four points to four others (`compute_homography_matrix`).
  mutating func homography(from ends: [Corner], to starts: [Corner]) throws(ModelError) -> [Value] {
    let (zero, one) = (constant(0), constant(1))
    var rows: [[Value]] = []
    for (end, start) in zip(ends, starts) {
      for (place, isFirst) in [(start.x, true), (start.y, false)] {
        let own = [end.x, end.y, one]
        let none = [zero, zero, zero]
        let turned = try f(.negate, place)
        rows.append(
          try (isFirst ? own + none : none + own) + [
            f(.multiply, turned, end.x), f(.multiply, turned, end.y), place,
          ])
      }
    }
    return try solved(rows)
  }

  /// The solution of linear equations whose coefficients are numbers for each image, right side last: elimination that
  /// takes the row with the largest coefficient.
  private mutating func solved(_ equations: [[Value]]) throws(ModelError) -> [Value] {
    var rows = equations
    let count = rows.count
    for pivot in 0..<count {
      // The largest of what is left moves up, for each image on its own.
      for row in (pivot + 1)..<max(count, pivot + 1) {
        let isLarger = try f(.greater, f(.absolute, rows[row][pivot]), f(.absolute, rows[pivot][pivot]))
        for column in pivot...count {
          let (upper, lower) = (rows[pivot][column], rows[row][column])
          rows[pivot][column] = try op(.select, isLarger, lower, upper)
          rows[row][column] = try op(.select, isLarger, upper, lower)
        }
      }
      for column in (pivot + 1)...count {
        rows[pivot][column] = try f(.divide, rows[pivot][column], rows[pivot][pivot])
      }
      for row in 0..<count where row != pivot {
        let factor = rows[row][pivot]
        for column in (pivot + 1)...count {
          rows[row][column] = try f(.subtract, rows[row][column], f(.multiply, factor, rows[pivot][column]))
        }
      }
    }
    return rows.map { $0[count] }
  }
}
