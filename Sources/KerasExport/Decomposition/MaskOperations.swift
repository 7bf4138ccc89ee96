import KerasCore
import KerasGraph
import KerasModel

/// A mask as a tensor of the model whose layers `folder` leads to.
struct MadeMask: Sendable {
  var folder: String
  var tensor: TensorReference
  var type: TensorType
}

/// The masks that a layer reads, as tensors: operations are given none, so what made them is said once more.
struct MaskOperations {
  /// The operations, in the order of the computation.
  private(set) var layers: [LayerConfig] = []
  private(set) var types: [TensorReference: TensorType] = [:]
  /// Masks that no operation here makes, with the reason.
  private(set) var unknown: [TensorReference: String] = [:]

  private let model: ModelConfig
  private let folder: String
  private let origins: [String: [[LayerFacts.MaskOrigin?]]]
  /// Masks that operations make, those here included.
  private(set) var made: [LayerFacts.MaskOrigin: MadeMask]
  /// What is being made, each for the next: layers of a damaged file may read each other.
  private var readers: Set<LayerFacts.MaskOrigin> = []
  private var taken: Set<String>

  /// `folder` leads to the layers of `model`: `encoder/`; `origins` says who made the masks that
  /// each layer reads, and `made` are those that operations make already.
  init(
    _ model: ModelConfig, folder: String, origins: [String: [[LayerFacts.MaskOrigin?]]],
    made: [LayerFacts.MaskOrigin: MadeMask]
  ) {
    (self.model, self.folder, self.origins, self.made) = (model, folder, origins, made)
    taken = Set(model.layers.map(\.name))
  }

  /// The layer with the masks of its inputs as arguments of its calls, where none are given.
  mutating func stated(_ layer: LayerConfig, _ types: @escaping (TensorReference) -> TensorType?) -> LayerConfig {
    stated(layer, origins[folder + layer.name] ?? [], types)
  }

  private mutating func stated(
    _ layer: LayerConfig, _ origins: [[LayerFacts.MaskOrigin?]], _ types: @escaping (TensorReference) -> TensorType?
  ) -> LayerConfig {
    var layer = layer
    for (call, origins) in zip(layer.nodes.indices, origins) where origins.contains(where: { $0 != nil }) {
      guard layer.nodes[call].kwargs["mask"]?.isNull ?? true else { continue }
      let masks = origins.map { $0.map { .tensor(tensor($0, for: layer.name, types)) } ?? JSON.null }
      layer.nodes[call].kwargs["mask"] = masks.count == 1 ? masks[0] : .array(masks)
    }
    return layer
  }

  private mutating func tensor(
    _ origin: LayerFacts.MaskOrigin, for reader: String, _ types: @escaping (TensorReference) -> TensorType?
  ) -> TensorReference {
    if let made = made[origin], made.folder == folder {
      self.types[made.tensor] = made.type
      return made.tensor
    }
    let name = "\(reader)_mask_of_\(origin.path)_\(origin.call)"
    let maker = model.layers.first { folder + $0.name == origin.path }
    guard let maker, maker.nodes.indices.contains(origin.call),
      let input = maker.nodes[origin.call].references.first, let type = types(input)
    else { return refused(name, "a layer of another model") }
    var result: TensorReference
    switch maker.className {
    case "Masking":
      let value = maker.fields["mask_value"] ?? 0
      let differs = add("NotEqual", [:], [.tensor(input), value], "\(reader)_not_masked")
      result = add("Any", ["axis": [-1], "keepdims": false], [.tensor(differs)], "\(reader)_mask")
      self.types[result] = TensorType(.bool, Shape(Array(type.shape.dimensions.dropLast())))
    case "Embedding":
      result = add("NotEqual", [:], [.tensor(input), 0], "\(reader)_mask")
      self.types[result] = TensorType(.bool, type.shape)
    default:
      guard let found = computed(maker, origin, types) else {
        return refused(name, "'\(maker.name)' (\(maker.className))")
      }
      result = found
    }
    made[origin] = self.types[result].map { MadeMask(folder: folder, tensor: result, type: $0) }
    return result
  }

  /// The mask as the layer's own lowering makes it.
  private mutating func computed(
    _ maker: LayerConfig, _ origin: LayerFacts.MaskOrigin, _ types: @escaping (TensorReference) -> TensorType?
  ) -> TensorReference? {
    let all = origins[origin.path] ?? []
    guard all.indices.contains(origin.call), readers.insert(origin).inserted else { return nil }
    defer { readers.remove(origin) }
    var one = maker
    one.nodes = [maker.nodes[origin.call]]
    one = stated(one, [all[origin.call]], types)
    var options = LayerDecomposition.Options()
    (options.keepsVariables, options.keepsName, options.makesMasks, options.makesResults) = (false, false, true, false)
    let known = self.types
    let parts = try? LayerDecomposition(
      one, prefix: folder, weights: [:], taken: taken, options: options
    ) { known[$0] ?? types($0) }
    guard let parts, let mask = parts.masks[TensorReference(one.name, 0, origin.output)] else { return nil }
    let read = parts.layers.flatMap(\.nodes).flatMap(\.references) + [mask.tensor]
    guard !read.contains(where: { unknown[$0] != nil }) else { return nil }
    taken.formUnion(parts.layers.map(\.name))
    layers += parts.layers
    self.types[mask.tensor] = mask.type
    return mask.tensor
  }

  /// A tensor that there is none of.
  private mutating func refused(_ name: String, _ maker: String) -> TensorReference {
    let result = TensorReference(name)
    types[result] = TensorType(.bool, [nil, nil])
    unknown[result] = "it reads a mask that is made by \(maker), and operations are given none"
    return result
  }

  private mutating func add(
    _ className: String, _ fields: [String: JSON], _ arguments: [JSON], _ proposal: String
  ) -> TensorReference {
    var (name, number) = (proposal, 0)
    while !taken.insert(name).inserted {
      number += 1
      name = "\(proposal)_\(number)"
    }
    var made = LayerConfig(
      className, name: name, fields: .init(uniqueKeysWithValues: fields.sorted { $0.key < $1.key }))
    made.module = "keras.src.ops.numpy"
    made.nodes = [CallNode(args: .array(arguments))]
    layers.append(made)
    return TensorReference(name)
  }
}
