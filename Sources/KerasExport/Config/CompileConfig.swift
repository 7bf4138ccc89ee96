import KerasCore
import KerasModel
import OrderedCollections

/// Brings a canonical compile config to one that the target loads with `compile=True`, in Keras 3's form.
struct CompileConfig {
  /// Functions Keras 3 finds by name.
  private static let losses: Set<String> = [
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_hinge", "cosine_similarity", "dice", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "poisson", "sparse_categorical_crossentropy", "squared_hinge", "tversky",
  ]
  private static let metrics: Set<String> = losses.union([
    "accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy", "top_k_categorical_accuracy",
  ])

  /// What came with Keras 3.
  private static let newer: Set<String> = [
    "dice", "tversky", "Dice", "Tversky", "PearsonCorrelation", "ConcordanceCorrelation", "HammingDistance",
  ]

  /// What `compile` takes where none is given: so does Keras 3 with a `.keras` file that it saved after an HDF5 file, whose
  /// writer had taken the optimizer out of the compile config.
  private static let standard: JSON = ["module": "keras.optimizers", "class_name": "RMSprop", "config": [:]]

  private(set) var json: JSON
  private(set) var notes: [ExportNote] = []
  private let outputNames: [String]
  private let target: RewriteTarget

  /// `nil`, with a note why, if the model would not load compiled.
  static func of(
    _ canonical: JSON?, semantics: TrainingSemantics, outputNames: [String], target: RewriteTarget = .keras3
  ) -> (config: JSON?, notes: [ExportNote]) {
    guard let canonical, !canonical.isNull else { return (nil, []) }
    let saved = canonical["optimizer"] ?? .null
    guard !saved.isNull || !(canonical["loss"] ?? .null).isNull else {
      return (nil, [ExportNote(.lost, "the training config: it names no optimizer and no loss")])
    }
    guard let optimizer = OptimizerConfig(saved.isNull ? standard : saved, semantics: semantics, target: target) else {
      let name = saved["class_name"]?.stringValue ?? ""
      return (nil, [ExportNote(.lost, "the training config: \(target.name) has no optimizer '\(name)'")])
    }
    var translated = canonical
    translated["loss"] = LossObject.translated(canonical["loss"] ?? .null)
    for key in ["metrics", "weighted_metrics"] {
      if let metrics = canonical[key] { translated[key] = MetricObject.translated(metrics) }
    }
    if let unknown = unknownLoss(translated["loss"] ?? .null, target) {
      return (nil, [ExportNote(.lost, "the training config: \(target.name) has no loss '\(unknown)'")])
    }
    let config = CompileConfig(
      translated, optimizer: optimizer, semantics: semantics, outputNames: outputNames, target: target)
    let notes =
      saved.isNull
      ? [ExportNote(.rewritten, "the file names no optimizer: RMSprop, which Keras takes then, beside its loss")] : []
    return (config.json, notes + config.notes)
  }

  private init(
    _ canonical: JSON, optimizer: OptimizerConfig, semantics: TrainingSemantics, outputNames: [String],
    target: RewriteTarget
  ) {
    self.target = target
    self.outputNames = outputNames
    notes = optimizer.notes
    json = ["optimizer": optimizer.json]
    json["loss"] = perOutput(canonical["loss"] ?? .null)
    json["loss_weights"] = perOutput(canonical["loss_weights"] ?? .null)
    json["metrics"] = known(canonical["metrics"] ?? .null)
    json["weighted_metrics"] = known(canonical["weighted_metrics"] ?? .null)
    json["run_eagerly"] = false
    json["steps_per_execution"] = 1
    json["jit_compile"] = false
    if canonical["sample_weight_mode"] != nil {
      notes.append(ExportNote(.lost, "sample_weight_mode: \(target.name) tells it from the weights' shape"))
    }
    noteDifferences(canonical["loss"] ?? .null, semantics)
  }

  private mutating func noteDifferences(_ loss: JSON, _ semantics: TrainingSemantics) {
    let text = loss.text()
    if text.contains("cosine_similarity"), semantics.cosineForm != .negativeSum {
      notes.append(
        ExportNote(
          .warning, "cosine_similarity in \(target.name) is the negative sum, not what \(semantics.name) computed"))
    }
    if !semantics.penalizesEvaluation {
      notes.append(
        ExportNote(
          .lost, "\(target.name) counts regularizers in evaluation too, \(semantics.name) only while training"))
    }
    if semantics.maskNormalization == .all {
      notes.append(
        ExportNote(
          .lost, "with a mask \(target.name) averages the loss over unmasked steps, \(semantics.name) over all"))
    }
  }

  /// The first loss that the target would not find.
  private static func unknownLoss(_ loss: JSON, _ target: RewriteTarget) -> String? {
    switch loss {
    case .string(let name): return losses.contains(name) && has(name, target) ? nil : name
    case .array(let list): return list.lazy.compactMap { unknownLoss($0, target) }.first
    case .object(let members):
      guard let className = members["class_name"]?.stringValue else {
        return members.values.lazy.compactMap { unknownLoss($0, target) }.first
      }
      return members["module"]?.stringValue == "keras.losses" && has(className, target) ? nil : className
    default: return nil
    }
  }

  private static func has(_ name: String, _ target: RewriteTarget) -> Bool {
    target.isKeras3 || !newer.contains(name)
  }

  /// One value for a single output, a list for several; Keras 3 wants losses and weights in one structure.
  private func perOutput(_ value: JSON) -> JSON {
    if let list = value.arrayValue, outputNames.count == 1, list.count == 1 { return list[0] }
    if let members = value.objectValue, members["class_name"] == nil,
      members.keys.allSatisfy({ outputNames.contains($0) })
    {
      let list = outputNames.map { members[$0] ?? .null }
      return list.count == 1 ? list[0] : .array(list)
    }
    return value
  }

  /// The metrics Keras 3 knows; one list per output if there are several.
  private mutating func known(_ value: JSON) -> JSON {
    let kept = filtered(value) ?? .null
    guard outputNames.count > 1, let list = kept.arrayValue, !list.contains(where: { $0.arrayValue != nil }) else {
      return kept
    }
    return .array(outputNames.map { _ in kept })
  }

  private mutating func filtered(_ value: JSON) -> JSON? {
    switch value {
    case .string(let name):
      if Self.metrics.contains(name), Self.has(name, target) { return value }
      notes.append(ExportNote(.lost, "the metric '\(name)', which \(target.name) does not have"))
      return nil
    case .array(let list):
      var kept: [JSON] = []
      for element in list { if let metric = filtered(element) { kept.append(metric) } }
      return .array(kept)
    case .object(let members):
      if let className = members["class_name"]?.stringValue {
        if members["module"]?.stringValue == "keras.metrics", Self.has(className, target) { return value }
        notes.append(ExportNote(.lost, "the metric '\(className)', which \(target.name) does not have"))
        return nil
      }
      var kept: OrderedDictionary<String, JSON> = [:]
      for (key, member) in members { kept[key] = filtered(member) }
      return .object(kept)
    default: return value
    }
  }
}
