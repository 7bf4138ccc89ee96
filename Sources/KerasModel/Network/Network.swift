import KerasCore
import KerasGraph
import OrderedCollections

/// A model, that is layers and the calls that connect them.
///
/// It is itself a layer, so models nest. Sequential and Functional models are the same here; a Sequential's calls form a
/// chain.
public struct Network: Layer {
  public enum Kind: Sendable, Hashable { case sequential, functional }

  /// One layer of the model, in the config's order.
  public struct Entry: Sendable {
    public var name: String
    public var layer: any Layer
    public var trainable: Bool
    /// The layer's place below the model in a `.keras` file: `layers/dense_1`.
    public var holder: String
    /// JSON pointer into the config as saved.
    public var sourcePointer: String?
    /// Keys of the config that the layer did not read.
    public var unreadKeys: [String]

    /// What the layer's `dtype` says.
    var policy = DTypePolicy.float32
    /// What stands for the draws of its functions.
    var randomDraws = RandomDraws.sample

    public var className: String { layer.className }
  }

  /// A result of one call of a layer; `layer` is −1 for a Sequential's input without an InputLayer.
  public struct Reference: Sendable, Hashable {
    public var layer: Int
    public var node: Int
    public var tensor: Int

    public init(layer: Int, node: Int, tensor: Int) {
      self.layer = layer
      self.node = node
      self.tensor = tensor
    }
  }

  /// One application of a layer to results of earlier calls.
  public struct Call: Sendable {
    public var layer: Int
    public var node: Int
    public var inputs: [Reference]
    public var keywordInputs: [String: [Reference]]
    public var arguments: OrderedDictionary<String, JSON>
  }

  public static let className = "Functional"

  public let className: String
  public let name: String
  public let kind: Kind
  public let entries: [Entry]
  /// In an order in which every call follows those it depends on.
  public let calls: [Call]
  public let inputReferences: [Reference]
  public let outputReferences: [Reference]
  private let fields: OrderedDictionary<String, JSON>
  /// The specs of each entry's weights, if the input shapes are stated.
  private var builtSpecs: [Int: [WeightSpec]]?

  /// Reads a whole canonical model.
  ///
  /// Throws `ModelError`: `.unknownObjects` with all of them at once, or what is wrong with a layer.
  public init(canonical root: JSON) throws(ModelError) {
    try UnknownObjects.check(root)
    guard let network = try LayerRegistry.layer(root).layer as? Network else {
      throw ModelError(.malformedConfig("the root is no model but \(root["class_name"]?.text() ?? "nothing")"))
    }
    self = network
  }

  public init(_ config: inout ConfigReader) throws(ModelError) {
    className = config.className == "Sequential" ? "Sequential" : "Functional"
    kind = config.className == "Sequential" ? .sequential : .functional
    name = config.name
    let objects = config.json("layers").arrayValue ?? []
    let (entries, indices) = try NetworkReading.entries(objects)
    let topology =
      try kind == .sequential
      ? NetworkReading.chain(entries)
      : NetworkReading.graph(
        objects, indices: indices, inputs: config.json("input_layers"), outputs: config.json("output_layers"))
    self.entries = entries
    calls = topology.calls
    inputReferences = topology.inputs
    outputReferences = topology.outputs
    var fields: OrderedDictionary<String, JSON> = ["layers": .array(objects)]
    if kind == .functional {
      fields["input_layers"] = config.json("input_layers")
      fields["output_layers"] = config.json("output_layers")
    }
    self.fields = fields
    config.ignore("build_input_shape", "batch_input_shape")
    if let inputs = statedInputs {
      var context = LoweringContext(isTraining: false)
      let tensors = inputs.map { LayerTensor(context.graph.addInput($0.name, $0.type)) }
      builtSpecs = try run(LayerCall(inputs: tensors), &context).specs
    }
  }

  public var config: OrderedDictionary<String, JSON> { fields }

  public var sublayers: [Sublayer] {
    entries.map { Sublayer(holder: $0.holder, name: $0.name, layer: $0.layer, trainable: $0.trainable) }
  }

  /// Whether a layer in reach keeps states between calls, so that the batch size matters.
  public var isStateful: Bool { Self.isStateful(self) }

  private static func isStateful(_ layer: any Layer) -> Bool {
    if let recurrent = layer as? any RecurrentLayer { return recurrent.isStateful }
    return layer.sublayers.contains { isStateful($0.layer) }
  }

  /// The names and types of the model's inputs as stated; `nil` if a Sequential does not state its input shape.
  var statedInputs: [(name: String, type: TensorType)]? {
    var inputs: [(name: String, type: TensorType)] = []
    for reference in inputReferences {
      if reference.layer < 0 {
        // A model placed first states the shape for the Sequential around it.
        guard let first = entries.first?.layer as? Network, let inner = first.statedInputs, inner.count == 1 else {
          return nil
        }
        inputs.append((name + "_input", inner[0].type))
      } else if let input = entries[reference.layer].layer as? InputLayer, let dtype = try? input.dtype() {
        inputs.append((entries[reference.layer].name, TensorType(dtype, input.batchShape)))
      } else {
        return nil
      }
    }
    return inputs
  }

  /// The model's inputs by name, in order; throws `.unsupported` if the config does not state them.
  public var inputs: [(name: String, type: TensorType)] {
    get throws(ModelError) {
      if let inputs = statedInputs { return inputs }
      for reference in inputReferences where reference.layer >= 0 {
        if let input = entries[reference.layer].layer as? InputLayer { _ = try input.dtype() }
      }
      throw ModelError(.unsupported("the model '\(name)' does not state the shape of its input"))
    }
  }

  /// The names of the layers that give the outputs; a repeated one gets a number, as in Keras.
  public var outputNames: [String] {
    var counts: [String: Int] = [:]
    return outputReferences.map { reference in
      let name = reference.layer < 0 ? self.name : entries[reference.layer].name
      let count = counts[name, default: 0]
      counts[name] = count + 1
      return count == 0 ? name : "\(name)_\(count)"
    }
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let built: [Int: [WeightSpec]]
    if let builtSpecs {
      built = builtSpecs
    } else {
      var context = LoweringContext(isTraining: false)
      var tensors: [LayerTensor] = []
      for (index, shape) in inputs.enumerated() {
        tensors.append(LayerTensor(context.graph.addInput("input_\(index)", TensorType(.float32, shape))))
      }
      built = try run(LayerCall(inputs: tensors), &context).specs
    }
    var specs: [WeightSpec] = []
    for (index, entry) in entries.enumerated() {
      for var spec in built[index] ?? [] {
        spec.holder = spec.holder.isEmpty ? entry.holder : entry.holder + "/" + spec.holder
        spec.path = entry.name + "/" + spec.path
        spec.layerNames = [entry.name] + spec.layerNames
        spec.ownersTrainable = spec.ownersTrainable && entry.trainable
        specs.append(spec)
      }
    }
    return specs
  }

  /// All variables of the model in Keras' order: layer by layer, each layer's own order.
  ///
  /// Each with its parameter name in graphs, its layer's path by names (`encoder/dense_1`), and whether training changes
  /// it: the variable itself and all layers around it are trainable.
  public func parameterSpecs() throws(ModelError) -> [(
    name: String, spec: WeightSpec, layerName: String, trainable: Bool
  )] {
    guard builtSpecs != nil else {
      throw ModelError(.unsupported("the model '\(name)' does not state the shape of its input"))
    }
    return try weights([]).map { spec in
      (spec.path, spec, spec.layerNames.joined(separator: "/"), spec.trainable && spec.ownersTrainable)
    }
  }

  /// Calls the model on tensors, as a layer of another.
  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    context.nesting += 1
    defer { context.nesting -= 1 }
    return try run(call, &context).outputs
  }
}
