import KerasCore
import KerasExport
import KerasFile
import KerasKit
import KerasModel

/// Writes a model in another format, with proof: what was written is read back and compared before it gets its name.
public struct Conversion: Sendable {
  public var options: ConversionOptions

  public init(_ options: ConversionOptions = ConversionOptions()) { self.options = options }

  /// Converts a model; the file or folder appears at `path` only when it is complete and computes the same.
  ///
  /// `sourceFile` is hashed into the record; `stage` hears what is being done. Throws `ConversionError`.
  public func convert(
    _ model: Model, to path: String, sourceFile: String? = nil, stage: (String) -> Void = { _ in }
  ) throws(ConversionError) -> ConversionReport {
    do {
      return try converted(model, to: path, sourceFile: sourceFile, stage: stage)
    } catch let error as ConversionError {
      throw error
    } catch let error as KerasKitError {
      throw .kit(error)
    } catch let error as ExportError {
      throw .kit(.export(error))
    } catch let error as FileError {
      throw .kit(.file(KerasFileError(file: error.path, .unreadable(error.description))))
    } catch {
      throw .kit(KerasKitError.badRequest("\(error)"))
    }
  }

  private func converted(
    _ source: Model, to path: String, sourceFile: String?, stage: (String) -> Void
  ) throws -> ConversionReport {
    let exporter = try Formats.exporter(format: options.format, for: path)
    var (model, rounding) = (source, RoundingReport?.none)
    if options.export.weightFormat != .float32 {
      stage("weights rounded")
      let (rounded, report) = try RoundingReport.rounding(
        source, options.export, by: type(of: exporter), seed: options.seed, samples: 8)
      guard report.outputDifference <= options.maximumError else {
        throw ConversionError.tooLossy(path: path, report, allowed: options.maximumError)
      }
      (model, rounding) = (rounded, report)
    }
    if let sourceFile { stage("source hashed: \(sourceFile)") }
    var record = ConversionRecord(of: model, sha256: try sourceFile.map { try SourceDigest.sha256(of: $0) })
    var expected: VerificationCase?
    var reason: String?
    if options.verifies {
      stage("source run")
      do {
        expected = try VerificationCase(of: model, samples: options.samples, seed: options.seed)
      } catch {
        reason = "the source does not run on made inputs: \(error)"
      }
    }
    record.verification = expected

    let draft = try Draft(for: path)
    defer { draft.remove() }
    let (loaded, optimizerNotes) = model.forExport()
    var export = options.export
    if rounding?.isOwnForm == true { export.weightFormat = .float32 }
    export.makeRecord = { [record] written throws(ExportError) in
      try record.completed(by: written, optimizerNotes).json
    }
    stage("written")
    let notes = try exporter.export(loaded, to: draft.path, options: export) + optimizerNotes
    let rewrites = notes.filter { $0.kind == .rewritten }
    if options.isStrict, !rewrites.isEmpty { throw ConversionError.rewritten(path: path, notes: rewrites) }

    var proof = ConversionReport.Proof.notVerified(reason ?? "it was not asked for")
    record.notes = notes.map(\.description)
    if let expected {
      stage("read back")
      switch try readBack(draft.path, exporter) {
      case .failure(let reason): proof = .notVerified(reason)
      case .success(let written):
        let found = try VerificationCase(of: written, inputs: expected.inputs)
        let verification = Verification.compare(expected, found, tolerance: options.tolerance)
        guard verification.isEqual else { throw ConversionError.differs(path: path, verification) }
        proof = .verified(verification)
        record = ConversionRecord(in: written.loaded.source) ?? record
      }
    }
    let consumer = try consumerProof(of: draft.path, exporter, model, for: path, stage)
    try draft.place()
    return ConversionReport(
      path: path, format: type(of: exporter).format, notes: notes, proof: proof, consumer: consumer,
      rounding: rounding, record: record)
  }

  /// Runs the program that was asked for on what was written; `nil` if none was.
  private func consumerProof(
    of written: String, _ exporter: any Exporter, _ model: Model, for path: String, _ stage: (String) -> Void
  ) throws -> ConversionReport.ConsumerProof? {
    guard let name = options.consumer else { return nil }
    stage("run in \(name)")
    let consumer = try Consumer.named(name, for: type(of: exporter).format)
    let arrays = try model.inputRecipes(samples: options.samples, seed: options.seed).map { try $0.array() }
    let expected = try model.predict(arrays)
    let found = try consumer.predict(
      written, inputs: model.inputs.map(\.name), arrays: arrays, outputs: model.outputs.map(\.name),
      python: options.python)
    if let reason = found.onlyRead { return .onlyRead(program: name, reason: reason) }
    var largest = 0.0
    for (a, b) in zip(expected, found.outputs) {
      largest = max(
        largest, try ArrayDigest(a, limit: .max).difference(from: try ArrayDigest(b, limit: .max)))
    }
    guard largest <= options.tolerance else {
      throw ConversionError.consumerDiffers(
        path: path, name: name, difference: largest, tolerance: options.tolerance)
    }
    return .computed(difference: largest)
  }

  private enum ReadBack {
    case success(Model)
    case failure(String)
  }

  /// The written model, if this program reads the format.
  private func readBack(_ path: String, _ exporter: any Exporter) throws -> ReadBack {
    guard Formats.isReadable(type(of: exporter)) else {
      return .failure(
        "this program does not read \(type(of: exporter).name); --verify-with runs a program that does")
    }
    return .success(try Model.load(path))
  }
}
