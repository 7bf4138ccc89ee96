/// Why an HDF5 file or an object in it could not be read or written.
public struct HDF5Error: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: Error, Sendable, Hashable {
    /// The file cannot be opened as HDF5.
    case unreadable(String)
    /// There is no object or attribute of that name.
    case missing
    /// The object is of another kind than needed: `a group, not a data set`.
    case wrongKind(String)
    /// An element type that no Keras tensor has: `compound`, `reference` …
    case unsupportedType(String)
    /// The format allows it, this reader does not: a filter, named here, or a rare way to store things.
    case unsupported(String)
    /// Reading on would leave the file: an external or soft link, external or virtual storage.
    case leavesFile(String)
    /// A declared size or depth beyond what the file can hold or this reader accepts.
    case tooLarge(String)
    /// An existing object cannot be read: damaged or truncated data.
    case damaged(String)
    case unwritable(String)
  }

  /// The file as the caller named it.
  public var file: String
  /// The object's path, followed by ` attribute NAME` for attributes; empty for the file itself.
  public var object: String
  public var cause: Cause

  public init(file: String, object: String = "", _ cause: Cause) {
    self.file = file
    self.object = object
    self.cause = cause
  }

  public var description: String { (object.isEmpty ? file : "\(file)#\(object)") + ": " + cause.description }
}

extension HDF5Error.Cause: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let reason): "not readable as HDF5: \(reason)"
    case .missing: "missing"
    case .wrongKind(let reason): reason
    case .unsupportedType(let name): "elements of type \(name) are not supported"
    case .unsupported(let reason): reason
    case .leavesFile(let reason): "refused: \(reason)"
    case .tooLarge(let reason): "refused: \(reason)"
    case .damaged(let reason): "damaged or unreadable: \(reason)"
    case .unwritable(let reason): "cannot be written: \(reason)"
    }
  }
}
