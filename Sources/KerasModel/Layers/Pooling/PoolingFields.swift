import KerasCore
import KerasGraph
import OrderedCollections

/// What maximum and average pooling share: window, strides (the window's size if null), padding.
struct PoolingFields: Sendable {
  let isAverage: Bool
  let poolSize: [Int]
  let strides: [Int]
  let padding: WindowPadding
  let dataFormat: DataFormat
  /// The divisor of an average counts padded elements (Keras 2.0.4 to 2.1.4 on Theano).
  let countsPadding: Bool

  init(_ config: inout ConfigReader, isAverage: Bool, rank: Int) throws(ModelError) {
    self.isAverage = isAverage
    poolSize = try config.positiveInts("pool_size", count: rank, default: 2)
    strides =
      config.json("strides").isNull ? poolSize : try config.positiveInts("strides", count: rank)
    padding = try config.padding([.valid, .same, .sameTheano, .ceil])
    dataFormat = try config.dataFormat()
    countsPadding = try config.bool("keraskit>count_padding", default: false)
    config.ignore("name")
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "pool_size": JSON(poolSize), "padding": .string(padding.rawValue), "strides": JSON(strides),
      "data_format": .string(dataFormat.rawValue),
    ]
    if countsPadding { fields["keraskit>count_padding"] = true }
    return fields
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(poolSize.count + 2)
      let x = try dataFormat.toChannelsLast(context.cast(x, to: .float32), &context)
      let pooling = Pooling(
        kind: isAverage ? .average(countsPadding: countsPadding) : .maximum, window: poolSize, strides: strides,
        padding: try padding.ofPooling(window: poolSize, strides: strides, input: context.shape(x)))
      return try dataFormat.fromChannelsLast(context.op(.pool(pooling), x), &context)
    }
  }
}
