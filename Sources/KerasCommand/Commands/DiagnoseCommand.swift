import ArgumentParser
import KerasKit

struct DiagnoseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Says which layers are saturated, large or dead on data, why, and which regularizer can help.",
    discussion: """
      Per layer: ranges of weights, pre-activations and outputs, saturated outputs, dead units; with targets gradients and the
      parts of the loss that regularizers make up. The verdict says whether kernel, bias or activity regularizer can change
      it, tells its strength by the rules of the release that saved the model, and prints the fine-tune command.

      Inputs alone will do: x.npy. Exit code 1 if there is a warning.

      Examples:
        keraskit diagnose model.h5 --data x.npy
        keraskit diagnose model.h5 --data data.npz --report diagnosis.html
      """)

  @OptionGroup var model: ModelArguments

  @Option(
    help: ArgumentHelp(
      "Samples, with or without targets: .npz, .npy, .csv, .tsv, .jsonl, .h5, or a folder of images.",
      valueName: "file"))
  var data: String

  @OptionGroup var dataset: SampleArguments

  @OptionGroup(title: "Folders of images") var images: ImageArguments

  @Option(
    help: ArgumentHelp(
      "Look at so many samples: spread evenly over data in memory, else the first.", valueName: "n"))
  var samples = 1000

  @Option(
    help: ArgumentHelp(
      "Samples per batch of training; in some releases activity penalties depend on it.", valueName: "n"))
  var batchSize = 32

  @Option(help: ArgumentHelp("A loss instead of the file's.", valueName: "name"))
  var loss: String?

  @Option(help: ReleaseChoice.help)
  var semantics: ReleaseChoice?

  @Option(
    help: ArgumentHelp("A page with histograms of every layer. One .html file.", valueName: "file"))
  var report: String?

  @Flag(help: "Replace the report if it exists.")
  var force = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
    if samples < 1 { throw ValidationError("--samples should be at least 1") }
  }

  func run() throws {
    if let report { try OutputFile.checkPage(report, force: force) }
    let model = try model.load()
    let labels = try ModelLabels.read(nil, forModel: self.model.model)
    var sampleOptions = dataset.options(images, loss: loss, labels: labels)
    sampleOptions.needsTargets = false
    // The first images of a folder are all of one class.
    sampleOptions.shuffleSeed = 0
    let opened = try SampleFile.open(data, for: model, sampleOptions)
    var options = DiagnosisOptions(samples: samples, batchSize: batchSize)
    options.training.loss = loss
    options.training.semantics = semantics?.semantics
    let bar = ProgressBar()
    defer { bar.clear() }
    let diagnosis = try model.diagnose(opened.source, options: options) { done, total in
      bar.show(done: done, total: total, "samples")
    }
    bar.clear()
    let command = diagnosis.recommendation.map { fineTuning($0, model, hasTargets: diagnosis.dataLoss != nil) }
    if json {
      var object = diagnosis.json
      object["command"] = command.map { .string($0) } ?? .null
      Terminal.print(object.text())
    } else {
      Terminal.print(DiagnosisText.text(diagnosis, command: command))
    }
    if let report {
      do {
        let page = DiagnosisReport(
          diagnosis: diagnosis, command: command, ownCommand: ReportArguments.command, data: data)
        try AtomicFile.write(Array(page.html.utf8), to: report)
      } catch {
        throw CommandFailure.input("\(error)")
      }
      if !json { Terminal.printNote("wrote \(report)") }
    }
    if diagnosis.hasFindings { throw ExitStatus.findings }
  }

  /// The training with what is recommended: this command's own arguments as far as they mean the same there.
  private func fineTuning(_ recommendation: Recommendation, _ model: Model, hasTargets: Bool) -> String {
    var words = ["keraskit", "fine-tune"]
    var rest = CommandLine.arguments.dropFirst().drop { $0 != Self.configuration.commandName }.dropFirst()
    while let word = rest.popFirst() {
      let name = word.prefix { $0 != "=" }
      switch name {
      case "--json", "--force": continue
      case "--samples", "--report":
        if name == word { _ = rest.popFirst() }
      case "--data":
        let file = name == word ? rest.popFirst() ?? data : String(word.dropFirst(name.count + 1))
        words += ["--train", hasTargets ? file : "DATA.npz"]
      default: words.append(word)
      }
    }
    for term in recommendation.terms { words += ["--add-regularizer", term.text] }
    if recommendation.needsIntendedSemantics { words += ["--activity-semantics", "intended"] }
    let compile = model.loaded.canonical.compile
    if loss == nil, compile?["loss"]?.isNull ?? true { words += ["--loss", "LOSS"] }
    // A term of a few per cent of the loss has a small gradient: optimizers that scale it bring the layer out, SGD does not.
    let optimizer = compile?["optimizer"]?["class_name"]?.stringValue ?? compile?["optimizer"]?.stringValue ?? "sgd"
    if optimizer.lowercased() == "sgd" { words += ["--optimizer", "adam"] }
    words += ["--epochs", "10", "--output", "regularized.keras"]
    return words.map(ShellWord.quoted).joined(separator: " ")
  }
}
