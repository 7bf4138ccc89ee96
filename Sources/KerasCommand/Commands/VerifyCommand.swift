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

      Keras' formats and safetensors this program runs itself. Others are run by their own program, which has to be
      installed: \(Self.programs). Where the outputs differ, ONNX Runtime and LiteRT show results inside the model, by which
      the layer is found; of the others outputs alone are compared.

      Exit code 0 if the outputs are equal, 1 if not, 3 if the file carries no case, cannot be read, or the program that
      runs it is not there.

      Examples:
        keraskit verify model.keras
        keraskit verify model.keras --against old-model.h5
        keraskit verify model.onnx --python .venv/bin/python
      """)

  private static var programs: String {
    Formats.all.compactMap { format in
      guard !Formats.isReadable(format) else { return nil }
      return Consumer.all.first { $0.formats.contains(format.format) }.map { "\($0.name) for \(format.format)" }
    }.joined(separator: ", ")
  }

  @OptionGroup var model: ModelArguments

  @Option(help: ArgumentHelp("The model to compare with, instead of the stored case.", valueName: "file"))
  var against: String?

  @Option(help: ArgumentHelp("How far outputs may lie apart, relative to their largest.", valueName: "number"))
  var tolerance = 1e-5

  @Option(help: ArgumentHelp("The Python that the program is installed in.", valueName: "path"))
  var python = "python3"

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard tolerance >= 0 else { throw ValidationError("--tolerance should be 0 or more") }
  }

  func run() throws {
    if let path = model.model, let written = try opened(path) { return try verify(written) }
    let written = try model.load()
    let record = ConversionRecord(in: written.loaded.source)
    let expected = try expectedCase(record, of: written.loaded.source.file)
    let found = try VerificationCase(of: written, inputs: expected.inputs)
    try report(Verification.compare(expected, found, tolerance: tolerance), record)
  }

  /// A file that another program has to run.
  private func opened(_ path: String) throws -> WrittenModel? {
    do throws(ConversionError) {
      return try WrittenModel.open(path)
    } catch {
      throw CommandFailure.input("\(error)")
    }
  }

  private func verify(_ written: WrittenModel) throws {
    let expected = try expectedCase(written.record, of: written.path)
    let consumer: Consumer
    let verification: Verification
    do throws(ConversionError) {
      consumer = try written.consumer()
      verification = try written.verify(expected, in: consumer, python: python, tolerance: tolerance)
    } catch {
      throw CommandFailure.input("not verified: \(error)")
    }
    try report(verification, written.record, consumer)
  }

  private func expectedCase(_ record: ConversionRecord?, of file: String) throws -> VerificationCase {
    if let against { return try VerificationCase(of: Model.load(against, options: model.loading.options)) }
    guard let stored = record?.verification else {
      throw CommandFailure.input(
        "\(file) carries no case to verify it by; --against MODEL compares with another model")
    }
    return stored
  }

  private func report(
    _ verification: Verification, _ record: ConversionRecord?, _ consumer: Consumer? = nil
  ) throws {
    Terminal.print(
      json
        ? VerificationText.json(verification, record, consumer).text(indent: 2)
        : VerificationText.text(verification, record, consumer))
    if !verification.isEqual { throw ExitStatus.findings }
  }
}
