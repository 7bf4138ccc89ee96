import KerasCore
import KerasGraph

/// Images read at other places than their own pixels, as TensorFlow's `ImageProjectiveTransformV3` does.
///
/// Images are `(batch, rows, columns, channels)`; places have one number per pixel of the result. Measured on
/// TensorFlow 2.21 (`Tools/fixtures/augmentation.py`).
struct ImageSampling: Sendable {
  enum FillMode: String, Sendable, CaseIterable { case constant, reflect, wrap, nearest }

  var isNearest: Bool
  var fillMode: FillMode
  var fillValue: Float

  init(isNearest: Bool = false, fillMode: FillMode = .constant, fillValue: Float = 0) {
    self.isNearest = isNearest
    self.fillMode = fillMode
    self.fillValue = fillValue
  }

  /// The images moved by matrices: the result's pixel (x, y) is read at (a0·x + a1·y + a2, b0·x + b1·y + b2).
  ///
  /// `matrix` holds a0, a1, a2, b0, b1, b2 as `(batch, 1, 1, 1)`.
  func affine(_ images: Value, _ matrix: [Value], _ context: inout LoweringContext) throws(ModelError) -> Value {
    let grid = try PixelGrid(images, &context)
    return try sampled(
      images, rows: grid.plane(matrix[3...5], &context), columns: grid.plane(matrix[0...2], &context), &context)
  }

  /// As `affine`, divided by c0·x + c1·y + 1: `matrix` goes on with c0 and c1.
  ///
  /// Where the divisor is 0 the fill value is taken.
  func projected(_ images: Value, _ matrix: [Value], _ context: inout LoweringContext) throws(ModelError) -> Value {
    let grid = try PixelGrid(images, &context)
    let divisor = try grid.plane([matrix[6], matrix[7], context.constant(1)], &context)
    let isZero = try context.f(.equal, divisor, 0)
    let safe = try context.op(.select, isZero, context.constant(1), divisor)
    let rows = try context.f(.divide, grid.plane(matrix[3...5], &context), safe)
    let columns = try context.f(.divide, grid.plane(matrix[0...2], &context), safe)
    let result = try sampled(images, rows: rows, columns: columns, &context)
    return try context.op(.select, isZero, context.constant(fillValue), result)
  }

  /// The images at the given rows and columns, `(batch or 1, rows, columns, 1)` floats.
  func sampled(
    _ images: Value, rows: Value, columns: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    // A border of the fill value makes all that lies outside one pixel wide.
    let border: Float = fillMode == .constant ? 1 : 0
    var source = images
    if border > 0 {
      source = try context.op(.pad(before: [0, 1, 1, 0], after: [0, 1, 1, 0], value: fillValue), images)
    }
    let pixels = try PixelTable(source, &context)
    let height = try context.size(of: images, axis: 1)
    let width = try context.size(of: images, axis: 2)
    let y = try context.shifted(inside(rows, height, &context), by: border)
    let x = try context.shifted(inside(columns, width, &context), by: border)
    if isNearest {
      return try pixels.gathered(rows: rounded(y, &context), columns: rounded(x, &context), &context)
    }
    let (top, left) = (try context.f(.floor, y), try context.f(.floor, x))
    let (bottom, right) = (try context.shifted(top, by: 1), try context.shifted(left, by: 1))
    let (down, along) = (try context.f(.subtract, y, top), try context.f(.subtract, x, left))
    func row(_ y: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let first = try pixels.gathered(rows: y, columns: left, &context)
      let second = try pixels.gathered(rows: y, columns: right, &context)
      return try context.blended(first, second, share: along)
    }
    return try context.blended(row(top, &context), row(bottom, &context), share: down)
  }

  /// To whole numbers, halves away from 0; all are above −0.5 once the border is counted.
  private func rounded(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    // A half below the image belongs to the border, as it does for C's `round` of negative halves.
    guard fillMode == .constant else { return try context.f(.floor, context.shifted(x, by: 0.5)) }
    let up = try context.f(.floor, context.shifted(x, by: 0.5))
    let down = try context.f(.ceiling, context.shifted(x, by: -0.5))
    return try context.op(.select, context.f(.less, x, 1), down, up)
  }

  /// Places mapped into the image as `MapCoordinate` in TensorFlow's `image_ops.h` does.
  ///
  /// With a constant fill they stop one pixel outside.
  private func inside(
    _ place: Value, _ length: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let last = try context.shifted(length, by: -1)
    let isBefore = try context.f(.less, place, 0)
    func periods(_ x: Value, _ period: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
      try context.f(.floor, context.f(.divide, x, period))
    }
    var mapped = place
    switch fillMode {
    case .constant:
      return try context.f(.maximum, context.f(.minimum, place, length), -1)
    case .nearest: break
    case .reflect:
      let twice = try context.scaled(length, by: 2)
      let turned = try context.f(.negate, place)
      let lifted = try context.f(.add, place, context.f(.multiply, twice, periods(turned, twice, &context)))
      let before = try context.op(
        .select, context.f(.less, lifted, context.f(.negate, length)), context.f(.add, lifted, twice),
        context.f(.subtract, context.constant(-1), lifted))
      let lowered = try context.f(.subtract, place, context.f(.multiply, twice, periods(place, twice, &context)))
      let behind = try context.op(
        .select, context.f(.greaterOrEqual, lowered, length),
        context.f(.subtract, context.shifted(twice, by: -1), lowered), lowered)
      mapped = try context.op(.select, isBefore, before, behind)
    case .wrap:
      // TensorFlow counts periods of one pixel less than it moves by.
      let period = try context.f(.maximum, last, 1)
      let count = try context.shifted(periods(context.f(.negate, place), period, &context), by: 1)
      let before = try context.f(.add, place, context.f(.multiply, length, count))
      let behind = try context.f(
        .subtract, place, context.f(.multiply, length, periods(place, period, &context)))
      mapped = try context.op(
        .select, isBefore, before, context.op(.select, context.f(.greater, place, last), behind, place))
    }
    return try context.f(.maximum, context.f(.minimum, mapped, last), 0)
  }
}

/// The pixels of images as rows of one table.
struct PixelTable: Sendable {
  private let table: Value
  /// The first pixel of each image, int32 `(batch, 1, 1, 1)`.
  private let first: Value
  private let width: Value
  private let lastRow: Value
  private let lastColumn: Value
  private let channels: TargetDimension
  private let images: Value

  init(_ images: Value, _ context: inout LoweringContext) throws(ModelError) {
    self.images = images
    channels = context.dimensions(of: images, operand: 1)[3]
    table = try context.op(.reshape([.inferred, context.dimensions(of: images)[3]]), images)
    let height = try context.size(of: images, axis: 1, .int32)
    width = try context.size(of: images, axis: 2, .int32)
    let number = try context.op(.iota(axis: 0), context.perSample(images))
    first = try context.f(.multiply, number, context.f(.multiply, height, width))
    lastRow = try context.shifted(context.size(of: images, axis: 1), by: -1)
    lastColumn = try context.shifted(context.size(of: images, axis: 2), by: -1)
  }

  /// The pixels at whole rows and columns, floats `(batch or 1, rows, columns, 1)`; one outside is the nearest inside.
  func gathered(
    rows: Value, columns: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let y = try context.cast(context.f(.maximum, context.f(.minimum, rows, lastRow), 0), to: .int32)
    let x = try context.cast(context.f(.maximum, context.f(.minimum, columns, lastColumn), 0), to: .int32)
    let place = try context.f(.add, first, context.f(.add, context.f(.multiply, y, width), x))
    let pixels = try context.op(.gatherRows, table, place)
    let sizes = context.dimensions(of: pixels)
    return try context.op(.reshape([sizes[0], sizes[1], sizes[2], channels]), pixels, images)
  }
}

/// The columns x and rows y of an image's pixels as floats.
struct PixelGrid: Sendable {
  let x: Value
  let y: Value

  init(_ images: Value, _ context: inout LoweringContext) throws(ModelError) {
    let corner = try context.sliced(context.sliced(images, axis: 0, from: 0, to: 1), axis: 3, from: 0, to: 1)
    x = try context.cast(
      context.op(.iota(axis: 2), context.sliced(corner, axis: 1, from: 0, to: 1)), to: .float32)
    y = try context.cast(
      context.op(.iota(axis: 1), context.sliced(corner, axis: 2, from: 0, to: 1)), to: .float32)
  }

  /// f₀·x + f₁·y + f₂ for each pixel.
  func plane(_ factors: ArraySlice<Value>, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try plane(Array(factors), &context)
  }

  func plane(_ factors: [Value], _ context: inout LoweringContext) throws(ModelError) -> Value {
    let across = try context.f(.add, context.f(.multiply, factors[0], x), context.f(.multiply, factors[1], y))
    return try context.f(.add, across, factors[2])
  }
}

extension LoweringContext {
  /// The size of an axis as a number of the graph.
  mutating func size(of x: Value, axis: Int, _ dtype: DType = .float32) throws(ModelError) -> Value {
    guard dtype == .float32, let known = shape(x)[axis] else { return try op(.dimension(axis: axis, dtype), x) }
    return constant(Float(known))
  }

  /// One element of each image, `(batch, 1, 1, 1)`: what has a number for each image has this shape.
  mutating func perSample(_ images: Value) throws(ModelError) -> Value {
    var part = images
    for axis in 1..<max(shape(images).rank, 1) { part = try sliced(part, axis: axis, from: 0, to: 1) }
    return part
  }

  /// a + (b − a)·share in TensorFlow's order of steps.
  mutating func blended(_ a: Value, _ b: Value, share: Value) throws(ModelError) -> Value {
    try f(.add, f(.multiply, f(.subtract, constant(1), share), a), f(.multiply, share, b))
  }
}
