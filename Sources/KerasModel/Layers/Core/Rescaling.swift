import KerasCore
import KerasGraph
import OrderedCollections

/// x · scale + offset, each a number or one per channel (last axis).
public struct Rescaling: Layer {
  public static let className = "Rescaling"

  let scale: JSON
  let offset: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    scale = config.json("scale")
    offset = config.has("offset") ? config.json("offset") : 0.0
    config.ignore("data_format")
    _ = try (Self.tensor(scale, "scale"), Self.tensor(offset, "offset"))
  }

  public var config: OrderedDictionary<String, JSON> { ["scale": scale, "offset": offset] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let scale = context.constant(try Self.tensor(scale, "scale"))
      let offset = context.constant(try Self.tensor(offset, "offset"))
      let product = try context.op(.binary(.multiply), context.cast(x, to: .float32), scale)
      return try context.op(.binary(.add), product, offset)
    }
  }

  private static func tensor(_ value: JSON, _ field: String) throws(ModelError) -> TensorData {
    if let number = value.doubleValue { return TensorData(Float(number)) }
    // A list, or a serialized numpy array.
    let list = value.arrayValue ?? value["config"]?["value"]?.arrayValue
    let numbers = list?.compactMap(\.doubleValue)
    guard let numbers, numbers.count == list?.count,
      let data = try? TensorData(shape: [numbers.count], floats: numbers.map { Float($0) })
    else { throw ModelError(.invalidField(field, expected: "a number or a list of numbers", found: value)) }
    return data
  }
}
