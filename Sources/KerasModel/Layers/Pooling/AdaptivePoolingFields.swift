import KerasCore
import KerasGraph
import OrderedCollections

/// What the adaptive poolings share: so many windows per spatial axis as `output_size` says, together covering the input.
///
/// Window i of o over n positions is ⌊i·n/o⌋ up to ⌈(i+1)·n/o⌉ (measured on Keras 3.15.1); n must be known.
struct AdaptivePoolingFields: Sendable {
  private static let largestOutput = 4096

  let isAverage: Bool
  let outputSize: [Int]
  let dataFormat: DataFormat

  init(_ config: inout ConfigReader, isAverage: Bool, rank: Int) throws(ModelError) {
    self.isAverage = isAverage
    outputSize = try config.positiveInts("output_size", count: rank)
    guard outputSize.allSatisfy({ $0 <= Self.largestOutput }) else {
      throw config.wrong("output_size", "at most \(Self.largestOutput)", JSON(outputSize))
    }
    dataFormat = try config.dataFormat()
  }

  var config: OrderedDictionary<String, JSON> {
    ["output_size": JSON(outputSize), "data_format": .string(dataFormat.rawValue)]
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(outputSize.count + 2)
      var y = try dataFormat.toChannelsLast(context.cast(x, to: .float32), &context)
      // All windows along an axis span the whole of the others, so that a mean of means is the mean.
      for (index, size) in outputSize.enumerated() {
        y = try pooled(y, axis: index + 1, to: size, &context)
      }
      return try dataFormat.fromChannelsLast(y, &context)
    }
  }

  private func pooled(
    _ x: Value, axis: Int, to size: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let count = try context.shape(x).known(axis: axis)
    guard count > 0, count <= ConfigReader.largestSize else {
      throw ModelError(.inputShape(expected: "a size above zero on axis \(axis)", found: context.shape(x)))
    }
    if count == size { return x }
    var windows: [Value] = []
    for index in 0..<size {
      let start = index * count / size
      let limit = ((index + 1) * count + size - 1) / size
      let part = try context.sliced(x, axis: axis, from: start, to: limit)
      windows.append(
        try context.op(.reduce(isAverage ? .mean : .maximum, axes: [axis], keepDimensions: true), part))
    }
    return windows.count == 1 ? windows[0] : try context.ops(.concatenate(axis: axis), windows)[0]
  }
}
