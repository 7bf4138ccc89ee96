import ArgumentParser
import KerasConversion
import KerasKit

/// A release that is to load the written file: `keras==3`, `keras==2.15`.
struct TargetRelease: ExpressibleByArgument {
  let version: KerasVersion

  init?(argument: String) {
    let parts = argument.split(separator: "=").map { String($0) }
    guard parts.count == 2, ["keras", "tf.keras", "tf_keras", "tf-keras"].contains(parts[0].lowercased()),
      let version = KerasVersion(parts[1]) ?? KerasVersion(parts[1] + ".0"), (2...3).contains(version.major)
    else { return nil }
    self.version = version
  }
}

extension ExportOptions.WeightFormat: ExpressibleByArgument {}

/// What a file that is written should be, and how it is proven.
struct TargetArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The format, where the name's ending does not tell: \(Formats.all.map { $0.format }.joined(separator: ", ")).",
      valueName: "format"))
  var to: String?

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("The release that is to load it: keras==3 or keras==2.15 (tf.keras).", valueName: "keras==x.y"))
  var release: TargetRelease?

  @Option(help: ArgumentHelp("ONNX's opset, from 13 on.", valueName: "n"))
  var opset: Int?

  @Option(
    help: ArgumentHelp(
      "Store weights as float16, bfloat16 or int8-weights; what that does to the outputs is measured and said.",
      valueName: "format"))
  var quantize = ExportOptions.WeightFormat.float32

  @Option(
    help: ArgumentHelp(
      "With --quantize: refuse if outputs move by more, relative to their largest.", valueName: "number"))
  var maxError = 0.02

  @Option(
    help: ArgumentHelp(
      "Activity penalties as the saving release added them (as-saved) or as documented (intended).",
      valueName: "as-saved|intended"))
  var activitySemantics = ActivityChoice.asSaved

  @Option(
    help: ArgumentHelp("Batch size of training, by which current Keras divides activity penalties.", valueName: "n"))
  var batchSize: Int?

  @Flag(help: "Refuse instead of saying in other layers what the target cannot say directly.")
  var strict = false

  @Flag(inversion: .prefixedNo, help: "Read the written file back and compare its outputs with the source's.")
  var verify = true

  @Option(help: ArgumentHelp("How far outputs may lie apart, relative to their largest.", valueName: "number"))
  var tolerance = 1e-5

  @Option(
    help: ArgumentHelp(
      "Also run this program on the written file: \(Consumer.all.map(\.name).joined(separator: ", ")).",
      valueName: "program"))
  var verifyWith: String?

  @Option(help: ArgumentHelp("The Python that --verify-with's program is installed in.", valueName: "path"))
  var python = "python3"

  func validate() throws {
    if let batchSize, batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
    if let opset, opset < 13 { throw ValidationError("--opset should be at least 13") }
    guard maxError >= 0, tolerance >= 0 else {
      throw ValidationError("--max-error and --tolerance should be 0 or more")
    }
    if let to, !Formats.all.contains(where: { $0.format == to.lowercased() }) {
      throw ValidationError("--to should be one of \(Formats.all.map { $0.format }.joined(separator: ", "))")
    }
  }

  var options: ConversionOptions {
    ConversionOptions(
      format: to,
      export: ExportOptions(
        activitySemantics: activitySemantics.semantics, batchSize: batchSize, release: release?.version, opset: opset,
        weightFormat: quantize),
      isStrict: strict, verifies: verify, tolerance: tolerance, maximumError: maxError, consumer: verifyWith,
      python: python)
  }
}
