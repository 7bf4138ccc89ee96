import KerasCore
import KerasFile

/// The losses, metrics and optimizers that any Keras has, to tell a file's own from them.
enum TrainingNames {
  private static let losses: Set<String> = set(
    """
    mean_squared_error mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error
    binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy hinge squared_hinge categorical_hinge
    log_cosh kl_divergence poisson cosine_similarity huber binary_focal_crossentropy categorical_focal_crossentropy
    categorical_generalized_cross_entropy dice tversky ctc circle rmse root_mean_square_error
    """)
  private static let metrics: Set<String> = set(
    """
    accuracy binary_accuracy categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy
    sparse_top_k_categorical_accuracy auc precision recall true_positives true_negatives false_positives false_negatives
    precision_at_recall recall_at_precision sensitivity_at_specificity specificity_at_sensitivity mean_io_u io_u
    binary_io_u one_hot_io_u one_hot_mean_io_u fbeta_score f1_score r2_score mean sum mean_tensor mean_metric_wrapper
    root_mean_squared_error mean_relative_error cosine_proximity matthews_correlation fmeasure concordance_correlation
    pearson_correlation loss_function_wrapper
    """)

  private static func set(_ text: String) -> Set<String> { Set(text.split(whereSeparator: \.isWhitespace).map(plain)) }

  private static func plain(_ name: some StringProtocol) -> String { name.lowercased().filter { $0 != "_" } }

  static func isLoss(_ name: String) -> Bool {
    losses.contains(plain(CompileTables.functions[name] ?? name))
  }

  static func isMetric(_ name: String) -> Bool { isLoss(name) || metrics.contains(plain(name)) }

  static func isOptimizer(_ name: String) -> Bool {
    CompileTables.optimizers[name.lowercased()] != nil || name == "TFOptimizer"
  }

  /// Whether a mapping may bind something to that name.
  static func knows(_ name: String) -> Bool { isMetric(name) || isOptimizer(name) }

  /// What a compile config names that no Keras has and no mapping binds: `loss 'dice_loss'`.
  static func unknown(in compile: JSON, mappings: [ObjectMapping]) -> [String] {
    var found: [String] = []
    func note(_ kind: String, _ name: String) {
      let bare = name.components(after: ">")
      let line = "\(kind) '\(bare)'"
      if !mappings.contains(where: { $0.name == bare || $0.name == name }), !found.contains(line) { found.append(line) }
    }
    func visit(_ value: JSON, _ kind: String, _ isKnown: (String) -> Bool) {
      if let name = value.stringValue {
        if !isKnown(name) { note(kind, name) }
      } else if let list = value.arrayValue {
        for element in list { visit(element, kind, isKnown) }
      } else if let className = value["class_name"]?.stringValue {
        if className == "function", let name = value["config"]?.stringValue {
          return visit(.string(name), kind, isKnown)
        }
        let bare = className.components(after: ">")
        if !isKnown(bare) { note(kind, bare) }
      } else {
        for (_, member) in value.objectValue ?? [:] { visit(member, kind, isKnown) }
      }
    }
    visit(compile["loss"] ?? .null, "loss", isLoss)
    for key in ["metrics", "weighted_metrics"] { visit(compile[key] ?? .null, "metric", isMetric) }
    if let name = compile["optimizer"]?["class_name"]?.stringValue, !isOptimizer(name) { note("optimizer", name) }
    return found
  }

  /// A warning that lists what training lacks; `nil` if it lacks nothing.
  static func diagnostic(_ compile: JSON?, mappings: [ObjectMapping], file: String) -> Diagnostic? {
    guard let compile else { return nil }
    let names = unknown(in: compile, mappings: mappings)
    guard !names.isEmpty else { return nil }
    return Diagnostic(
      rule: "custom-training-object", severity: .warning, location: SourceLocation(file: file),
      message: "The training configuration names what Keras does not have: \(names.joined(separator: ", ")). "
        + "Predictions do not depend on it; to train, --loss and --optimizer give others, or --map binds each "
        + "(NAME=mse, or an expression over y_true and y_pred).")
  }
}
