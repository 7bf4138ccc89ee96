import KerasCore
import OrderedCollections

/// The calls of a layer as Keras 2 writes them: the tensors of the first argument, each with all further arguments.
enum Keras2Nodes {
  private static let recurrent: Set<String> = [
    "RNN", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
  ]

  /// The parameters of a layer's call in Keras 3's order.
  private static func parameters(of className: String) -> [String] {
    if className == "MultiHeadAttention" {
      return [
        "query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask",
        "return_attention_scores", "training", "use_causal_mask",
      ]
    }
    if recurrent.contains(className) { return ["inputs", "initial_state", "mask", "training"] }
    return ["inputs"]
  }

  static func json(of layer: LayerConfig, path: String) throws(ExportError) -> [JSON] {
    var result: [JSON] = []
    for node in layer.nodes { result.append(try json(node, of: layer, path: path)) }
    return result
  }

  private static func json(_ node: CallNode, of layer: LayerConfig, path: String) throws(ExportError) -> JSON {
    var arguments: OrderedDictionary<String, JSON> = [:]
    let names = parameters(of: layer.className)
    var first = node.args[0] ?? .null
    for (place, argument) in (node.args.arrayValue ?? []).enumerated().dropFirst() where !argument.isNull {
      guard place < names.count else {
        throw ExportError(
          .notExpressible(what: "the argument \(place + 1) of the call", reason: "its name is not known"), layer: path)
      }
      arguments[names[place]] = argument
    }
    for (key, value) in node.kwargs.objectValue ?? [:] where !value.isNull { arguments[key] = value }
    if first.isNull, let own = names.first, let named = arguments.removeValue(forKey: own) { first = named }
    if layer.className == "MultiHeadAttention" {
      for key in ["query_mask", "value_mask", "key_mask"] where arguments[key] != nil {
        throw ExportError(
          .notExpressible(what: "the argument \(key)", reason: "tf.keras 2.15's MultiHeadAttention does not have it"),
          layer: path)
      }
    }
    var tensors = first.tensorReference.map { [$0] } ?? (first.arrayValue ?? []).compactMap(\.tensorReference)
    if recurrent.contains(layer.className), let states = arguments["initial_state"], !states.tensorReferences.isEmpty {
      // Keras 2 takes them as further inputs.
      arguments["initial_state"] = nil
      tensors += states.tensorReferences
    }
    guard !tensors.isEmpty else {
      throw ExportError(.notExpressible(what: "a call without tensors", reason: "Keras 2 has none"), layer: path)
    }
    let keywords = JSON.object(arguments.mapValues { value($0) })
    return .array(tensors.map { entry($0, keywords) })
  }

  static func entry(_ reference: TensorReference, _ arguments: JSON) -> JSON {
    [.string(reference.layer), JSON(reference.node), JSON(reference.tensor), arguments]
  }

  /// An argument with its tensors as `[layer, node, tensor]`.
  static func value(_ json: JSON) -> JSON {
    if let items = json["items"], json["class_name"] == "__tuple__" { return value(items) }
    if json["class_name"] == "__numpy__", let numbers = json["config"]?["value"] { return numbers }
    return json.replacingTensors { $0.json }
  }
}
