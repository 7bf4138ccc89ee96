import KerasCore
import KerasFile
import OrderedCollections

/// Brings a saved config of any release to the canonical form, recording what it changed.
public enum EraUpgrade {
  /// Reads the config and the training config of `source`.
  ///
  /// Throws `malformedConfig` if there is no config or a part of it has the wrong form, `unsupported` or `lambda` for what
  /// cannot be said in Keras 3's terms. Unknown classes are kept as they are: `Network` reports them all at once.
  public static func upgrade(
    _ source: ModelSource, mappings: [ObjectMapping] = [], translatesLambdas: Bool = true
  ) throws(ModelError) -> CanonicalModel {
    guard let saved = source.config else {
      throw ModelError(
        .malformedConfig(
          "the file holds weights only: its architecture is needed beside it, or named by --config; 'keraskit inspect' "
            + "lists what it holds"),
        file: source.file)
    }
    guard source.trainedBy == nil else {
      let release = source.version ?? KerasVersion(3, 15, 1)
      return CanonicalModel(
        config: saved, compile: source.trainingConfig, version: release, readAs: release, backend: source.backend)
    }
    // `to_json` of Keras 1 and 2 puts the stamps beside the model.
    var upgrade = ConfigUpgrade(source: source, era: Era(of: source, config: saved))
    upgrade.mappings = mappings
    upgrade.translatesLambdas = translatesLambdas
    do {
      var config = try upgrade.model(SavedLayer(saved, at: JSONPointer()), path: [])
      DataFormatResolution.resolve(&config, in: &upgrade)
      let compile = try CompileUpgrade.upgrade(source, saved: saved, in: &upgrade)
      upgrade.noteRelease()
      upgrade.noteBackend(config)
      return CanonicalModel(
        config: config, compile: compile, provenance: upgrade.provenance, diagnostics: upgrade.diagnostics,
        version: upgrade.era.stamped, readAs: upgrade.era.version, backend: upgrade.era.backend)
    } catch {
      throw error.inFile(source.file)
    }
  }
}

/// The state of one upgrade: the era, and what has been recorded so far.
struct ConfigUpgrade {
  let source: ModelSource
  let era: Era
  /// What the user gave for custom classes and functions; the last one given for a name counts.
  var mappings: [ObjectMapping] = []
  /// Whether Lambda layers get the meaning that their code has; else they are refused.
  var translatesLambdas = true
  var provenance: [Provenance] = []
  var diagnostics: [Diagnostic] = []
  /// Layer names given so far, per model, for files that hold none or the same twice.
  var names = UniqueNames()

  init(source: ModelSource, era: Era) {
    self.source = source
    self.era = era
  }

  func location(_ pointer: JSONPointer) -> SourceLocation {
    SourceLocation(file: source.file, container: source.configContainer, pointer: pointer)
  }

  mutating func record(
    _ kind: Provenance.Kind, _ rule: String, _ path: [String], _ pointer: JSONPointer, old: (String, JSON)? = nil,
    new: (String, JSON)? = nil
  ) {
    provenance.append(
      Provenance(
        kind: kind, rule: rule, layer: path.joined(separator: "/"), location: location(pointer), oldKey: old?.0,
        oldValue: old?.1, newKey: new?.0, newValue: new?.1))
  }

  mutating func note(
    _ rule: String, _ severity: Severity, _ path: [String] = [], _ pointer: JSONPointer? = nil, _ message: String
  ) {
    diagnostics.append(
      Diagnostic(
        rule: rule, severity: severity, layer: path.isEmpty ? nil : path.joined(separator: "/"),
        location: location(pointer ?? JSONPointer()), message: message))
  }

  /// Says what release was concluded, and from what, when the file does not state it.
  mutating func noteRelease() {
    guard era.stamped == nil, era.dialect < .keras3 else { return }
    note(
      "era-inferred", .note, [], nil,
      "The file does not state its Keras release; it is read as Keras \(era.version): "
        + era.evidence.joined(separator: "; ") + ". --keras-version names another.")
  }

  /// Says where the backend comes from when the file does not state it, if anything in the model depends on it.
  mutating func noteBackend(_ config: JSON) {
    guard source.backend == nil, source.config?["backend"] == nil, era.dialect < .keras3, !era.version.isTensorFlow,
      let layer = BackendDependence.first(in: config)
    else { return }
    guard let backend = era.backend else {
      note(
        "theano-flip-unknown", .warning, [], nil,
        "Neither the file nor its weights' names tell the backend, and the layer '\(layer)' computes differently on "
          + "Theano: TensorFlow's conventions are taken; --backend theano chooses the others.")
      return
    }
    let reason =
      era.dialect == .keras0
      ? "Keras 0 files do not say; Theano was its only backend until 0.3"
      : "the file does not say; the names of its weights \(backend == "tensorflow" ? "end in ':0'" : "have no ':0'")"
    note(
      "theano-flip-unknown", .note, [], nil,
      "Backend taken to be \(backend): \(reason). --backend names another; the layer '\(layer)' depends on it.")
  }
}

/// Layers that compute differently on Theano than on the other backends of their time.
enum BackendDependence {
  /// The first such layer's name in a canonical model.
  static func first(in model: JSON) -> String? {
    for layer in model["config"]?["layers"]?.arrayValue ?? [] {
      if let found = first(in: layer) { return found }
      for part in [layer, layer["config"]?["layer"] ?? .null] where depends(part) {
        return layer["name"]?.stringValue ?? part["config"]?["name"]?.stringValue ?? ""
      }
    }
    return nil
  }

  private static func depends(_ layer: JSON) -> Bool {
    let className = layer["class_name"]?.stringValue ?? ""
    if LayerAxes.isConvolution(className) {
      // Depthwise, separable and locally connected kernels are not flipped; their padding is Theano's all the same.
      let isFlipped = !["Depthwise", "Separable"].contains { className.hasPrefix($0) }
      return isFlipped || isSame(layer)
    }
    return LayerAxes.isPooling(className) && isSame(layer)
  }

  private static func isSame(_ layer: JSON) -> Bool {
    (layer["config"]?["padding"]?.stringValue ?? "").contains("same")
  }
}

/// Gives names that are not taken yet, as Keras does: `dense`, `dense_1`, `dense_2`.
struct UniqueNames {
  private var taken: Set<String> = []

  mutating func unique(_ wanted: String) -> String {
    if taken.insert(wanted).inserted { return wanted }
    var number = 1
    while !taken.insert("\(wanted)_\(number)").inserted { number += 1 }
    return "\(wanted)_\(number)"
  }
}
