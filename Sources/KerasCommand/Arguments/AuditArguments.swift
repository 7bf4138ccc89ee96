import ArgumentParser
import KerasKit

/// Which files are audited: one model, in one file or two, or any number of files, folders and archives.
struct AuditArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Models, folders to be searched for them, and zip or tar archives that hold them. The other half of weights or an "
        + "architecture that is named is looked for beside it.", valueName: "path"))
  var paths: [String] = []

  @Option(
    help: ArgumentHelp(
      "The architecture (to_json, to_yaml), where the weights are in another file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The weights (save_weights) for --config or one MODEL.", valueName: "file"))
  var weights: String?

  @OptionGroup var loading: LoadArguments

  func validate() throws {
    switch (config, weights) {
    case (nil, nil):
      guard !paths.isEmpty else { throw ValidationError("a path is needed, or --config and --weights") }
    case (.some, .some):
      guard paths.isEmpty else { throw ValidationError("either paths, or --config and --weights, not both") }
    case (nil, .some):
      guard paths.count == 1 else { throw ValidationError("--weights needs its architecture: --config, or one MODEL") }
    case (.some, nil): throw ValidationError("--config needs its weights: --weights")
    }
  }

  /// What is to be looked at, folders taken apart; `isSingle` for one model.
  ///
  /// Throws a failure for a path that is not there.
  func requests() throws -> (requests: [AuditWorker.Request], isSingle: Bool, walks: [FolderWalk]) {
    if let weights, let architecture = config ?? paths.first {
      for path in [architecture, weights] { try check(path) }
      let request = AuditWorker.Request(path: architecture, isNamed: true, config: architecture, weights: weights)
      return ([request], true, [])
    }
    var requests: [AuditWorker.Request] = []
    var walks: [FolderWalk] = []
    var seen: Set<String> = []
    for path in paths {
      try check(path)
      guard FolderListing.isFolder(path) else {
        if seen.insert(path).inserted { requests.append(AuditWorker.Request(path: path, isNamed: true)) }
        continue
      }
      let walk = FolderWalk(path)
      walks.append(walk)
      for found in walk.paths where seen.insert(found).inserted {
        requests.append(AuditWorker.Request(path: found, isNamed: found == path))
      }
    }
    return (requests, paths.count == 1 && requests.count == 1 && requests[0].isNamed, walks)
  }

  /// The one model that is named, to be opened here: for what needs more of it than an audit.
  var model: ModelArguments {
    var model = ModelArguments()
    model.model = paths.first
    model.config = config
    model.weights = weights
    model.loading = loading
    return model
  }

  private func check(_ path: String) throws {
    // A TensorFlow checkpoint goes by the name its files begin with.
    guard OutputFile.exists(path) || OutputFile.exists(path + ".index") else {
      throw CommandFailure.input("\(path): no such file")
    }
  }
}
