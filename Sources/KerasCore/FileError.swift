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

  public var description: String {
    switch cause {
    case .notFound: "\(path): no such file"
    case .unreadable(let reason): "\(path): cannot be read: \(reason)"
    case .unwritable(let reason): "\(path): cannot be written: \(reason)"
    }
  }
}
