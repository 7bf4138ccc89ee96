import ArgumentParser
import KerasKit

/// Which model: one file, or an architecture and its weights in two.
struct ModelArguments: ParsableArguments {
  @Argument(help: "The model: HDF5, .keras archive or folder, JSON architecture.")
  var model: String?

  @Option(help: ArgumentHelp("The architecture (to_json), where the weights are in another file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The weights (save_weights) for --config.", valueName: "file"))
  var weights: String?

  func validate() throws {
    switch (model, config, weights) {
    case (.some, nil, nil), (nil, .some, .some): return
    case (nil, nil, nil): throw ValidationError("a model is needed: MODEL, or --config and --weights")
    case (.some, _, _): throw ValidationError("either MODEL, or --config and --weights, not both")
    default: throw ValidationError("--config and --weights are needed together")
    }
  }

  func load() throws -> Model {
    if let config, let weights { return try Model.load(config: config, weights: weights) }
    return try Model.load(model ?? "")
  }

  func open() throws -> ModelSource {
    do {
      if let config, let weights { return try ModelFile.open(config: config, weights: weights) }
      return try ModelFile.open(model ?? "")
    } catch {
      throw CommandFailure.input("\(error)")
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
