import KerasCore
import KerasGraph
import OrderedCollections

/// All axes but the batch in one; `channels_first` moves the channels to the end first.
public struct Flatten: Layer {
  public static let className = "Flatten"

  let dataFormat: DataFormat

  public init(_ config: inout ConfigReader) throws(ModelError) { dataFormat = try config.dataFormat() }

  public var config: OrderedDictionary<String, JSON> { ["data_format": .string(dataFormat.rawValue)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let x = try dataFormat.toChannelsLast(x, &context)
      return try context.op(.reshape([context.dimensions(of: x)[0], .inferred]), x)
    }
  }
}
