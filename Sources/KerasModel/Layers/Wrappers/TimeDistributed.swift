import KerasCore
import KerasGraph
import OrderedCollections

/// A layer applied to every time step by itself: `(batch, time, …)` runs as `(batch · time, …)`.
///
/// The mask passes by the inner layer, which computes masked steps too.
public struct TimeDistributed: Layer {
  public static let className = "TimeDistributed"

  let inner: Sublayer
  private let layerJSON: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    layerJSON = config.json("layer")
    let (layer, name, trainable) = try LayerRegistry.layer(layerJSON)
    inner = Sublayer(holder: "layer", name: name, layer: layer, trainable: trainable)
    config.ignore("activity_regularizer")
  }

  public var config: OrderedDictionary<String, JSON> { ["layer": layerJSON] }

  public var sublayers: [Sublayer] { [inner] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    var steps: [Shape] = []
    for input in inputs {
      guard input.rank >= 2 else { throw ModelError(.inputShape(expected: "a time axis", found: input)) }
      steps.append(Shape([nil] + input.dimensions[2...]))
    }
    return try inner.layer.weights(steps).map { spec in
      var held = spec.held(by: inner.holder)
      held.ownersTrainable = spec.ownersTrainable && inner.trainable
      return held
    }
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard let first = call.inputs.first else { throw ModelError(.inputCount(expected: "an input", found: 0)) }
    return try context.wrapping(.timeDistributed) { context throws(ModelError) in
      var steps: [LayerTensor] = []
      for input in call.inputs {
        let dimensions = context.dimensions(of: input.value)
        guard dimensions.count >= 2 else {
          throw ModelError(.inputShape(expected: "a time axis", found: context.shape(input.value)))
        }
        steps.append(LayerTensor(try context.op(.reshape([.inferred] + dimensions[2...]), input.value)))
      }
      let innerCall = LayerCall(inputs: steps, arguments: call.arguments)
      let results = try context.inSublayer(inner, named: inner.name) { context throws(ModelError) in
        try context.apply(inner.layer, innerCall)
      }
      let leading = context.dimensions(of: first.value, operand: 1).prefix(2)
      var outputs: [LayerTensor] = []
      for result in results {
        let target = leading + context.dimensions(of: result.value).dropFirst()
        outputs.append(
          LayerTensor(try context.op(.reshape(Array(target)), result.value, first.value), mask: first.mask))
      }
      return outputs
    }
  }
}
