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

  public init(source: ModelSource, canonical: CanonicalModel) {
    self.source = source
    self.canonical = canonical
    var walk = LayerWalk()
    walk.visitModel(canonical.config, place: LayerWalk.Place())
    layers = walk.layers
    hasFixedBatch = walk.hasFixedBatch
  }

  /// The release the file states; `nil` without a stamp, or with a stamp of `1`, which many releases' tools wrote.
  public var version: KerasVersion? { source.versionStamp == "1" ? nil : canonical.version }

  /// The release's name for texts: `Keras 2.1.3`, `tf.keras 2.2.4-tf`.
  public var release: String {
    guard let version else { return "the unknown release that saved it" }
    return (version.isTensorFlow ? "tf.keras " : "Keras ") + (source.versionStamp ?? version.description)
  }

  /// Whether the file comes from standalone Keras, from `first` on and before `end`.
  public func isStandalone(from first: KerasVersion? = nil, before end: KerasVersion) -> Bool {
    guard let version, !version.isTensorFlow, version < end else { return false }
    return first.map { version >= $0 } ?? true
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
  public func location(_ layer: AuditedLayer, _ keys: String...) -> SourceLocation {
    let saved = source.config?[layer.pointer]
    for key in keys {
      if saved?["config"]?[key] != nil { return location(layer.pointer.appending("config").appending(key)) }
      if saved?[key] != nil { return location(layer.pointer.appending(key)) }
    }
    return location(layer.pointer)
  }

  /// A layer's fields as saved.
  public func savedFields(_ layer: AuditedLayer) -> OrderedDictionary<String, JSON> {
    let saved = source.config?[layer.pointer]
    return saved?["config"]?.objectValue ?? saved?.objectValue ?? [:]
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
        isInTimeDistributedModel: place.isInTimeDistributedModel))
    inner.wrappers.append(
      AuditedLayer.Wrapper(className: className, path: inner.path.joined(separator: "/"), config: config))
    // A Bidirectional's backward layer is a copy of the forward one unless it was given apart.
    for key in ["layer", "cell"] {
      if let held = config[key], held["class_name"] != nil { visit(held, place: inner, isFirstOfSequential: false) }
    }
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
