import KerasCore
import KerasFile
import KerasModel
import OrderedCollections

/// What rules look at: the config as saved, and the same in canonical terms.
public struct AuditSubject: Sendable {
  public let source: ModelSource
  public let canonical: CanonicalModel
  /// All layers in the order of the file, those inside models and wrappers too.
  public let layers: [AuditedLayer]
  /// A batch size is fixed in the config.
  public let hasFixedBatch: Bool
  /// Where masks go in the model.
  let masks: MaskFlow
  /// Where images go in the model.
  let images: ImageFlow
  /// The release that the file is to be read by; meanings are compared with its.
  public let target: Release
  /// The training config taken apart, with the model's outputs; `nil` for a model that was not compiled.
  private(set) var training: TrainingWords?
  /// Each layer's index by its place in the saved config.
  private let places: [JSONPointer: Int]

  public init(source: ModelSource, canonical: CanonicalModel, target: Release = .current) {
    self.source = source
    self.canonical = canonical
    self.target = target
    var walk = LayerWalk()
    walk.visitModel(canonical.config, place: LayerWalk.Place())
    layers = walk.layers
    // An InputLayer that the upgrade made from the first layer's `batch_input_shape` shares that layer's place.
    places = Dictionary(
      walk.layers.enumerated().filter { $0.element.className != "InputLayer" }.map { ($0.element.pointer, $0.offset) },
      uniquingKeysWith: { first, _ in first })
    hasFixedBatch = walk.hasFixedBatch
    masks = MaskFlow(canonical.config)
    images = ImageFlow(canonical.config)
    training = TrainingWords(self)
  }

  /// The innermost layer whose saved object contains `pointer`.
  func owner(of pointer: JSONPointer) -> AuditedLayer? {
    var place = pointer
    while true {
      if let index = places[place] { return layers[index] }
      guard !place.components.isEmpty else { return nil }
      place = JSONPointer(Array(place.components.dropLast()))
    }
  }

  /// The release the file states; `nil` without a stamp, or with a stamp of `1`, which many releases' tools wrote.
  public var version: KerasVersion? { source.versionStamp == "1" ? nil : canonical.version }

  /// The release's name for texts: `Keras 2.1.3`, `tf.keras 2.2.4-tf`.
  public var release: String {
    guard let version else { return "the unknown release that saved it" }
    return (version.isTensorFlow ? "tf.keras " : "Keras ") + (source.versionStamp ?? version.description)
  }

  /// The release that saved the file, or landmarks of all that may have, oldest first.
  public var savedReleases: [Release] {
    let backend = canonical.backend ?? (canonical.readAs.major == 0 ? "theano" : "tensorflow")
    if let version { return [Release(version, backend: backend)] }
    return Self.landmarks(of: canonical.readAs).map { Release($0, backend: backend) }
  }

  /// Releases between which meanings changed, of the language that an unstamped config is written in.
  private static func landmarks(of readAs: KerasVersion) -> [KerasVersion] {
    switch readAs.major {
    case 0: [KerasVersion(0, 1, 3), KerasVersion(0, 2), KerasVersion(0, 3, 3)]
    case 1: [KerasVersion(1, 0, 0), KerasVersion(1, 0, 8), KerasVersion(1, 2, 2)]
    case 2 where readAs.isTensorFlow:
      [
        KerasVersion(2, 1, 6, isTensorFlow: true), KerasVersion(2, 2, 4, isTensorFlow: true), KerasVersion(2, 5),
        KerasVersion(2, 15),
      ]
    case 2:
      [
        KerasVersion(2, 0, 2), KerasVersion(2, 0, 9), KerasVersion(2, 1, 3), KerasVersion(2, 2, 4),
        KerasVersion(2, 3, 1), KerasVersion(2, 2, 4, isTensorFlow: true), KerasVersion(2, 15),
      ]
    default: [KerasVersion(3, 0), KerasVersion(3, 13, 2), KerasVersion(3, 15, 1)]
    }
  }

  /// Whether the file comes from standalone Keras, from `first` on and before `end`.
  public func isStandalone(from first: KerasVersion? = nil, before end: KerasVersion) -> Bool {
    guard let version, !version.isTensorFlow, version < end else { return false }
    return first.map { version >= $0 } ?? true
  }

  /// Whether a convolution or pooling of the model has its channels first.
  var isChannelsFirst: Bool {
    layers.contains {
      $0.config["data_format"] == "channels_first" && ($0.className.contains("Conv") || $0.className.contains("Pool"))
    }
  }

  /// The layers that penalise their activations.
  public var penalised: [(layer: AuditedLayer, penalty: ActivityPenalty)] {
    layers.compactMap { layer in layer.activityPenalty.flatMap { $0.isZero ? nil : (layer, $0) } }
  }

  /// A place in the saved config.
  public func location(_ pointer: JSONPointer) -> SourceLocation {
    SourceLocation(file: source.file, container: source.configContainer, pointer: pointer)
  }

  /// The place of a layer's field: the first of `keys` the saved config has, or the layer itself.
  public func location(_ layer: AuditedLayer, _ keys: String...) -> SourceLocation { location(layer, keys: keys) }

  /// The same for a list of fields.
  public func location(_ layer: AuditedLayer, keys: [String]) -> SourceLocation {
    let saved = source.config?[layer.pointer]
    for key in keys {
      if saved?["config"]?[key] != nil { return location(layer.pointer.appending("config").appending(key)) }
      if saved?[key] != nil { return location(layer.pointer.appending(key)) }
    }
    return location(layer.pointer)
  }

  /// A place in the saved training config.
  public func trainingLocation(_ pointer: JSONPointer = JSONPointer()) -> SourceLocation {
    source.trainingConfig == nil
      ? location(JSONPointer())
      : SourceLocation(file: source.file, container: source.trainingConfigContainer, pointer: pointer)
  }

  /// The arrays stored for the layer of that name, their names and shapes; none are read.
  ///
  /// Only of files that store weights by layer name (HDF5 of Keras 1 and 2).
  public func storedArrays(ofLayer name: String) -> [StoredArray] {
    guard case .groups(let groups) = source.weights else { return [] }
    return groups.first { $0.name == name }?.arrays ?? []
  }

  /// Whether a layer's saved config has the field.
  public func states(_ layer: AuditedLayer, _ key: String) -> Bool { savedFields(layer)[key] != nil }

  /// A layer's fields as saved.
  public func savedFields(_ layer: AuditedLayer) -> OrderedDictionary<String, JSON> {
    let saved = source.config?[layer.pointer]
    let fields = saved?["config"]?.objectValue ?? saved?.objectValue ?? [:]
    guard layer.className == "InputLayer", saved?["class_name"] != "InputLayer" else { return fields }
    // Made by the upgrade from the shape that another layer states: that layer's other fields are not its own.
    return fields.filter { key, _ in key.hasPrefix("input_") || key.hasPrefix("batch_input_") || key == "dtype" }
  }
}

/// Collects the layers of a canonical config with what is around each.
private struct LayerWalk {
  struct Place {
    var path: [String] = []
    var nesting = 0
    var isFirst = true
    var wrappers: [AuditedLayer.Wrapper] = []
    var isInTimeDistributedModel = false
    var isShared = false
  }

  var layers: [AuditedLayer] = []
  var hasFixedBatch = false

  mutating func visitModel(_ model: JSON, place: Place) {
    let isSequential = model["class_name"] == "Sequential"
    var isFirst = true
    for layer in model["config"]?["layers"]?.arrayValue ?? [] {
      visit(layer, place: place, isFirstOfSequential: isSequential && isFirst)
      if layer["class_name"] != "InputLayer" { isFirst = false }
    }
  }

  private mutating func visit(_ layer: JSON, place: Place, isFirstOfSequential: Bool) {
    let className = layer["class_name"]?.stringValue ?? ""
    let name = layer["config"]?["name"]?.stringValue ?? layer["name"]?.stringValue ?? className
    var inner = place
    inner.path.append(name)
    if layer["inbound_nodes"]?.arrayValue?.count ?? 0 > 1 { inner.isShared = true }
    if layer["config"]?["layers"]?.arrayValue != nil {
      inner.nesting += 1
      inner.isFirst = place.isFirst && isFirstOfSequential && place.wrappers.isEmpty
      if place.wrappers.last?.className == "TimeDistributed" { inner.isInTimeDistributedModel = true }
      inner.wrappers = []
      visitModel(layer, place: inner)
      return
    }
    let config = layer["config"] ?? [:]
    if className == "InputLayer", place.nesting == 0, config["batch_shape"]?[0]?.intValue != nil {
      hasFixedBatch = true
    }
    layers.append(
      AuditedLayer(
        path: inner.path.joined(separator: "/"), className: className, config: config,
        pointer: JSONPointer(parsing: layer["source_pointer"]?.stringValue ?? ""), nesting: place.nesting,
        isFirstInSequentials: place.nesting > 0 && place.isFirst, wrappers: place.wrappers,
        isInTimeDistributedModel: place.isInTimeDistributedModel, isShared: inner.isShared))
    inner.wrappers.append(
      AuditedLayer.Wrapper(className: className, path: inner.path.joined(separator: "/"), config: config))
    var held = ["layer", "cell", "encoder", "decoder"].compactMap { config[$0] } + (config["cells"]?.arrayValue ?? [])
    // A Bidirectional's backward layer is a copy of the forward one unless it was given apart.
    if let backward = config["backward_layer"], backward["source_pointer"] != config["layer"]?["source_pointer"] {
      held.append(backward)
    }
    for object in held where object["class_name"] != nil { visit(object, place: inner, isFirstOfSequential: false) }
  }
}

extension JSONPointer {
  /// Reads the written form: `/config/layers/3`.
  init(parsing text: String) {
    self.init(
      text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
        String($0).replacing("~1", with: "/").replacing("~0", with: "~")
      })
  }
}
