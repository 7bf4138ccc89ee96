import KerasExport
import KerasKit

/// What a conversion may choose.
public struct ConversionOptions: Sendable {
  /// The format's word (`onnx`); `nil`: by the name of the file to write.
  public var format: String?
  public var export: ExportOptions
  /// Refuse where the target must say something in another way than the source.
  public var isStrict: Bool
  /// Read back what was written, where this program can, and compare outputs and layers with the source's.
  public var verifies: Bool
  /// How far outputs may lie apart, relative to their largest.
  public var tolerance: Double
  /// How far rounded weights (`export.weightFormat`) may move outputs, relative to their largest.
  public var maximumError: Double
  /// A program to run on what was written, see `Consumer.all`, and the Python it is installed in.
  public var consumer: String?
  public var python: String
  /// Of the inputs that are compared on, and how many samples.
  public var seed: UInt64
  public var samples: Int

  public init(
    format: String? = nil, export: ExportOptions = ExportOptions(), isStrict: Bool = false, verifies: Bool = true,
    tolerance: Double = 1e-5, maximumError: Double = 0.02, seed: UInt64 = 0,
    samples: Int = VerificationCase.defaultSamples, consumer: String? = nil, python: String = "python3"
  ) {
    self.consumer = consumer
    self.python = python
    self.format = format
    self.export = export
    self.isStrict = isStrict
    self.verifies = verifies
    self.tolerance = tolerance
    self.maximumError = maximumError
    self.seed = seed
    self.samples = samples
  }
}

/// What a conversion did.
public struct ConversionReport: Sendable {
  public enum Proof: Sendable, Hashable {
    /// Read back and compared.
    case verified(Verification)
    /// Not compared, with the reason.
    case notVerified(String)
  }

  /// What the program that was asked for made of the file.
  public enum ConsumerProof: Sendable, Hashable {
    /// How far its outputs lie from the source's, relative to their largest.
    case computed(difference: Double)
    /// It read the file and checked it; why it computed nothing.
    case onlyRead(program: String, reason: String)
  }

  public var path: String
  public var format: String
  public var notes: [ExportNote]
  public var proof: Proof
  /// `nil` if no program was asked for.
  public var consumer: ConsumerProof?
  public var rounding: RoundingReport?
  public var record: ConversionRecord
}

/// Why a conversion was not carried out; nothing was written.
public enum ConversionError: Error, Sendable, CustomStringConvertible {
  case kit(KerasKitError)
  /// Asked to be strict, and the target says these in another way.
  case rewritten(path: String, notes: [ExportNote])
  /// What was written computes something else than the source.
  case differs(path: String, Verification)
  /// Rounded weights move outputs further than allowed.
  case tooLossy(path: String, RoundingReport, allowed: Double)
  /// The program that should load the file could not be run or could not load it.
  case consumer(name: String, reason: String)
  /// The program computes something else of the file than the source computes.
  case consumerDiffers(path: String, name: String, difference: Double, tolerance: Double)
  case inTheWay(path: String, reason: String)

  public var description: String {
    switch self {
    case .kit(let error): return error.description
    case .rewritten(let path, let notes):
      let list = notes.map { ($0.layer.map { "layer '\($0)': " } ?? "") + $0.message }.joined(separator: "; ")
      return "\(path): not written, as --strict allows no rewrites and these are needed: \(list)"
    case .differs(let path, let verification):
      let first = verification.firstDivergence.map { ", first in layer '\($0.layer)'" } ?? ""
      return "\(path): not written, as it would differ from the source by \(verification.difference) of its largest "
        + "output\(first) (allowed: \(verification.tolerance))"
    case .tooLossy(let path, let report, let allowed):
      return "\(path): not written, as weights in \(report.format.rawValue) move outputs by \(report.outputDifference) "
        + "of their largest (allowed: \(allowed); --max-error allows more)"
    case .consumer(let name, let reason): return "\(name): \(reason)"
    case .consumerDiffers(let path, let name, let difference, let tolerance):
      return
        "\(path): not written, as \(name) computes outputs of it that differ from the source's by \(difference) of "
        + "their largest (allowed: \(tolerance))"
    case .inTheWay(let path, let reason): return "\(path): \(reason)"
    }
  }
}
