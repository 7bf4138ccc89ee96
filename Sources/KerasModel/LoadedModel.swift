import KerasCore
import KerasFile
import OrderedCollections

/// A model as read from a file: what the file says, what it means, and its weights in the canonical layout.
public struct LoadedModel: Sendable {
  public var source: ModelSource
  public var canonical: CanonicalModel
  public var network: Network
  /// How each variable got its value; empty rows if the file holds no weights.
  public var assignment: WeightAssignment
  /// Parameter name → array in the canonical layout, in its stored type.
  public var weights: [String: TensorData]
  /// The optimizer's state as stored.
  public var optimizerArrays: [StoredArray] { source.optimizerWeights }
  /// What training meant in the release that wrote the file.
  public var semantics: TrainingSemantics
  /// The release that wrote the file, if known.
  public var sourceVersion: KerasVersion? { canonical.version }
  /// What the reader, the upgrade and the weights' assignment noticed.
  public var diagnostics: [Diagnostic]

  /// Opens and loads a model file; throws `ModelError` naming the file, and the layer and field where one is at fault.
  public static func load(_ path: String) throws(ModelError) -> LoadedModel {
    let source: ModelSource
    do {
      source = try ModelFile.open(path)
    } catch {
      throw ModelError(.file(error))
    }
    return try load(source: source)
  }

  /// Loads an architecture and weights that lie in two files.
  public static func load(config: String, weights: String) throws(ModelError) -> LoadedModel {
    let source: ModelSource
    do {
      source = try ModelFile.open(config: config, weights: weights)
    } catch {
      throw ModelError(.file(error))
    }
    return try load(source: source)
  }

  /// Loads an opened model file.
  public static func load(source: ModelSource) throws(ModelError) -> LoadedModel {
    do throws(ModelError) {
      var canonical = try EraUpgrade.upgrade(source)
      let era = Era(of: source, config: source.config ?? .null)
      SharedAxes.fill(in: &canonical, from: source.weights)
      let network = try Network(canonical: canonical.config)
      var targets: [WeightTarget] = []
      for (name, spec, _, trainable) in try network.parameterSpecs() {
        targets.append(
          WeightTarget(
            parameter: name, holder: "", role: spec.role, shape: spec.shape, isTrainable: spec.trainable && trainable))
      }
      if case .none = source.weights, !targets.isEmpty {
        throw ModelError(
          .file(KerasFileError(file: source.file, .missing("weights (the file holds an architecture only)"))))
      }
      let assignment = try WeightAssignment(source, era: era, model: canonical.config, targets: targets)
      var diagnostics = source.diagnostics + canonical.diagnostics
      if let ambiguous = RunningDeviation.ambiguity(source, era: era, assignment: assignment) {
        diagnostics.append(ambiguous)
      }
      return LoadedModel(
        source: source, canonical: canonical, network: network, assignment: assignment, weights: assignment.weights,
        semantics: TrainingSemantics.of(version: canonical.version, backend: canonical.backend),
        diagnostics: diagnostics)
    } catch {
      throw error.inFile(source.file)
    }
  }

  /// The release's training; an unstamped file's by its dialect's last release.
  private static func semantics(_ era: Era, _ source: ModelSource) -> TrainingSemantics {
    var semantics = TrainingSemantics.of(version: era.version, backend: era.backend)
    // From 2.11 on tf.keras has two families of optimizers; only the new one writes `is_legacy_optimizer: false`.
    let config = source.trainingConfig?["optimizer_config"]?["config"] ?? source.trainingConfig?["optimizer"]?["config"]
    if let config, era.dialect == .keras2, era.version >= KerasVersion(2, 11), config["is_legacy_optimizer"] != false {
      semantics.useLegacyOptimizers()
    }
    return semantics
  }
}

/// Keras 1.2 saved PReLU's alphas but not their shared axes: an axis of length one is shared.
enum SharedAxes {
  static func fill(in canonical: inout CanonicalModel, from weights: StoredWeights) {
    guard case .groups(let groups) = weights else { return }
    canonical.config = filled(canonical.config, groups)
  }

  private static func filled(_ model: JSON, _ groups: [WeightGroup]) -> JSON {
    var model = model
    guard var config = model["config"]?.objectValue, let layers = config["layers"]?.arrayValue else { return model }
    config["layers"] = .array(
      layers.map { layer in
        var layer = filled(layer, groups)
        guard layer["config"]?["keraskit>shared_axes_from_weights"] == true, var fields = layer["config"]?.objectValue,
          let name = layer["name"]?.stringValue
        else { return layer }
        let arrays =
          groups.first { $0.name == name }?.arrays ?? groups.flatMap(\.arrays).filter { $0.name.hasPrefix(name + "_") }
        if arrays.count == 1 {
          let shared = arrays[0].shape.indices.filter { arrays[0].shape[$0] == 1 }.map { $0 + 1 }
          fields["shared_axes"] = shared.isEmpty ? .null : JSON(shared)
        }
        layer["config"] = .object(fields)
        return layer
      })
    model["config"] = .object(config)
    return model
  }
}

/// Whether a Keras 1 file's fourth batch normalisation array is a variance or a deviation.
enum RunningDeviation {
  static func ambiguity(_ source: ModelSource, era: Era, assignment: WeightAssignment) -> Diagnostic? {
    guard era.dialect == .keras1, era.stamped == nil,
      let row = assignment.rows.first(where: { $0.storedNames.contains { $0.contains("_running_std") } })
    else { return nil }
    return Diagnostic(
      rule: "bn-running-std-ambiguous", severity: .warning, layer: String(row.parameter.prefix { $0 != "/" }),
      location: SourceLocation(file: source.file, container: row.storedPaths.first),
      message:
        "The file does not say its Keras version: its running_std is read as a variance (Keras 1.0.7 and later); "
        + "up to 1.0.6 it was a standard deviation.")
  }
}
