import KerasCore
import KerasGraph
import OrderedCollections

/// γ · x + β along one axis: the `Scale` of DenseNet and ResNet files carried over from Caffe.
///
/// Source: flyyufelix/DenseNet-Keras, custom_layers.py; its config has `axis` and a `momentum` without use.
public struct ScaleLayer: Layer {
  public static let className = "keraskit>Scale"

  let axis: Int

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axis = try config.int("axis", default: -1)
    config.ignore("momentum")
  }

  public var config: OrderedDictionary<String, JSON> { ["axis": JSON(axis)] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let size = try single(inputs).known(axis: axis)
    return [WeightSpec("gamma", [size], initializer: "ones"), WeightSpec("beta", [size], initializer: "zeros")]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let shape = context.shape(x)
      let axis = try shape.axis(axis)
      let gamma = try context.vector(context.weight("gamma"), along: axis, rank: shape.rank)
      let beta = try context.vector(context.weight("beta"), along: axis, rank: shape.rank)
      return try context.op(.binary(.add), context.op(.binary(.multiply), gamma, x), beta)
    }
  }
}
