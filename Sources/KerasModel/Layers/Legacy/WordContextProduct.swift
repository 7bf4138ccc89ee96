import KerasCore
import KerasGraph
import OrderedCollections

/// activation(word · context) of two vectors looked up for a pair of indices `(batch, 2)` (Keras 0.1 to 0.3).
public struct WordContextProduct: Layer {
  public static let className = "WordContextProduct"

  private let inputSize: Int
  private let projectionSize: Int
  private let activation: ActivationFunction
  private let initializer: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    inputSize = try config.positiveInt("input_dim")
    projectionSize = try config.positiveInt("proj_dim", default: 128)
    activation = try config.activation("activation")
    initializer = config.json("kernel_initializer")
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "input_dim": JSON(inputSize), "proj_dim": JSON(projectionSize), "kernel_initializer": initializer,
      "activation": activation.json,
    ]
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    ["word", "context"].map { WeightSpec($0, [inputSize, projectionSize], initializer: initializer) }
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(2)
      let indices = try context.cast(x, to: .int32)
      var rows: [Value] = []
      for (column, role) in ["word", "context"].enumerated() {
        let own = try context.sliced(indices, axis: 1, from: column, to: column + 1)
        rows.append(try context.op(.gatherRows, context.weight(role), own))
      }
      let product = try context.op(.binary(.multiply), rows[0], rows[1])
      return try activation.apply(
        context.op(.reduce(.sum, axes: [2], keepDimensions: false), product), &context)
    }
  }
}
