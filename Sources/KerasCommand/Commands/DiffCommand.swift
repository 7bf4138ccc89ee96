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
      Exit code 0 if both predict and train alike (notes at most), 1 if not. With --data the outputs on these samples
      are compared too; differing outputs make the exit code 1, and equal ones do not make it 0.

      Example:
        keraskit diff model-2016.h5 model.keras
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
  @Option(help: ArgumentHelp("How far outputs may lie apart, relative to their largest.", valueName: "number"))
  var tolerance = 1e-4

  @Flag(help: "Also the layers that do not differ.") var verbose = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    for text in [kerasVersionA, kerasVersionB].compactMap({ $0 }) where KerasVersion(text) == nil {
      throw ValidationError("'\(text)' should be a release such as 1.2.2, 2.1.6-tf or 3.0.0")
    }
    guard tolerance >= 0, tolerance.isFinite else { throw ValidationError("--tolerance should be 0 or more") }
  }

  func run() throws {
    let options = (options(kerasVersionA, backendA), options(kerasVersionB, backendB))
    let diff: ModelDiff
    var outputs: [OutputDifference] = []
    do {
      let sources = (try options.0.open(a), try options.1.open(b))
      if sources.0.config == nil, sources.1.config == nil {
        diff = try ModelDiff.compareStored(sources.0, sources.1)
        if data != nil { throw CommandFailure.usage("--data needs models, and neither file holds an architecture") }
      } else {
        let (first, second, note) = try pair(sources, options)
        var found = try ModelDiff.compare(first, second)
        if let note { found.incomparable.insert(note, at: 0) }
        (found.fileA, found.fileB) = (a, b)
        diff = found
        if let data { outputs = try compareOutputs(first, second, data) }
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as KerasKitError {
      throw error
    } catch {
      throw CommandFailure.input("\(error)")
    }
    let differs = outputs.contains { !($0.relative <= tolerance) }
    Terminal.print(
      json
        ? DiffText.json(diff, outputs: outputs, tolerance: tolerance).text(indent: 2)
        : DiffText.text(diff, outputs: outputs, tolerance: tolerance, isVerbose: verbose))
    if !diff.isSame || differs { throw ExitStatus.findings }
  }

  private func options(_ version: String?, _ backend: BackendChoice?) -> LoadOptions {
    var options = LoadOptions(kerasVersion: version.flatMap { KerasVersion($0) }, backend: backend?.rawValue)
    options.mappings = map
    options.requiresWeights = false
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

  private func compareOutputs(_ first: LoadedModel, _ second: LoadedModel, _ file: String) throws -> [OutputDifference]
  {
    let models = (try Model(first), try Model(second))
    let archive = file.hasSuffix(".npz") ? try NumpyArchive(path: file) : nil
    let names = models.0.inputs.map(\.name)
    let arrays: [TensorData]
    if let archive {
      arrays = try names.indices.map { index in
        guard let array = archive[names[index]] ?? archive["x\(index)"] ?? (index == 0 ? archive["x"] : nil) else {
          throw CommandFailure.input("\(file): neither '\(names[index])' nor 'x\(index)' is in it")
        }
        return array
      }
    } else {
      arrays = [try NumpyFile.read(file)]
    }
    return try OutputDifference.between(models.0, models.1, on: arrays)
  }
}
