import KerasCore
import KerasGraph
import OrderedCollections

/// Layers one after the other, as Keras 3.10 and later save them.
public struct Pipeline: Layer {
  public static let className = "Pipeline"

  public let sublayers: [Sublayer]
  private let layersJSON: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    layersJSON = config.json("layers")
    guard let objects = layersJSON.arrayValue else { throw config.wrong("layers", "a list of layers", layersJSON) }
    var sublayers: [Sublayer] = []
    var counts: [String: Int] = [:]
    for object in objects {
      let (layer, name, trainable) = try LayerRegistry.layer(object)
      let stem = NetworkReading.snakeCase(layer.className)
      let number = counts[stem, default: 0]
      counts[stem] = number + 1
      sublayers.append(
        Sublayer(
          holder: "layers/" + (number == 0 ? stem : "\(stem)_\(number)"), name: name, layer: layer,
          trainable: trainable))
    }
    self.sublayers = sublayers
  }

  public var config: OrderedDictionary<String, JSON> { ["layers": layersJSON] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    // A layer's shapes are those that the ones before it give.
    var context = LoweringContext(isTraining: false)
    var tensors: [LayerTensor] = []
    for (index, shape) in inputs.enumerated() {
      tensors.append(LayerTensor(context.graph.addInput("x\(index)", TensorType(.float32, shape))))
    }
    var specs: [WeightSpec] = []
    for sublayer in sublayers {
      let own = try sublayer.layer.weights(tensors.map { context.shape($0.value) })
      for spec in own {
        var held = spec.held(by: sublayer.holder)
        held.ownersTrainable = spec.ownersTrainable && sublayer.trainable
        specs.append(held)
      }
      let call = LayerCall(inputs: tensors)
      tensors = try context.inLayer(
        named: sublayer.name, parameterPrefix: sublayer.holder + "/", specs: own, trainable: true
      ) { context throws(ModelError) in try context.apply(sublayer.layer, call) }
    }
    return specs
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    var tensors = call.inputs
    for sublayer in sublayers {
      let inner = LayerCall(inputs: tensors)
      tensors = try context.inSublayer(sublayer, named: sublayer.name) { context throws(ModelError) in
        try context.apply(sublayer.layer, inner)
      }
    }
    return tensors
  }
}
