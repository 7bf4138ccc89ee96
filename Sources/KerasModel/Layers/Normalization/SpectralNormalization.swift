import KerasCore
import KerasGraph
import OrderedCollections

/// A layer whose kernel training divides by its largest singular value; at inference the layer itself.
///
/// The kernel as stored is the normalised one.
public struct SpectralNormalization: Layer {
  public static let className = "SpectralNormalization"

  let inner: Sublayer
  let powerIterations: Int
  private let layerJSON: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    layerJSON = config.json("layer")
    let (layer, name, trainable) = try LayerRegistry.layer(layerJSON)
    inner = Sublayer(holder: "layer", name: name, layer: layer, trainable: trainable)
    powerIterations = try config.positiveInt("power_iterations", default: 1)
  }

  public var config: OrderedDictionary<String, JSON> {
    ["layer": layerJSON, "power_iterations": JSON(powerIterations)]
  }

  public var sublayers: [Sublayer] { [inner] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let specs = try inner.layer.weights(inputs)
    guard let kernel = specs.first(where: { ["kernel", "embeddings"].contains($0.key) }), let width = kernel.shape.last
    else { throw ModelError(.unsupported("SpectralNormalization around \(inner.layer.className)")) }
    return specs.map { spec in
      var held = spec.held(by: inner.holder)
      held.ownersTrainable = spec.ownersTrainable && inner.trainable
      return held
    } + [WeightSpec("vector_u", [1, width], trainable: false)]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard !context.isTraining else {
      throw ModelError(.unsupported("training with SpectralNormalization, which rewrites its kernel at every step"))
    }
    // Where the power iteration stands; only stored.
    _ = try context.weight("vector_u")
    let results = try context.inSublayer(inner, named: inner.name) { context throws(ModelError) in
      try context.apply(inner.layer, call)
    }
    return results.map { LayerTensor($0.value) }
  }
}
