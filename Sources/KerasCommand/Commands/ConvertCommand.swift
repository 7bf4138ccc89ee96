import ArgumentParser
import KerasConversion
import KerasKit

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes a model of any release, or a folder of them, in another format that computes the same.",
    discussion: """
      Every value that differs between then and now is written explicitly. What has to be said in another way, and what
      the format has no place for, is printed. The file is read back and compared before it gets its name, where this
      program reads the format; --verify-with runs a program that does.

      Formats: \(Formats.all.map { "\($0.format) (\($0.suffixes.joined(separator: ", ")))" }.joined(separator: ", ")).

      A folder is converted with its tree; what fails is listed, and another run goes on where the last one ended.

      Exit code 0 if all is written, 1 if something was not as it would compute something else or needs what --strict
      forbids, or part of a folder failed, 2 for a wrong command line, 3 for a file that cannot be read or written.

      Examples:
        keraskit convert model.h5 model.keras --activity-semantics intended --batch-size 32
        keraskit convert model.h5 model.onnx --opset 17 --verify-with onnxruntime
        keraskit convert --config model.json --weights model_weights.h5 --output model.keras
        keraskit convert old-models/ new-models/ --to keras
      """)

  @OptionGroup var model: ModelArguments

  @Argument(help: ArgumentHelp("The file or folder to write.", valueName: "output"))
  var target: String?

  @Option(help: ArgumentHelp("The file to write, where --config and --weights stand for MODEL.", valueName: "file"))
  var output: String?

  @OptionGroup var writing: TargetArguments

  @Flag(help: "Replace the output file if it exists.")
  var force = false

  @Flag(
    help:
      "Also print every field that was renamed, translated, defaulted or dropped; of a folder what is said in another way in each file, or lost."
  )
  var explain = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    switch (target, output) {
    case (nil, nil): throw ValidationError("the file to write is needed: OUTPUT or --output")
    case (.some, .some): throw ValidationError("either OUTPUT or --output, not both")
    default: return
    }
  }

  func run() throws {
    guard let output = output ?? target else { throw CommandFailure.usage("the file to write is needed") }
    if let folder = batchFolder { return try convertAll(in: folder, to: output) }
    if writing.to == nil { try OutputFile.checkFormat(output) }
    try OutputFile.checkPlace(output, force: force)
    let model = try model.load()
    let bar = ProgressBar()
    defer { bar.clear() }
    let report: ConversionReport
    do throws(ConversionError) {
      report = try Conversion(writing.options).convert(
        model, to: output, sourceFile: self.model.model ?? self.model.config, stage: { bar.show($0) })
    } catch {
      throw Self.failure(error)
    }
    bar.clear()
    Terminal.print(
      json
        ? ConversionText.json(report, explain ? model.provenance : []).text(indent: 2)
        : ConversionText.text(report, explain ? model.provenance : nil))
  }

  /// MODEL where it is a folder of models and no model itself.
  private var batchFolder: String? {
    guard let folder = model.model, model.weights == nil, FolderListing.isFolder(folder),
      (try? ModelFile.open(folder)) == nil
    else { return nil }
    return folder
  }

  private func convertAll(in folder: String, to output: String) throws {
    guard writing.to != nil else { throw CommandFailure.usage("the format is needed for a folder: --to") }
    let text = "\(writing.options.export) \(writing.options.format ?? "")"
    let batch = BatchConversion(
      Conversion(writing.options), loading: model.loading.options, force: force, optionsText: text)
    let bar = ProgressBar()
    defer { bar.clear() }
    let items: [BatchConversion.Item]
    do throws(ConversionError) {
      items = try batch.run(folder, to: output) { bar.show(done: $0, total: $1, "\($2.source)") }
    } catch {
      throw Self.failure(error)
    }
    bar.clear()
    Terminal.print(
      json ? ConversionText.json(items).text(indent: 2) : ConversionText.text(items, output, withNotes: explain))
    if items.contains(where: { $0.status == .failed }) { throw ExitStatus.findings }
  }

  private static func failure(_ error: ConversionError) -> any Error {
    switch error {
    case .kit(let error): error
    case .consumer, .inTheWay: CommandFailure.input("\(error)")
    case .rewritten, .differs, .tooLossy, .consumerDiffers: CommandFailure(message: "\(error)", status: .findings)
    }
  }
}
