import KerasCore
import KerasGraph

extension BackendFunction {
  /// Parts of images by boxes, and images turned (`tf.image`).
  static let imageCrops: Table = [
    (
      "keraskit>crop_and_resize",
      BackendFunction("image boxes box_indices crop_size method extrapolation_value") {
        arguments, context throws(ModelError) in
        let images = try arguments.float("image", &context)
        let boxes = try arguments.float("boxes", &context)
        try context.shape(images).expectRank(4)
        try context.shape(boxes).expectRank(2)
        let owners = try context.op(
          .reshape([.inferred, .fixed(1), .fixed(1)]),
          context.cast(arguments.value("box_indices", &context), to: .int32))
        let sizes = try arguments.ints("crop_size")
        guard sizes.count == 2, sizes.allSatisfy({ (1...1 << 12).contains($0) }) else {
          throw arguments.unsupported("crop_size", "rows and columns")
        }
        let method = try arguments.optionalString("method") ?? "bilinear"
        guard ["bilinear", "nearest"].contains(method) else {
          throw arguments.unsupported("method", "'bilinear' or 'nearest'")
        }
        let fill = Float(try arguments.double("extrapolation_value", default: 0))
        let rows = try sampled(boxes, from: 0, count: sizes[0], of: images, axis: 1, method, &context)
        let columns = try sampled(boxes, from: 1, count: sizes[1], of: images, axis: 2, method, &context)
        let table = try context.op(
          .reshape([.inferred, context.dimensions(of: images).last ?? .inferred]), images)
        let height = try context.size(of: images, axis: 1, .int32)
        let width = try context.size(of: images, axis: 2, .int32)
        let above = try context.f(.multiply, owners, height)
        var sum: Value?
        for (row, rowShare) in rows.nodes {
          for (column, columnShare) in columns.nodes {
            let line = try context.f(.multiply, context.f(.add, above, context.expanded(row, axis: 2)), width)
            let place = try context.f(.add, line, context.expanded(column, axis: 1))
            let share = try context.f(
              .multiply, context.expanded(rowShare, axis: 2), context.expanded(columnShare, axis: 1))
            let part = try context.f(
              .multiply, context.op(.gatherRows, table, place), context.expanded(share, axis: 3))
            sum = if let total = sum { try context.f(.add, total, part) } else { part }
          }
        }
        guard let sum else { throw arguments.unsupported("boxes", "boxes") }
        let inside = try context.f(
          .multiply, context.expanded(rows.inside, axis: 2), context.expanded(columns.inside, axis: 1))
        return .tensor(
          try context.select(context.f(.greater, context.expanded(inside, axis: 3), 0), sum, fill))
      }
    ),
    // A quarter turn of rows and columns, for one image or a batch of them.
    (
      "keraskit>rot90_image",
      BackendFunction("image k") { arguments, context throws(ModelError) in
        let rank = context.shape(try arguments.float("image", &context)).rank
        guard rank == 3 || rank == 4 else { throw arguments.unsupported("image", "an image or a batch of them") }
        let axes = CallValue.sequence([.int(rank - 3), .int(rank - 2)])
        return try call(
          "rot90", [arguments["image"], arguments["k"].isNone ? .int(1) : arguments["k"], axes], &context)
      }
    ),
  ]

  /// Where the samples of each box lie along one axis of the images: the elements they are made of with their shares,
  /// and 1 where the place lies inside; each `(boxes, count)`.
  private static func sampled(
    _ boxes: Value, from edge: Int, count: Int, of images: Value, axis: Int, _ method: String,
    _ context: inout LoweringContext
  ) throws(ModelError) -> (nodes: [(index: Value, share: Value)], inside: Value) {
    let first = try context.sliced(boxes, axis: 1, from: edge, to: edge + 1)
    let last = try context.sliced(boxes, axis: 1, from: edge + 2, to: edge + 3)
    let end = try context.f(.subtract, context.size(of: images, axis: axis), 1)
    // A single sample lies in the middle.
    let fractions = count == 1 ? [Float(0.5)] : (0..<count).map { Float($0) / Float(count - 1) }
    let data = try LoweringContext.data { () throws(TensorDataError) in
      try TensorData(shape: [1, count], floats: fractions)
    }
    let span = try context.f(.multiply, context.f(.subtract, last, first), end)
    let place = try context.f(
      .add, context.f(.multiply, first, end), context.f(.multiply, span, context.constant(data)))
    let inside = try context.f(
      .multiply, context.op(.cast(.float32), context.f(.greaterOrEqual, place, 0)),
      context.op(.cast(.float32), context.f(.lessOrEqual, place, end)))
    let held = try context.f(.minimum, context.f(.maximum, place, 0), end)
    guard method == "bilinear" else {
      let index = try context.f(.floor, context.shifted(held, by: 0.5))
      return ([(try context.cast(index, to: .int32), try context.shifted(context.scaled(held, by: 0), by: 1))], inside)
    }
    let low = try context.f(.floor, held)
    let share = try context.f(.subtract, held, low)
    let high = try context.f(.minimum, context.shifted(low, by: 1), end)
    let rest = try context.f(.subtract, context.constant(1), share)
    return ([(try context.cast(low, to: .int32), rest), (try context.cast(high, to: .int32), share)], inside)
  }
}
