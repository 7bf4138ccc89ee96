import ArgumentParser
import KerasConversion
import KerasKit

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Replays the case that a converted file carries, and names the first layer that diverges.",
    discussion: """
      convert stores in the files it writes how to make inputs, what the source computed for them, and what each layer put
      out. With --against another model takes the place of the stored case.

      Exit code 0 if the outputs are equal, 1 if not, 3 if the file carries no case or cannot be read.

      Examples:
        keraskit verify model.keras
        keraskit verify model.keras --against old-model.h5
      """)

  @OptionGroup var model: ModelArguments

  @Option(help: ArgumentHelp("The model to compare with, instead of the stored case.", valueName: "file"))
  var against: String?

  @Option(help: ArgumentHelp("How far outputs may lie apart, relative to their largest.", valueName: "number"))
  var tolerance = 1e-5

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard tolerance >= 0 else { throw ValidationError("--tolerance should be 0 or more") }
  }

  func run() throws {
    let written = try model.load()
    let record = ConversionRecord(in: written.loaded.source)
    let expected: VerificationCase
    if let against {
      expected = try VerificationCase(of: Model.load(against, options: model.loading.options))
    } else if let stored = record?.verification {
      expected = stored
    } else {
      throw CommandFailure.input(
        "\(written.loaded.source.file) carries no case to verify it by; --against MODEL compares with another model")
    }
    let found = try VerificationCase(of: written, inputs: expected.inputs)
    let verification = Verification.compare(expected, found, tolerance: tolerance)
    Terminal.print(
      json ? VerificationText.json(verification, record).text(indent: 2) : VerificationText.text(verification, record))
    if !verification.isEqual { throw ExitStatus.findings }
  }
}
