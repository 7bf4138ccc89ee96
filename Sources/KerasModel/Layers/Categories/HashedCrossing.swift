import KerasCore
import KerasGraph
import OrderedCollections

/// The bin that the categories of several inputs fall into together, as TensorFlow's `sparse.cross_hashed`.
///
/// Keras 3.15.1, `layers/preprocessing/hashed_crossing.py`; inputs are `(batch)` or `(batch, 1)`, strings or integers.
public struct HashedCrossing: Layer {
  public static let className = "HashedCrossing"

  let binCount: Int
  let encoding: CategoricalEncoding

  public init(_ config: inout ConfigReader) throws(ModelError) {
    binCount = try config.positiveInt("num_bins")
    let mode = try config.choice("output_mode", ["int", "one_hot"], default: "int")
    encoding = CategoricalEncoding(rawValue: mode) ?? .int
    guard try !config.bool("sparse", default: false) else { throw ModelError(.unsupported("a sparse output")) }
  }

  public var config: OrderedDictionary<String, JSON> {
    ["num_bins": JSON(binCount), "output_mode": .string(encoding.rawValue), "sparse": false]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard call.inputs.count >= 2 else {
      throw ModelError(.inputCount(expected: "at least 2 inputs", found: call.inputs.count))
    }
    for input in call.inputs {
      let shape = context.shape(input.value)
      guard shape.rank == 1 || (shape.rank == 2 && shape[1] == 1) else {
        throw ModelError(.inputShape(expected: "one category per sample", found: shape))
      }
    }
    let operands = try context.crossable(call.inputs.map(\.value))
    let bins = try context.ops(.cross(.hashed(binCount: binCount)), operands)[0]
    return [LayerTensor(try encoding.encode(bins, depth: binCount, &context))]
  }
}

extension LoweringContext {
  /// Categories as crosses read them: strings and integers as they are.
  mutating func crossable(_ inputs: [Value]) throws(ModelError) -> [Value] {
    for input in inputs {
      let dtype = graph.type(input).dtype
      guard dtype == .string || dtype.isInteger else {
        throw ModelError(.unsupported("an input of \(dtype.rawValue) numbers where strings or integers are crossed"))
      }
    }
    return inputs
  }
}
