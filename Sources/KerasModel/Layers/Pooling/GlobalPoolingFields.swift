import KerasCore
import KerasGraph
import OrderedCollections

/// What the global poolings share: a reduction over all spatial axes.
struct GlobalPoolingFields: Sendable {
  let rank: Int
  let reduction: Reduction
  let dataFormat: DataFormat
  let keepDimensions: Bool

  init(_ config: inout ConfigReader, reduction: Reduction, rank: Int) throws(ModelError) {
    self.rank = rank
    self.reduction = reduction
    dataFormat = try config.dataFormat()
    keepDimensions = try config.bool("keepdims", default: false)
  }

  var config: OrderedDictionary<String, JSON> {
    ["data_format": .string(dataFormat.rawValue), "keepdims": .bool(keepDimensions)]
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let input = try call.single()
    try context.shape(input.value).expectRank(rank + 2)
    let axes = dataFormat == .channelsLast ? Array(1...rank) : Array(2...rank + 1)
    let x = try context.cast(input.value, to: .float32)
    if let mask = input.mask, rank == 1, reduction == .mean {
      let weights = try context.expanded(context.cast(mask, to: .float32), axis: dataFormat == .channelsLast ? 2 : 1)
      let kept = try context.op(.binary(.multiply), x, weights)
      let sum = try context.op(.reduce(.sum, axes: axes, keepDimensions: keepDimensions), kept)
      let count = try context.op(.reduce(.sum, axes: axes, keepDimensions: keepDimensions), weights)
      return [LayerTensor(try context.op(.binary(.divide), sum, count))]
    }
    return [LayerTensor(try context.op(.reduce(reduction, axes: axes, keepDimensions: keepDimensions), x))]
  }
}
