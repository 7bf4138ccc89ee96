import KerasCore
import OrderedCollections

/// Reads the layers and connections of a canonical Sequential or Functional config.
enum NetworkReading {
  struct Topology {
    var calls: [Network.Call]
    var inputs: [Network.Reference]
    var outputs: [Network.Reference]
  }

  static func entries(_ objects: [JSON]) throws(ModelError) -> ([Network.Entry], [String: Int]) {
    var entries: [Network.Entry] = []
    var indices: [String: Int] = [:]
    var counts: [String: Int] = [:]
    for object in objects {
      let (layer, name, trainable, unread) = try LayerRegistry.read(object)
      guard indices.updateValue(entries.count, forKey: name) == nil else {
        throw ModelError(.malformedConfig("two layers are named '\(name)'"))
      }
      let stem = snakeCase(layer.className)
      let count = counts[stem, default: 0]
      counts[stem] = count + 1
      entries.append(
        Network.Entry(
          name: name, layer: layer, trainable: trainable,
          holder: "layers/" + (count == 0 ? stem : "\(stem)_\(count)"),
          sourcePointer: object["source_pointer"]?.stringValue, unreadKeys: unread,
          policy: try policy(of: object, layer, name), randomDraws: RandomDraws(ofLayer: object)))
    }
    return (entries, indices)
  }

  /// The policy of a layer; a wrapper computes in that of the layer inside.
  private static func policy(of object: JSON, _ layer: any Layer, _ name: String) throws(ModelError) -> DTypePolicy {
    var config = object["config"]
    while let inner = config?["layer"]?["config"] ?? config?["cell"]?["config"] { config = inner }
    let policy: DTypePolicy
    do { policy = try DTypePolicy(config?["dtype"] ?? .null, path: name) } catch { throw error.inLayer(name) }
    if let mode = policy.quantization, !quantizable.contains(layer.className) {
      throw ModelError(.unsupported("the quantization '\(mode)' of a \(layer.className)"), layer: name)
    }
    return policy
  }

  /// The classes whose `dtype` may ask for quantized variables.
  private static let quantizable: Set<String> = [
    Dense.className, EinsumDense.className, Embedding.className, ReversibleEmbedding.className,
  ]

  /// Keras' `to_snake_case`: `PReLU` → `p_re_lu`, `Conv2D` → `conv2d`.
  static func snakeCase(_ className: String) -> String {
    // Saved by its public name, stored by its own.
    if className == "GroupQueryAttention" { return "grouped_query_attention" }
    return className.components(after: ">").replacing(/\W+/, with: "")
      .replacing(/(.)([A-Z][a-z]+)/) { "\($0.1)_\($0.2)" }
      .replacing(/([a-z])([A-Z])/) { "\($0.1)_\($0.2)" }
      .lowercased()
  }

  /// A Sequential's calls: each layer on the result of the one before.
  static func chain(_ entries: [Network.Entry]) throws(ModelError) -> Topology {
    guard !entries.isEmpty else { throw ModelError(.malformedConfig("the Sequential model has no layers")) }
    var calls: [Network.Call] = []
    var current = Network.Reference(layer: -1, node: 0, tensor: 0)
    var start = current
    for (index, entry) in entries.enumerated() {
      let own = Network.Reference(layer: index, node: 0, tensor: 0)
      if entry.layer is InputLayer {
        guard index == 0 else { throw ModelError(.malformedConfig("an InputLayer stands inside a Sequential model")) }
        start = own
      } else {
        calls.append(Network.Call(layer: index, node: 0, inputs: [current], keywordInputs: [:], arguments: [:]))
      }
      current = own
    }
    return Topology(calls: calls, inputs: [start], outputs: [current])
  }

  /// A Functional's calls from every layer's `inbound_nodes`, ordered so that inputs precede.
  static func graph(
    _ objects: [JSON], indices: [String: Int], inputs: JSON, outputs: JSON
  ) throws(ModelError) -> Topology {
    let reader = ReferenceReader(indices: indices)
    var calls: [Network.Call] = []
    for (index, object) in objects.enumerated() {
      let isFunction = FunctionNodes.contains(object)
      for (node, inbound) in (object["inbound_nodes"]?.arrayValue ?? []).enumerated() {
        var call = Network.Call(layer: index, node: node, inputs: [], keywordInputs: [:], arguments: [:])
        do {
          for argument in inbound["args"]?.arrayValue ?? [] { call.inputs += try reader.tensors(in: argument) }
          if isFunction { call.arguments[FunctionNodes.positionalArguments] = inbound["args"] }
          for (key, value) in inbound["kwargs"]?.objectValue ?? [:] {
            let tensors = try reader.tensors(in: value)
            if !tensors.isEmpty { call.keywordInputs[key] = tensors }
            if isFunction || tensors.isEmpty || value.arrayValue?.contains(.null) ?? false {
              call.arguments[key] = value
            }
          }
        } catch {
          throw error.inLayer(object["config"]?["name"]?.stringValue ?? "")
        }
        if isFunction {
          if !call.inputs.isEmpty || !call.keywordInputs.isEmpty { calls.append(call) }
          continue
        }
        let names = object["class_name"]?.stringValue.flatMap { LayerRegistry.type(named: $0) }?.inputArguments ?? []
        for name in names.dropFirst(call.inputs.count) {
          if let named = call.keywordInputs.removeValue(forKey: name) { call.inputs += named }
        }
        if !call.inputs.isEmpty { calls.append(call) }
      }
    }
    let starts = try reader.references(inputs, field: "input_layers")
    return Topology(
      calls: try ordered(calls, after: starts, objects), inputs: starts,
      outputs: try reader.references(outputs, field: "output_layers"))
  }

  private struct CallID: Hashable {
    var layer: Int
    var node: Int
  }

  private static func ordered(
    _ calls: [Network.Call], after starts: [Network.Reference], _ objects: [JSON]
  ) throws(ModelError) -> [Network.Call] {
    var waiting: [CallID: [Int]] = [:]
    var missing = [Int](repeating: 0, count: calls.count)
    let given = Set(starts.map { CallID(layer: $0.layer, node: $0.node) })
    var ready: [Int] = []
    for (position, call) in calls.enumerated() {
      let needs = Set(
        (call.inputs + call.keywordInputs.values.flatMap { $0 }).map { CallID(layer: $0.layer, node: $0.node) }
      )
      .subtracting(given)
      for need in needs { waiting[need, default: []].append(position) }
      missing[position] = needs.count
      if needs.isEmpty { ready.append(position) }
    }
    var result: [Network.Call] = []
    var next = 0
    while next < ready.count {
      let call = calls[ready[next]]
      next += 1
      result.append(call)
      for position in waiting[CallID(layer: call.layer, node: call.node)] ?? [] {
        missing[position] -= 1
        if missing[position] == 0 { ready.append(position) }
      }
    }
    if let stuck = missing.firstIndex(where: { $0 > 0 }) {
      let name = objects[calls[stuck].layer]["config"]?["name"]?.stringValue
      throw ModelError(.malformedConfig("its inputs are never computed"), layer: name)
    }
    return result
  }
}

/// Finds the tensors a call's arguments mention.
struct ReferenceReader {
  let indices: [String: Int]

  func tensors(in value: JSON) throws(ModelError) -> [Network.Reference] {
    if let list = value.arrayValue {
      var all: [Network.Reference] = []
      for element in list { all += try tensors(in: element) }
      return all
    }
    guard value["class_name"] == "__keras_tensor__" else {
      // Slices and dictionaries may hold tensors too.
      var all: [Network.Reference] = []
      for member in (value.objectValue ?? [:]).values { all += try tensors(in: member) }
      return all
    }
    return [try reference(value["config"]?["keras_history"] ?? .null)]
  }

  /// The model's `input_layers` or `output_layers`: one triple, or a list of them.
  func references(_ value: JSON, field: String) throws(ModelError) -> [Network.Reference] {
    if value[0]?.stringValue != nil { return [try reference(value)] }
    var list = value.arrayValue ?? []
    if let named = value.objectValue { list = Array(named.values) }
    guard !list.isEmpty else { throw ModelError(.malformedConfig("the model states no \(field)")) }
    var references: [Network.Reference] = []
    for element in list { references.append(try reference(element)) }
    return references
  }

  private func reference(_ history: JSON) throws(ModelError) -> Network.Reference {
    guard let name = history[0]?.stringValue, let node = history[1]?.intValue, let tensor = history[2]?.intValue else {
      throw ModelError(.malformedConfig("a connection is not [layer, node, tensor] but \(history.text())"))
    }
    guard let layer = indices[name] else {
      throw ModelError(.malformedConfig("a connection names the layer '\(name)', which the model does not have"))
    }
    return Network.Reference(layer: layer, node: node, tensor: tensor)
  }
}
