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
  /// The optimizer's state in the canonical layout, where it was read or training made it.
  public var optimizerState: OptimizerState?
  /// What training meant in the release that wrote the file.
  public var semantics: TrainingSemantics
  /// The release that wrote the file, if known.
  public var sourceVersion: KerasVersion? { canonical.version }
  /// What the reader, the upgrade and the weights' assignment noticed.
  public var diagnostics: [Diagnostic]
  /// What it was loaded with.
  public var options = LoadOptions()
  /// Changes made since that the format of the source cannot say, each with the reason: it is not written back then.
  public var sourceLacks: [String] = []

  /// Opens and loads a model file; throws `ModelError` naming the file, and the layer and field where one is at fault.
  ///
  /// Without `options.requiresWeights`, a file that holds an architecture only gives a model without weights.
  public static func load(_ path: String, options: LoadOptions = LoadOptions()) throws(ModelError) -> LoadedModel {
    let source: ModelSource
    do {
      source = try options.open(path)
    } catch {
      throw ModelError(.file(error))
    }
    return try load(source: source, options: options)
  }

  /// Loads an architecture and weights that lie in two files.
  public static func load(
    config: String, weights: String, options: LoadOptions = LoadOptions()
  ) throws(ModelError) -> LoadedModel {
    let source: ModelSource
    do {
      source = try ModelFile.open(config: config, weights: weights)
    } catch {
      throw ModelError(.file(error))
    }
    return try load(source: source, options: options)
  }

  /// Whether any variable has an array, read or not.
  public var holdsWeights: Bool { !weights.isEmpty || !assignment.isEmpty }

  /// A variable's array in the canonical layout, from the file if it was not read; `nil` for variables without one.
  ///
  /// Throws `ModelError` naming the file if the array cannot be read.
  public func weight(_ parameter: String) throws(ModelError) -> TensorData? {
    if let data = weights[parameter] { return data }
    do {
      return try assignment.weight(parameter)
    } catch {
      throw error.inFile(source.file)
    }
  }

  /// The shapes of all variables that have an array, read or not.
  public var weightShapes: [String: [Int]] { weights.mapValues(\.shape).merging(assignment.shapes) { read, _ in read } }

  /// Where a variable's array lies as it is, if it was not read.
  public func storedArray(_ parameter: String) -> StoredArray? {
    weights[parameter] == nil ? assignment.storedArray(parameter) : nil
  }

  /// Loads an opened model file.
  public static func load(
    source: ModelSource, options: LoadOptions = LoadOptions()
  ) throws(ModelError) -> LoadedModel {
    let source = options.stamped(source)
    var checked = JSON.null
    do throws(ModelError) {
      var canonical = try EraUpgrade.upgrade(
        source, mappings: options.mappings, translatesLambdas: options.translatesLambdas)
      let era = Era(of: source, config: source.config ?? .null)
      SharedAxes.fill(in: &canonical, from: source.weights)
      VocabularyAssets.fill(in: &canonical, from: source)
      LostOutputPadding.fill(in: &canonical, from: source)
      LostAttentionPolicies.fill(in: &canonical, from: source)
      if options.randomDraws != .sample { options.randomDraws.state(in: &canonical.config) }
      InferredInput.fill(in: &canonical, from: source.weights, file: source.file)
      try UnknownObjects.check(canonical.config, source)
      checked = canonical.config
      let network = try Network(canonical: canonical.config)
      var targets: [WeightTarget] = []
      for (name, spec, _, trainable) in try network.parameterSpecs() {
        targets.append(
          WeightTarget(
            parameter: name, holder: "", role: spec.role, shape: spec.shape, isTrainable: spec.trainable && trainable,
            initializer: spec.initializer))
      }
      if case .none = source.weights {
        guard !options.requiresWeights || options.allowsPartialWeights || targets.isEmpty else {
          throw ModelError(
            .file(
              KerasFileError(
                file: source.file,
                .missing("the part with the weights (this is an architecture only; --weights names them)"))))
        }
        if !options.requiresWeights || !options.allowsPartialWeights { targets = [] }
      }
      let weightEra = era.ofWeights(in: source)
      let assignment = try WeightAssignment(
        source, era: weightEra, model: canonical.config, targets: targets,
        allowsPartial: options.allowsPartialWeights, readsWeights: options.readsWeights, progress: options.progress)
      var diagnostics = source.diagnostics + canonical.diagnostics
      if let ambiguous = RunningDeviation.ambiguity(source, era: weightEra, assignment: assignment) {
        diagnostics.append(ambiguous)
      }
      if let lacking = TrainingNames.diagnostic(canonical.compile, mappings: options.mappings, file: source.file) {
        diagnostics.append(lacking)
      }
      var weights = assignment.weights
      try fill(assignment, targets, options, into: &weights)
      noteLeftOver(assignment, source, &diagnostics)
      noteUnread(network, path: [], source, &diagnostics)
      return LoadedModel(
        source: source, canonical: canonical, network: network, assignment: assignment, weights: weights,
        semantics: semantics(era, source), diagnostics: diagnostics, options: options)
    } catch {
      throw UnknownObjects.explained(error, checked, source).inFile(source.file)
    }
  }

  /// The release's training; an unstamped file's by its dialect's last release.
  private static func semantics(_ era: Era, _ source: ModelSource) -> TrainingSemantics {
    if let named = source.trainedBy.flatMap({ TrainingSemantics(named: $0) }) { return named }
    return TrainingSemantics.of(
      version: era.version, backend: era.backend,
      reading: era.dialect == .keras2
        ? source.trainingConfig?["optimizer_config"] ?? source.trainingConfig?["optimizer"] : nil)
  }

  /// Gives every variable that a partial load left out its initializer's value.
  private static func fill(
    _ assignment: WeightAssignment, _ targets: [WeightTarget], _ options: LoadOptions,
    into weights: inout [String: TensorData]
  ) throws(ModelError) {
    let unfilled = Set(assignment.unfilled)
    for target in targets where unfilled.contains(target.parameter) {
      do {
        weights[target.parameter] = try InitialValue.make(
          target.initializer, shape: target.shape, name: target.parameter, seed: options.seed)
      } catch {
        throw ModelError(.malformedConfig("the weight '\(target.parameter)': \(error)"))
      }
    }
  }

  private static func noteLeftOver(
    _ assignment: WeightAssignment, _ source: ModelSource, _ diagnostics: inout [Diagnostic]
  ) {
    func list(_ names: [String]) -> String {
      names.prefix(20).joined(separator: ", ") + (names.count > 20 ? " and \(names.count - 20) more" : "")
    }
    if !assignment.unfilled.isEmpty {
      diagnostics.append(
        Diagnostic(
          rule: "weights-partial", severity: .warning, location: SourceLocation(file: source.file),
          message: "\(assignment.unfilled.count) variables have no array in the file and are as their initializers "
            + "make them: \(list(assignment.unfilled))."))
    }
    if !assignment.unread.isEmpty {
      diagnostics.append(
        Diagnostic(
          rule: "weights-unread", severity: .warning, location: SourceLocation(file: source.file),
          message: "\(assignment.unread.count) stored arrays belong to no variable of the model: "
            + "\(list(assignment.unread))."))
    }
  }

  /// Keys that no layer read, where the upgrade knew nothing of the class either.
  private static func noteUnread(
    _ network: Network, path: [String], _ source: ModelSource, _ diagnostics: inout [Diagnostic]
  ) {
    for entry in network.entries {
      let path = path + [entry.name]
      if let inner = entry.layer as? Network {
        noteUnread(inner, path: path, source, &diagnostics)
        continue
      }
      let pointer = JSONPointer(parsing: entry.sourcePointer ?? "")
      for key in entry.unreadKeys where source.config?[pointer.appending("config").appending(key)] != nil {
        diagnostics.append(
          Diagnostic(
            rule: "unknown-config-key", severity: .warning, layer: path.joined(separator: "/"),
            location: SourceLocation(
              file: source.file, container: source.configContainer,
              pointer: pointer.appending("config").appending(key)),
            message: "Nothing is known about the field '\(key)' of \(entry.className)."))
      }
    }
  }
}
