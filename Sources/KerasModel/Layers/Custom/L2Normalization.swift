import KerasCore
import KerasGraph
import OrderedCollections

/// γ · x / √max(Σx², 1e-12) over the channels of images: `L2Normalization` and `Normalize` of SSD files.
///
/// Sources: pierluigiferrari/ssd_keras, keras_layer_L2Normalization.py; rykov8/ssd_keras, ssd_layers.py. The config holds γ's
/// initial value (`gamma_init`, `scale`) at most; channels are taken to be last.
public struct L2Normalization: Layer {
  public static let className = "keraskit>L2Normalization"

  public init(_ config: inout ConfigReader) throws(ModelError) {
    config.ignore("gamma_init", "gamma_initializer", "scale")
  }

  public var config: OrderedDictionary<String, JSON> { [:] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let shape = try single(inputs)
    try shape.expectRank(4)
    return [WeightSpec("gamma", [try shape.known(axis: 3)], initializer: "ones")]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let square = try context.op(.unary(.square), x)
      let sum = try context.op(.reduce(.sum, axes: [3], keepDimensions: true), square)
      let floor = try context.op(.binary(.maximum), sum, context.constant(1e-12))
      let unit = try context.op(.binary(.multiply), x, context.op(.unary(.reciprocalSquareRoot), floor))
      return try context.op(.binary(.multiply), unit, context.weight("gamma"))
    }
  }
}
