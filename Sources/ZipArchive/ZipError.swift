import KerasCore

/// Why a zip archive, or a member of it, could not be read or written.
public struct ZipError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: Sendable, Hashable {
    case file(FileError)
    /// There is no end record: not a zip archive, or one that was cut off.
    case notAnArchive
    /// The directory or a header contradicts itself or the file's length.
    case damaged(String)
    case missingMember
    /// A name that would leave the archive's folder: absolute, `..`, a backslash, a drive letter …
    case unsafeName
    case duplicateName
    /// Two members claim the same bytes, as in archives made to expand without end.
    case overlapping
    /// A stated size or number beyond what is accepted.
    case tooLarge(String)
    case wrongChecksum
    /// A method or feature other than stored and deflated members.
    case unsupported(String)
  }

  public var archive: String
  public var member: String?
  public var cause: Cause

  public init(archive: String, member: String? = nil, _ cause: Cause) {
    self.archive = archive
    self.member = member
    self.cause = cause
  }

  public var description: String {
    if case .file(let error) = cause { return error.description }
    return (member.map { "\(archive)#\($0)" } ?? archive) + ": " + cause.text
  }
}

extension ZipError.Cause {
  fileprivate var text: String {
    switch self {
    case .file(let error): error.description
    case .notAnArchive: "not a zip archive, or cut off"
    case .damaged(let reason): "damaged: \(reason)"
    case .missingMember: "no such member"
    case .unsafeName: "refused: the name leads out of the archive"
    case .duplicateName: "refused: two members have this name"
    case .overlapping: "refused: the member overlaps another one"
    case .tooLarge(let reason): "refused: \(reason)"
    case .wrongChecksum: "damaged: the checksum does not match"
    case .unsupported(let feature): "not supported: \(feature)"
    }
  }
}
