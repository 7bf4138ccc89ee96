import KerasCore
import KerasGraph
import KerasModel

/// The masks that a layer reads, as tensors: operations are given none, so what made them is said once more.
struct MaskOperations {
  /// The operations, in the order of the computation.
  private(set) var layers: [LayerConfig] = []
  private(set) var types: [TensorReference: TensorType] = [:]
  /// Masks that no operation here makes, with the reason.
  private(set) var unknown: [TensorReference: String] = [:]

  private let model: ModelConfig
  private let folder: String
  private var taken: Set<String>

  /// `folder` leads to the layers of `model`: `encoder/`.
  init(_ model: ModelConfig, folder: String) {
    (self.model, self.folder) = (model, folder)
    taken = Set(model.layers.map(\.name))
  }

  /// The layer with the masks of its inputs as arguments of its calls, where none are given.
  mutating func stated(
    _ layer: LayerConfig, _ origins: [[LayerFacts.MaskOrigin?]], _ types: (TensorReference) -> TensorType?
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
    _ origin: LayerFacts.MaskOrigin, for reader: String, _ types: (TensorReference) -> TensorType?
  ) -> TensorReference {
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
    default: result = refused(name, "'\(maker.name)' (\(maker.className))")
    }
    return result
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
