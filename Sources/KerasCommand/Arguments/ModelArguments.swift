import ArgumentParser
import KerasKit

/// Which model: one file, or an architecture and its weights in two.
struct ModelArguments: ParsableArguments {
  @Argument(
    help: """
      The model: HDF5, .keras archive or folder. The other half of weights or an architecture alone is looked for \
      beside it.
      """)
  var model: String?

  @Option(
    help: ArgumentHelp(
      "The architecture (to_json, to_yaml), where the weights are in another file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The weights (save_weights) for --config or MODEL.", valueName: "file"))
  var weights: String?

  @OptionGroup var loading: LoadArguments

  func validate() throws {
    switch (model, config, weights) {
    case (.some, nil, _), (nil, .some, .some): return
    case (nil, nil, nil): throw ValidationError("a model is needed: MODEL, or --config and --weights")
    case (.some, .some, _): throw ValidationError("either MODEL, or --config and --weights, not both")
    case (nil, nil, .some): throw ValidationError("--weights needs its architecture: --config")
    case (nil, .some, nil): throw ValidationError("--config needs its weights: --weights")
    }
  }

  /// Loads the model, if not `readsWeights` with its weights left in the file until something computes with them.
  func load(readsWeights: Bool = true) throws -> Model {
    let bar = ProgressBar()
    defer { bar.clear() }
    var options = loading.options
    options.readsWeights = readsWeights
    options.progress = { bar.show(done: $0, total: $1, "weights read") }
    let loaded =
      if let architecture = config ?? model, let weights {
        try Model.load(config: architecture, weights: weights, options: options)
      } else {
        try Model.load(model ?? "", options: options)
      }
    bar.clear()
    LoadingNotes.say(loaded.loaded.diagnostics)
    return loaded
  }

  /// MODEL where it holds weights only and no architecture for them is found, with the reason.
  func weightsAlone() -> (source: ModelSource, reason: String)? {
    guard let model, weights == nil, let alone = try? ModelFile.open(model), alone.config == nil else { return nil }
    if case .none = alone.weights { return nil }
    let reason: String
    do {
      guard try loading.options.open(model).config == nil else { return nil }
      reason = "The file holds weights only. With its architecture beside it, or named by --config, it is a model."
    } catch {
      reason = "\(error)"
    }
    return (loading.options.stamped(alone), reason)
  }

  /// The files' content with the stamps that the options state.
  func open() throws -> ModelSource {
    var options = loading.options
    options.requiresWeights = false
    do {
      let source =
        if let architecture = config ?? model, let weights {
          try ModelFile.open(config: architecture, weights: weights)
        } else {
          try options.open(model ?? "")
        }
      return options.stamped(source)
    } catch {
      throw CommandFailure.input("\(error)")
    }
  }
}

/// What someone who runs a model should hear of how it was loaded, on standard error.
enum LoadingNotes {
  /// Decisions that predictions may depend on; `inspect` shows all diagnostics.
  private static let rules: Set<String> = [
    "partner-found", "era-inferred", "theano-flip-unknown", "weights-partial", "weights-unread",
    "bn-running-std-ambiguous",
  ]

  static func say(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics
    where rules.contains(diagnostic.rule) && (diagnostic.severity >= .warning || diagnostic.rule == "partner-found") {
      Terminal.printNote("\(diagnostic.severity.rawValue): \(diagnostic.message)")
    }
  }
}

/// `ActivitySemantics` as an option's value, under the same names.
enum ActivityChoice: String, ExpressibleByArgument, CaseIterable {
  case asSaved = "as-saved"
  case intended

  var semantics: ActivitySemantics { self == .intended ? .intended : .asSaved }
}

/// The format of an `.h5` that fine-tuning writes.
enum LayoutChoice: String, ExpressibleByArgument, CaseIterable {
  case source
  case keras3
}
