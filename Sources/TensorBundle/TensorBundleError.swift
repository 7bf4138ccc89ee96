/// Why a TensorFlow checkpoint or SavedModel could not be read.
public struct TensorBundleError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: Sendable, Hashable {
    /// A part of the content contradicts itself or its checksum.
    case damaged(String)
    case missing(String)
    case tooLarge(String)
    case unsupported(String)
  }

  /// The file's name, or the tensor's key.
  public var part: String
  public var cause: Cause

  public init(_ part: String, _ cause: Cause) {
    self.part = part
    self.cause = cause
  }

  public var description: String {
    switch cause {
    case .damaged(let reason): "\(part): damaged: \(reason)"
    case .missing(let what): "\(part): \(what) is missing"
    case .tooLarge(let reason): "\(part): refused: \(reason)"
    case .unsupported(let reason): "\(part): not supported: \(reason)"
    }
  }
}
