import KerasCore
import KerasGraph
import OrderedCollections

/// A recurrent layer run forwards and another run backwards, their outputs merged.
///
/// `merge_mode` is `concat`, `sum`, `mul`, `ave` or null (both outputs). Initial states come first for the forward
/// layer, then for the backward one; so do returned states.
public struct Bidirectional: Layer {
  public static let className = "Bidirectional"

  let forward: Sublayer
  let backward: Sublayer
  let mergeMode: String?
  private let returnsSequences: Bool
  private let isTimeMajor: Bool
  private let layerJSON: JSON
  private let backwardJSON: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    layerJSON = config.json("layer")
    let (layer, name, trainable) = try LayerRegistry.layer(layerJSON)
    guard var forwardLayer = layer as? any RecurrentLayer else {
      throw ModelError(.unsupported("Bidirectional around \(layer.className)"))
    }
    backwardJSON = config.json("backward_layer")
    var backwardLayer = forwardLayer
    var backwardName = name
    var backwardTrainable = trainable
    if backwardJSON.isNull {
      backwardLayer.goBackwards.toggle()
    } else {
      let (layer, name, trainable) = try LayerRegistry.layer(backwardJSON)
      guard let given = layer as? any RecurrentLayer else {
        throw ModelError(.unsupported("Bidirectional around \(layer.className)"))
      }
      (backwardLayer, backwardName, backwardTrainable) = (given, name, trainable)
    }
    // Keras 3 sets it on both layers unless it is null; canonical configs of other releases state it.
    forwardLayer.zeroOutputForMask = forwardLayer.zeroOutputForMask ?? !Self.isNull(layerJSON)
    let ofBackward = backwardJSON.isNull ? layerJSON : backwardJSON
    backwardLayer.zeroOutputForMask = backwardLayer.zeroOutputForMask ?? !Self.isNull(ofBackward)
    returnsSequences = forwardLayer.returnsSequences
    isTimeMajor = forwardLayer.isTimeMajor
    forward = Sublayer(
      holder: "forward_layer", name: Self.prefixed("forward_", name), layer: forwardLayer, trainable: trainable)
    backward = Sublayer(
      holder: "backward_layer", name: Self.prefixed("backward_", backwardName), layer: backwardLayer,
      trainable: backwardTrainable)
    let mode = config.json("merge_mode")
    mergeMode =
      mode.isNull && config.has("merge_mode")
      ? nil : try config.choice("merge_mode", ["concat", "sum", "mul", "ave"], default: "concat")
    config.ignore("weights", "input_spec", "return_sequences", "return_state", "stateful", "go_backwards")
  }

  private static func isNull(_ layer: JSON) -> Bool { layer["config"]?["zero_output_for_mask"] == .some(.null) }

  private static func prefixed(_ prefix: String, _ name: String) -> String {
    name.hasPrefix(prefix) ? name : prefix + name
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "merge_mode": mergeMode.map { .string($0) } ?? .null, "layer": layerJSON,
    ]
    if !backwardJSON.isNull { fields["backward_layer"] = backwardJSON }
    return fields
  }

  public var sublayers: [Sublayer] { [forward, backward] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    var specs: [WeightSpec] = []
    for sublayer in sublayers {
      for spec in try sublayer.layer.weights(inputs) {
        var held = spec.held(by: sublayer.holder)
        held.ownersTrainable = spec.ownersTrainable && sublayer.trainable
        specs.append(held)
      }
    }
    return specs
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try context.wrapping(.bidirectional) { context throws(ModelError) in
      let states = Array(call.inputs.dropFirst()) + (call.keywordTensors["initial_state"] ?? [])
      let half = states.count / 2
      let sequence = Array(call.inputs.prefix(1))
      func run(_ sublayer: Sublayer, _ states: ArraySlice<LayerTensor>, _ context: inout LoweringContext)
        throws(ModelError) -> [LayerTensor]
      {
        let inner = LayerCall(inputs: sequence, keywordTensors: ["initial_state": Array(states)])
        return try context.inSublayer(sublayer, named: sublayer.name) { context throws(ModelError) in
          try context.apply(sublayer.layer, inner)
        }
      }
      let forwards = try run(forward, states.prefix(half), &context)
      let backwards = try run(backward, states.dropFirst(half), &context)
      guard let first = forwards.first, var second = backwards.first else { return [] }
      if returnsSequences {
        second.value = try context.op(.reverse(axes: [isTimeMajor ? 0 : 1]), second.value)
      }
      let outputs = try merged(first, second, &context)
      return outputs + forwards.dropFirst() + backwards.dropFirst()
    }
  }

  private func merged(
    _ a: LayerTensor, _ b: LayerTensor, _ context: inout LoweringContext
  ) throws(ModelError) -> [LayerTensor] {
    let value: Value
    switch mergeMode {
    case "concat"?: value = try context.op(.concatenate(axis: context.shape(a.value).rank - 1), a.value, b.value)
    case "sum"?: value = try context.op(.binary(.add), a.value, b.value)
    case "mul"?: value = try context.op(.binary(.multiply), a.value, b.value)
    case "ave"?: value = try context.scaled(context.op(.binary(.add), a.value, b.value), by: 0.5)
    default: return [a, b]
    }
    return [LayerTensor(value, mask: a.mask)]
  }
}
