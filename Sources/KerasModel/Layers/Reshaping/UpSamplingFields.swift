import KerasCore
import KerasGraph
import OrderedCollections

/// What UpSampling1D, UpSampling2D and UpSampling3D share; two spatial axes can also be interpolated.
struct UpSamplingFields: Sendable {
  let size: [Int]
  let dataFormat: DataFormat
  let interpolation: Interpolation

  init(_ config: inout ConfigReader, rank: Int) throws(ModelError) {
    size = try config.positiveInts("size", count: rank, default: 2)
    dataFormat = try config.dataFormat()
    let known: [Interpolation] = rank == 2 ? Interpolation.all + [.bilinearAsymmetric] : [.nearest]
    interpolation = try config.interpolation(known, default: .nearest)
  }

  var config: OrderedDictionary<String, JSON> {
    if size.count == 1 { return ["size": JSON(size[0])] }
    var fields: OrderedDictionary<String, JSON> = [
      "size": JSON(size), "data_format": .string(dataFormat.rawValue),
    ]
    if size.count == 2 { fields["interpolation"] = .string(interpolation.rawValue) }
    return fields
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(size.count + 2)
      var y = try dataFormat.toChannelsLast(x, &context)
      for axis in size.indices where size[axis] > 1 || !interpolation.keepsPixels {
        y =
          interpolation == .nearest
          ? try context.repeated(y, axis: axis + 1, times: size[axis])
          : try interpolated(y, axis: axis + 1, times: size[axis], &context)
      }
      return try dataFormat.fromChannelsLast(y, &context)
    }
  }

  private func interpolated(
    _ x: Value, axis: Int, times: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard let target = checkedProduct([try context.shape(x).known(axis: axis), times]) else {
      throw ModelError(.inputShape(expected: "a smaller image to interpolate", found: context.shape(x)))
    }
    return try context.resampled(x, axis: axis, to: target, interpolation)
  }
}

extension LoweringContext {
  /// Every element along an axis `times` times in a row.
  mutating func repeated(_ x: Value, axis: Int, times: Int) throws(ModelError) -> Value {
    if times == 1 { return x }
    let expanded = try expanded(x, axis: axis + 1)
    var target = dimensions(of: expanded)
    target[axis + 1] = .fixed(times)
    let wide = try op(.broadcast(target), expanded)
    var merged = dimensions(of: x, operand: 1)
    if let count = shape(x)[axis] {
      guard let total = checkedProduct([count, times]) else {
        throw ModelError(.inputShape(expected: "a smaller axis to repeat", found: shape(x)))
      }
      merged[axis] = .fixed(total)
    } else {
      merged[axis] = .inferred
    }
    return try op(.reshape(merged), wide, x)
  }
}
