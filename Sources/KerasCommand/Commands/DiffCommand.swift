import ArgumentParser
import KerasKit

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Says what two models of any releases differ in: layers, connections, fields, weights, training.",
    discussion: """
      Both are read into Keras 3's terms first, so that a conversion that lost nothing shows no difference. Weights are
      called equal, rounding, float16, bfloat16, quantized, transposed, kernel-rotated, flatten-order, permuted,
      reshaped, scaled, trained, unrelated or other-shape.
      Where units stand in another order, it is checked that all layers behind follow that order.
      With --run or --data both models are run too, and the first layer whose outputs diverge is named. Without, no more
      than two arrays of weights are in memory at once.

      Exit code 0 if both predict and train alike (notes at most), 1 if not; outputs that differ make it 1, and equal ones
      do not make it 0. 2 if the command line is wrong, 3 if a file cannot be read.

      Examples:
        keraskit diff model-2016.h5 model.keras
        keraskit diff model-2016.h5 model.keras --run --seed 7
      """)

  @Argument(help: "The first model.") var a: String
  @Argument(help: "The second model.") var b: String

  @Option(help: ArgumentHelp("The Keras release that saved A, if it does not say.", valueName: "x.y.z"))
  var kerasVersionA: String?
  @Option(help: ArgumentHelp("The Keras release that saved B, if it does not say.", valueName: "x.y.z"))
  var kerasVersionB: String?
  @Option(help: "The backend that A was saved with.") var backendA: BackendChoice?
  @Option(help: "The backend that B was saved with.") var backendB: BackendChoice?
  @Option(help: ArgumentHelp("As for inspect, for both models. May be given several times.", valueName: "name=target"))
  var map: [ObjectMapping] = []

  @Option(help: ArgumentHelp("Samples (npy, or npz with x or x0, x1 …) to compare outputs on.", valueName: "file"))
  var data: String?
  @Flag(
    name: .customLong("run"), help: "Run both on samples made for them, fit for what the model does with its inputs.")
  var runsBoth = false
  @Option(help: "Of the samples that --run makes.") var seed: UInt64 = 0
  @Option(help: ArgumentHelp("How many samples --run makes.", valueName: "n")) var samples = 8
  @Option(help: ArgumentHelp("How far outputs may lie apart, relative to their largest.", valueName: "number"))
  var tolerance = 1e-4

  @Flag(help: "Also the layers that do not differ.") var verbose = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    for text in [kerasVersionA, kerasVersionB].compactMap({ $0 }) where KerasVersion(text) == nil {
      throw ValidationError("'\(text)' should be a release such as 1.2.2, 2.1.6-tf or 3.0.0")
    }
    guard tolerance >= 0, tolerance.isFinite else { throw ValidationError("--tolerance should be 0 or more") }
    guard (1...100_000).contains(samples) else { throw ValidationError("--samples should be 1 or more") }
    if runsBoth, data != nil { throw ValidationError("--run makes samples and --data names some: give one of them") }
  }

  func run() throws {
    let options = (options(kerasVersionA, backendA), options(kerasVersionB, backendB))
    let diff: ModelDiff
    var outcome: DiffRun?
    do {
      let sources = (try options.0.open(a), try options.1.open(b))
      if sources.0.config == nil, sources.1.config == nil {
        diff = try ModelDiff.compareStored(sources.0, sources.1)
        if runsBoth || data != nil {
          throw CommandFailure.usage("--run and --data need models, and neither file holds an architecture")
        }
      } else {
        let (first, second, note) = try pair(sources, options)
        var found = try ModelDiff.compare(first, second)
        if let note { found.incomparable.insert(note, at: 0) }
        (found.fileA, found.fileB) = (a, b)
        diff = found
        if runsBoth || data != nil {
          var whole = options
          (whole.0.readsWeights, whole.1.readsWeights) = (true, true)
          (whole.0.requiresWeights, whole.1.requiresWeights) = (true, true)
          let models = try pair(sources, whole)
          outcome = try runBoth(Model(models.0), Model(models.1), found)
        }
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as KerasKitError {
      throw error
    } catch {
      throw CommandFailure.input("\(error)")
    }
    Terminal.print(
      json
        ? DiffText.json(diff, run: outcome).text(indent: 2)
        : DiffText.text(diff, run: outcome, isVerbose: verbose))
    if !diff.isSame || outcome?.differs == true { throw ExitStatus.findings }
  }

  private func options(_ version: String?, _ backend: BackendChoice?) -> LoadOptions {
    var options = LoadOptions(kerasVersion: version.flatMap { KerasVersion($0) }, backend: backend?.rawValue)
    options.mappings = map
    options.requiresWeights = false
    options.readsWeights = false
    return options
  }

  /// Both models; weights alone are those of the other file's architecture.
  private func pair(
    _ sources: (ModelSource, ModelSource), _ options: (LoadOptions, LoadOptions)
  ) throws -> (LoadedModel, LoadedModel, note: String?) {
    if sources.0.config == nil {
      let first = try LoadedModel.load(config: b, weights: a, options: options.0)
      return (
        first, try LoadedModel.load(source: sources.1, options: options.1),
        "A holds weights only: read as those of B's architecture."
      )
    }
    if sources.1.config == nil {
      let second = try LoadedModel.load(config: a, weights: b, options: options.1)
      return (
        try LoadedModel.load(source: sources.0, options: options.0), second,
        "B holds weights only: read as those of A's architecture."
      )
    }
    return (
      try LoadedModel.load(source: sources.0, options: options.0),
      try LoadedModel.load(source: sources.1, options: options.1), nil
    )
  }

  private func runBoth(_ first: Model, _ second: Model, _ diff: ModelDiff) throws -> DiffRun {
    let arrays =
      try data.map { try read($0, for: first) }
      ?? first.inputRecipes(samples: samples, seed: seed).map { try $0.array() }
    return DiffRun(
      samples: data ?? "seed \(seed)", count: arrays.first?.shape.first ?? 0,
      outputs: try OutputDifference.between(first, second, on: arrays),
      layers: try LayerDifference.between(first, second, on: arrays, matchedBy: diff), tolerance: tolerance)
  }

  private func read(_ file: String, for model: Model) throws -> [TensorData] {
    guard file.hasSuffix(".npz") else { return [try NumpyFile.read(file)] }
    let archive = try NumpyArchive(path: file)
    return try model.inputs.map(\.name).enumerated().map { index, name in
      guard let array = archive[name] ?? archive["x\(index)"] ?? (index == 0 ? archive["x"] : nil) else {
        throw CommandFailure.input("\(file): neither '\(name)' nor 'x\(index)' is in it")
      }
      return array
    }
  }
}
