import KerasCore
import KerasModel

/// A GRU that resets after the product, which no release of TensorFlow.js has, step by step in a small model of Dense layers.
///
/// Each gate has a Dense of the input and one of the state, shared by the steps; the state before the first step and 1 − z are
/// products with constant matrices, since releases before 3 have no Rescaling.
enum TFJSGatedRecurrence: LayerRewrite {
  /// More steps than this would make models that are slow to load.
  private static let longest = 128

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    guard !context.isWrapped else { return }
    let merging: String?
    var directions: [(layer: LayerConfig, holder: String, prefix: String)] = []
    if layer.className == "GRU" {
      merging = nil
      directions = [(layer, "", "")]
    } else if layer.className == "Bidirectional", let forward = try layer.inner("layer", path: context.path),
      forward.className == "GRU", layer.fields["backward_layer", default: .null].isNull,
      let mode = layer.string("merge_mode"), let merge = merges[mode]
    {
      merging = merge
      var backward = forward
      backward.fields["go_backwards"] = .bool(forward.fields["go_backwards"] != true)
      directions = [(forward, "forward_layer/", "forward_"), (backward, "backward_layer/", "backward_")]
    } else {
      return
    }
    guard directions[0].layer.fields["reset_after"] != false else { return }
    func refuse(_ reason: String) -> ExportError {
      context.refusal(
        "GRU with reset_after",
        "TensorFlow.js resets before the product only, and step by step in other layers \(reason)")
    }
    guard !context.facts.masked.contains(context.path) else { throw refuse("it has no mask") }
    guard layer.nodes.allSatisfy({ $0.references.count <= 1 }), layer.fields["stateful"] != true,
      directions[0].layer.fields["stateful"] != true
    else { throw refuse("it begins with no given state") }
    guard let shape = context.facts.inputShapes[context.path]?.first, shape.rank == 3, let steps = shape[1],
      let width = shape[2], (1...longest).contains(steps)
    else { throw refuse("it needs a fixed number of steps, at most \(longest)") }
    let input = LayerConfig(
      "InputLayer", name: layer.name + "_input",
      fields: [
        "batch_shape": JSON(Shape([context.hasFixedBatch ? shape[0] : nil, steps, width])), "dtype": "float32",
        "sparse": false, "ragged": false,
      ])
    var model = StepModel(name: layer.name, input: input.name, layers: [input], steps: steps, width: width)
    var results: [(outputs: TensorReference, state: TensorReference)] = []
    for (gru, holder, prefix) in directions {
      let weights: GatedWeights
      do {
        weights = try GatedWeights(context.weights, at: context.prefix + holder + "cell/")
      } catch {
        throw refuse("it needs the usual weights: \(error)")
      }
      for role in ["kernel", "recurrent_kernel", "bias"] {
        context.weights["\(context.prefix)\(holder)cell/\(role)"] = nil
      }
      let result = try model.unroll(gru, weights, prefix: prefix, isMirrored: prefix == "backward_") {
        context.weights["\(context.prefix)\($0)"] = $1
      }
      guard let result else { throw refuse("its activations need names") }
      results.append(result)
    }
    var outputs = [results[0].outputs]
    if let merging {
      var merged = LayerConfig(merging, name: layer.name + "_merged", fields: ["trainable": true, "dtype": "float32"])
      if merging == "Concatenate" { merged.fields["axis"] = -1 }
      merged.nodes = [CallNode(args: [.array(results.map { .tensor($0.outputs) })])]
      model.layers.append(merged)
      outputs = [TensorReference(merged.name)]
    }
    if directions[0].layer.fields["return_state"] == true { outputs += results.map(\.state) }
    var inner = ModelConfig(
      functional: layer.name, layers: model.layers, inputs: [TensorReference(input.name)], outputs: outputs)
    inner.layers = LayerOrder.sorted(inner)
    chain.layer = LayerConfig("Functional", name: layer.name)
    chain.layer.nodes = layer.nodes
    chain.layer.model = inner
    let drops = directions[0].layer.fields
    if ["dropout", "recurrent_dropout"].contains(where: { drops[$0]?.doubleValue ?? 0 > 0 }) {
      context.note(.lost, "dropout inside the recurrence: its steps are layers of their own")
    }
    context.note(
      .rewritten,
      "GRU with reset_after is a small model of \(steps) steps in Dense layers: TensorFlow.js resets before the product only"
    )
  }

  private static let merges = ["concat": "Concatenate", "sum": "Add", "mul": "Multiply", "ave": "Average"]
}

/// The kernels and biases of a GRU's gates, each an array of its own: update, reset, candidate.
private struct GatedWeights {
  let units: Int
  private(set) var arrays: [String: TensorData] = [:]
  private(set) var hasBias = false

  static let gates = ["update", "reset", "candidate"]

  init(_ weights: [String: TensorData], at prefix: String) throws {
    guard let kernel = weights[prefix + "kernel"], let recurrent = weights[prefix + "recurrent_kernel"],
      kernel.shape.count == 2, recurrent.shape.count == 2, recurrent.shape[1] == 3 * recurrent.shape[0],
      kernel.shape[1] == recurrent.shape[1]
    else { throw ExportError(.malformed("the kernels are not those of a GRU")) }
    units = recurrent.shape[0]
    for (role, stored) in [("input", kernel), ("state", recurrent)] {
      let values = try stored.doubles()
      let columns = 3 * units
      for (index, gate) in Self.gates.enumerated() {
        var part: [Double] = []
        for row in 0..<stored.shape[0] {
          part += values[(row * columns + index * units)..<(row * columns + (index + 1) * units)]
        }
        arrays["\(gate)_\(role)/kernel"] = try TensorData(shape: [stored.shape[0], units], doubles: part)
          .converted(to: stored.dtype)
      }
    }
    guard let bias = weights[prefix + "bias"] else { return }
    guard bias.shape == [2, 3 * units] else { throw ExportError(.malformed("the bias is not that of a GRU")) }
    hasBias = true
    let values = try bias.doubles()
    for (row, role) in ["input", "state"].enumerated() {
      for (index, gate) in Self.gates.enumerated() {
        let first = row * 3 * units + index * units
        arrays["\(gate)_\(role)/bias"] = try TensorData(shape: [units], doubles: Array(values[first..<(first + units)]))
          .converted(to: bias.dtype)
      }
    }
  }
}

/// A model in which layers are called once for each step.
private struct StepModel {
  let name: String
  let input: String
  var layers: [LayerConfig]
  let steps: Int
  let width: Int
  private var hasImage = false

  init(name: String, input: String, layers: [LayerConfig], steps: Int, width: Int) {
    (self.name, self.input, self.layers, self.steps, self.width) = (name, input, layers, steps, width)
  }

  /// Adds the steps of one direction; what it puts out and its last state, `nil` if it has activations without a name.
  ///
  /// A mirrored one puts its sequence out in the order of its input.
  mutating func unroll(
    _ gru: LayerConfig, _ weights: GatedWeights, prefix: String, isMirrored: Bool,
    store: (String, TensorData) -> Void
  ) throws(ExportError) -> (outputs: TensorReference, state: TensorReference)? {
    guard let activation = gru.string("activation"), let gate = gru.string("recurrent_activation") else { return nil }
    let own = name + "_" + prefix
    let units = weights.units
    let trainable = gru.fields["trainable"] ?? true
    for (key, array) in weights.arrays { store(own + key, array) }
    var dense: [String: LayerConfig] = [:]
    for part in GatedWeights.gates {
      for (role, kind) in [("input", "kernel"), ("state", "recurrent")] {
        var layer = Self.dense(own + part + "_" + role, units: units, trainable: trainable, hasBias: weights.hasBias)
        layer.fields["kernel_regularizer"] = gru.fields[kind + "_regularizer"] ?? .null
        if weights.hasBias { layer.fields["bias_regularizer"] = gru.fields["bias_regularizer"] ?? .null }
        dense["\(part)_\(role)"] = layer
      }
    }
    var nothing = Self.dense(own + "nothing", units: units, trainable: false, hasBias: false)
    var rest = Self.dense(own + "rest", units: units, trainable: false, hasBias: true)
    do {
      store(
        nothing.name + "/kernel",
        try TensorData(shape: [width, units], floats: .init(repeating: 0, count: width * units)))
      var mirror = [Float](repeating: 0, count: units * units)
      for unit in 0..<units { mirror[unit * (units + 1)] = -1 }
      store(rest.name + "/kernel", try TensorData(shape: [units, units], floats: mirror))
      store(rest.name + "/bias", try TensorData(shape: [units], floats: .init(repeating: 1, count: units)))
    } catch {
      throw ExportError(.malformed("\(error)"))
    }
    func plain(_ className: String, _ suffix: String, _ fields: [String: JSON] = [:]) -> LayerConfig {
      var layer = LayerConfig(className, name: own + suffix, fields: ["trainable": true, "dtype": "float32"])
      for (key, value) in fields.sorted(by: { $0.key < $1.key }) { layer.fields[key] = value }
      return layer
    }
    var (sum, product) = (plain("Add", "sum"), plain("Multiply", "product"))
    var gates = plain("Activation", "gate", ["activation": .string(gate)])
    var candidates = plain("Activation", "candidate", ["activation": .string(activation)])
    var row = plain("Reshape", "row", ["target_shape": JSON([1, units])])
    var step = plain("Reshape", "step", ["target_shape": JSON([width])])
    func call(_ layer: inout LayerConfig, _ operands: TensorReference...) -> TensorReference {
      layer.nodes.append(
        CallNode(args: operands.count == 1 ? [.tensor(operands[0])] : [.array(operands.map { .tensor($0) })]))
      return TensorReference(layer.name, layer.nodes.count - 1, 0)
    }
    func part(_ key: String, _ operand: TensorReference) -> TensorReference {
      guard var layer = dense[key] else { return operand }
      defer { dense[key] = layer }
      return call(&layer, operand)
    }
    let image = TensorReference(name + "_image")
    if !hasImage {
      var reshape = LayerConfig(
        "Reshape", name: image.layer,
        fields: ["trainable": true, "dtype": "float32", "target_shape": JSON([steps, width, 1])])
      _ = call(&reshape, TensorReference(input))
      layers.append(reshape)
      hasImage = true
    }
    let order = gru.fields["go_backwards"] == true ? Array((0..<steps).reversed()) : Array(0..<steps)
    var state: TensorReference?
    var rows: [TensorReference] = []
    for index in order {
      var crop = plain(
        "Cropping2D", "at_\(index)",
        ["cropping": [JSON([index, steps - 1 - index]), [0, 0]], "data_format": "channels_last"])
      let now = call(&step, call(&crop, image))
      layers.append(crop)
      let before = state ?? call(&nothing, now)
      let update = call(&gates, call(&sum, part("update_input", now), part("update_state", before)))
      let reset = call(&gates, call(&sum, part("reset_input", now), part("reset_state", before)))
      let carried = call(&product, reset, part("candidate_state", before))
      let candidate = call(&candidates, call(&sum, part("candidate_input", now), carried))
      let after = call(&sum, call(&product, update, before), call(&product, call(&rest, update), candidate))
      state = after
      if gru.fields["return_sequences"] == true { rows.append(call(&row, after)) }
    }
    guard let state else { return nil }
    layers += [step, nothing, rest, sum, product, gates, candidates] + dense.sorted { $0.key < $1.key }.map(\.value)
    guard !rows.isEmpty else { return (state, state) }
    layers.append(row)
    if isMirrored { rows.reverse() }
    guard rows.count > 1 else { return (rows[0], state) }
    var sequence = plain("Concatenate", "sequence", ["axis": 1])
    sequence.nodes = [CallNode(args: [.array(rows.map { .tensor($0) })])]
    layers.append(sequence)
    return (TensorReference(sequence.name), state)
  }

  private static func dense(_ name: String, units: Int, trainable: JSON, hasBias: Bool) -> LayerConfig {
    LayerConfig(
      "Dense", name: name,
      fields: [
        "trainable": trainable, "dtype": "float32", "units": JSON(units), "activation": "linear",
        "use_bias": .bool(hasBias),
      ])
  }
}
