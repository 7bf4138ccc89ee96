import KerasCore
import KerasGraph
import OrderedCollections

/// A model and the model that reconstructs its input (Keras 0.1 to 0.3).
///
/// Without `output_reconstruction` the encoder's output is the result, in Keras 0.1 and 0.2 at inference only.
public struct AutoEncoder: Layer {
  public static let className = "AutoEncoder"

  private let encoder: Sublayer
  private let decoder: Sublayer
  private let encoderJSON: JSON
  private let decoderJSON: JSON
  private let reconstructs: Bool
  private let trainsDecoder: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    encoderJSON = config.json("encoder")
    decoderJSON = config.json("decoder")
    func held(_ object: JSON, _ holder: String) throws(ModelError) -> Sublayer {
      let (layer, name, trainable) = try LayerRegistry.layer(object)
      return Sublayer(holder: holder, name: name, layer: layer, trainable: trainable)
    }
    encoder = try held(encoderJSON, "encoder")
    decoder = try held(decoderJSON, "decoder")
    reconstructs = try config.bool("output_reconstruction", default: true)
    trainsDecoder = try config.bool("keraskit>trains_decoder", default: false)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "encoder": encoderJSON, "decoder": decoderJSON, "output_reconstruction": .bool(reconstructs),
    ]
    if trainsDecoder { fields["keraskit>trains_decoder"] = true }
    return fields
  }

  public var sublayers: [Sublayer] { [encoder, decoder] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let hidden = try code(inputs)
    var specs: [WeightSpec] = []
    for (part, shapes) in [(encoder, inputs), (decoder, hidden)] {
      for spec in try part.layer.weights(shapes) {
        var held = spec.held(by: part.holder)
        held.ownersTrainable = spec.ownersTrainable && part.trainable
        specs.append(held)
      }
    }
    return specs
  }

  /// The shapes the encoder puts out.
  private func code(_ inputs: [Shape]) throws(ModelError) -> [Shape] {
    var context = LoweringContext(isTraining: false)
    var tensors: [LayerTensor] = []
    for (index, shape) in inputs.enumerated() {
      tensors.append(LayerTensor(context.graph.addInput("x\(index)", TensorType(.float32, shape))))
    }
    let specs = try encoder.layer.weights(inputs)
    let call = LayerCall(inputs: tensors)
    let results = try context.inLayer(named: nil, parameterPrefix: "", specs: specs, trainable: true) {
      context throws(ModelError) in try context.apply(encoder.layer, call)
    }
    return results.map { context.shape($0.value) }
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let hidden = try context.inSublayer(encoder, named: encoder.name) { context throws(ModelError) in
      try context.apply(encoder.layer, call)
    }
    guard reconstructs || context.isTraining && trainsDecoder else { return hidden }
    let decoding = LayerCall(inputs: hidden)
    return try context.inSublayer(decoder, named: decoder.name) { context throws(ModelError) in
      try context.apply(decoder.layer, decoding)
    }
  }
}
