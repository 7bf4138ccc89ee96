/// Why a file could not be opened, read or written, in the system's own words.
public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: Sendable, Hashable {
    case notFound
    case unreadable(String)
    case unwritable(String)
  }

  public var path: String
  public var cause: Cause

  public init(path: String, _ cause: Cause) {
    self.path = path
    self.cause = cause
  }

  /// What happened, without the file's name.
  public var reason: String {
    switch cause {
    case .notFound: "no such file"
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .unwritable(let reason): "cannot be written: \(reason)"
    }
  }

  public var description: String { "\(path): \(reason)" }
}
