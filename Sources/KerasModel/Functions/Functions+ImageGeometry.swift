import KerasCore
import KerasGraph

extension BackendFunction {
  /// Images moved, warped and compared (`keras/src/ops/image.py`; computed as on TensorFlow).
  static let imageGeometry: Table = [
    (
      "affine_transform",
      BackendFunction("images transform interpolation fill_mode fill_value data_format") {
        arguments, context throws(ModelError) in
        try warped(arguments, &context) { images, sampling, context throws(ModelError) in
          let matrix = try perImage(arguments.float("transform", &context), count: 8, &context)
          return try sampling.projected(images, matrix, &context)
        }
      }
    ),
    (
      "perspective_transform",
      BackendFunction("images start_points end_points interpolation fill_value data_format") {
        arguments, context throws(ModelError) in
        try warped(arguments, &context) { images, sampling, context throws(ModelError) in
          let starts = try corners("start_points", arguments, &context)
          let ends = try corners("end_points", arguments, &context)
          return try sampling.projected(images, context.homography(from: ends, to: starts), &context)
        }
      }
    ),
    (
      "map_coordinates",
      BackendFunction("inputs coordinates order fill_mode fill_value") { arguments, context throws(ModelError) in
        let order = try arguments.int("order", default: 1)
        guard (0...1).contains(order) else { throw arguments.unsupported("order", "0 or 1") }
        let fill = CoordinateFill(isNearest: order == 0, mode: try coordinateMode(arguments, default: .constant))
        let inputs = try arguments.float("inputs", &context)
        let coordinates = try arguments.float("coordinates", &context)
        let rank = context.shape(inputs).rank
        guard rank > 0, rank <= 8, try context.shape(coordinates).known(axis: 0) == rank else {
          throw ModelError(.inputShape(expected: "\(rank) coordinates", found: context.shape(coordinates)))
        }
        var axes: [[CoordinateFill.Node]] = []
        for axis in 0..<rank {
          let places = try dropped(
            context.sliced(coordinates, axis: 0, from: axis, to: axis + 1), [0], keeps: false, &context)
          axes.append(try fill.nodes(places, size: context.size(of: inputs, axis: axis), &context))
        }
        let table = try context.op(.reshape([.inferred]), inputs)
        let fillValue = Float(try arguments.double("fill_value", default: 0))
        return .tensor(
          try fill.summed(axes, fillValue: fillValue, &context) { places, context throws(ModelError) in
            var place: Value?
            for (axis, index) in places.enumerated() {
              let step = try context.cast(index, to: .int32)
              guard let outer = place else {
                place = step
                continue
              }
              place = try context.f(
                .add, context.f(.multiply, outer, context.size(of: inputs, axis: axis, .int32)), step)
            }
            guard let place else { throw ModelError(.unsupported("map_coordinates without coordinates")) }
            return try context.op(.gatherRows, table, place)
          })
      }
    ),
    (
      // The noise is drawn anew at each run; alpha 0 gives the images themselves.
      "elastic_transform",
      BackendFunction("images alpha sigma interpolation fill_mode fill_value seed data_format") {
        arguments, context throws(ModelError) in
        let (alpha, sigma) = (
          try arguments.double("alpha", default: 20), try arguments.double("sigma", default: 5)
        )
        let isNearest = try arguments.optionalString("interpolation") == "nearest"
        let mode = try coordinateMode(arguments, default: .reflect)
        let field = ElasticField(
          fill: CoordinateFill(isNearest: isNearest, mode: mode),
          fillValue: Float(try arguments.double("fill_value", default: 0)))
        return try batched(arguments, &context) { images, context throws(ModelError) in
          let noise = try context.normal(like: context.sliced(images, axis: 3, from: 0, to: 1))
          return try field.moved(
            images, noise: (noise, noise), alpha: context.constant(Float(alpha)),
            sigma: context.constant(Float(sigma)), largestSigma: sigma, &context)
        }
      }
    ),
    (
      "scale_and_translate",
      BackendFunction("images output_shape scale translation spatial_dims method antialias") {
        arguments, context throws(ModelError) in
        var x = try arguments.float("images", &context)
        let dims = try arguments.ints("spatial_dims")
        let sizes = try arguments.ints("output_shape")
        let scale = try arguments.float("scale", &context)
        let translation = try arguments.float("translation", &context)
        let name = try arguments.optionalString("method") ?? "linear"
        guard let kernel = TranslatedKernel(name) else { throw arguments.unsupported("method", "a known method") }
        let isSmoothed = try arguments.bool("antialias", default: true)
        for (index, dim) in dims.enumerated() {
          let axis = try context.shape(x).axis(dim)
          let target = sizes.indices.contains(axis) ? sizes[axis] : 0
          guard (1...1 << 14).contains(target) else { throw arguments.unsupported("output_shape", "sizes") }
          let weights = try kernel.weights(
            from: context.shape(x).known(axis: axis), to: target,
            scale: context.sliced(scale, axis: 0, from: index, to: index + 1),
            translation: context.sliced(translation, axis: 0, from: index, to: index + 1), antialias: isSmoothed,
            &context)
          var order = Array(0..<context.shape(x).rank)
          order.remove(at: axis)
          order.append(axis)
          var back = Array(0..<order.count)
          for (place, old) in order.enumerated() { back[old] = place }
          let product = try context.op(
            .matmul(transposeA: false, transposeB: false), context.op(.transpose(order), x), weights)
          x = try context.op(.transpose(back), product)
        }
        return .tensor(x)
      }
    ),
    (
      "ssim",
      BackendFunction("image1 image2 max_val filter_size filter_sigma k1 k2 data_format") {
        arguments, context throws(ModelError) in
        var similarity = StructuralSimilarity()
        similarity.maximum = try arguments.double("max_val", default: 1)
        similarity.size = try arguments.int("filter_size", default: 11)
        similarity.deviation = try arguments.double("filter_sigma", default: 1.5)
        similarity.k1 = try arguments.double("k1", default: 0.01)
        similarity.k2 = try arguments.double("k2", default: 0.03)
        guard (1...255).contains(similarity.size), similarity.deviation != 0 else {
          throw arguments.unsupported("filter_size", "1 to 255")
        }
        let format: DataFormat = try firstChannels(arguments) ? .channelsFirst : .channelsLast
        var images: [Value] = []
        for name in ["image1", "image2"] {
          let image = try arguments.float(name, &context)
          try context.shape(image).expectRank(4)
          images.append(try format.toChannelsLast(image, &context))
        }
        return .tensor(try similarity.mean(images[0], images[1], &context))
      }
    ),
  ]

  /// Runs `body` on images `(batch, rows, columns, channels)`, with the sampling the arguments ask for.
  private static func warped(
    _ arguments: FunctionArguments, _ context: inout LoweringContext,
    _ body: (Value, ImageSampling, inout LoweringContext) throws(ModelError) -> Value
  ) throws(ModelError) -> CallValue {
    let interpolation = try arguments.optionalString("interpolation") ?? "bilinear"
    guard ["bilinear", "nearest"].contains(interpolation) else {
      throw arguments.unsupported("interpolation", "'bilinear' or 'nearest'")
    }
    guard let mode = ImageSampling.FillMode(rawValue: try arguments.optionalString("fill_mode") ?? "constant") else {
      throw arguments.unsupported("fill_mode", "a known mode")
    }
    let sampling = ImageSampling(
      isNearest: interpolation == "nearest", fillMode: mode,
      fillValue: Float(try arguments.double("fill_value", default: 0)))
    return try batched(arguments, &context) { images, context throws(ModelError) in
      try body(images, sampling, &context)
    }
  }

  /// Runs `body` on images with a batch and with their channels last.
  private static func batched(
    _ arguments: FunctionArguments, _ context: inout LoweringContext,
    _ body: (Value, inout LoweringContext) throws(ModelError) -> Value
  ) throws(ModelError) -> CallValue {
    let format: DataFormat = try firstChannels(arguments) ? .channelsFirst : .channelsLast
    var x = try arguments.float("images", &context)
    let hasBatch = context.shape(x).rank == 4
    if !hasBatch { x = try context.expanded(x, axis: 0) }
    try context.shape(x).expectRank(4)
    let result = try format.fromChannelsLast(body(format.toChannelsLast(x, &context), &context), &context)
    return .tensor(hasBatch ? result : try dropped(result, [0], keeps: false, &context))
  }

  private static func coordinateMode(
    _ arguments: FunctionArguments, default standard: CoordinateFill.Mode
  ) throws(ModelError) -> CoordinateFill.Mode {
    guard let name = try arguments.optionalString("fill_mode") else { return standard }
    guard let mode = CoordinateFill.Mode(rawValue: name) else {
      throw arguments.unsupported("fill_mode", "a known mode")
    }
    return mode
  }

  /// `count` numbers for each image or for all, each as `(batch or 1, 1, 1, 1)`.
  private static func perImage(
    _ x: Value, count: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> [Value] {
    guard try context.shape(x).known(axis: -1) == count, context.shape(x).rank <= 2 else {
      throw ModelError(.inputShape(expected: "\(count) numbers for each image", found: context.shape(x)))
    }
    let rows = try context.op(.reshape([.inferred, .fixed(1), .fixed(1), .fixed(count)]), x)
    var values: [Value] = []
    for index in 0..<count { values.append(try context.sliced(rows, axis: 3, from: index, to: index + 1)) }
    return values
  }

  private static func corners(
    _ name: String, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> [Corner] {
    let points = try arguments.float(name, &context)
    let shape = context.shape(points)
    guard [2, 3].contains(shape.rank), Array(shape.dimensions.suffix(2)) == [4, 2] else {
      throw ModelError(.inputShape(expected: "4 points of 2 numbers", found: shape))
    }
    let flat = try context.op(.reshape([.inferred, .fixed(8)]), points)
    let values = try perImage(flat, count: 8, &context)
    return (0..<4).map { Corner(x: values[2 * $0], y: values[2 * $0 + 1]) }
  }
}
