import KerasCore
import KerasGraph
import OrderedCollections

/// The bin that each string or integer falls into by its hash.
public struct Hashing: Layer {
  public static let className = "Hashing"

  let binCount: Int
  let maskValue: JSON
  let salt: JSON
  let encoding: CategoricalEncoding
  private let key: [UInt64]?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    binCount = try config.positiveInt("num_bins")
    maskValue = config.json("mask_value")
    salt = config.json("salt")
    key = try config.hashKey()
    let mode = try config.choice("output_mode", CategoricalEncoding.allCases.map(\.rawValue), default: "int")
    encoding = CategoricalEncoding(rawValue: mode) ?? .int
    guard try !config.bool("sparse", default: false) else { throw ModelError(.unsupported("a sparse output")) }
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "num_bins": JSON(binCount), "salt": salt, "mask_value": maskValue, "output_mode": .string(encoding.rawValue),
      "sparse": false,
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let isText = context.graph.type(x).dtype == .string
      let categories = try context.categories(x)
      let hash = CategoryHash(binCount: binCount, key: key, mask: try mask(isText: isText))
      return try encoding.encode(context.op(.hash(hash), categories), depth: binCount, &context)
    }
  }

  private func mask(isText: Bool) throws(ModelError) -> CategoryKey? {
    if maskValue.isNull { return nil }
    if isText, let text = maskValue.stringValue { return .text(text) }
    if !isText, let number = maskValue.intValue { return .integer(Int64(number)) }
    throw ModelError(
      .invalidField("mask_value", expected: isText ? "a string, as the input" : "an integer", found: maskValue))
  }
}
