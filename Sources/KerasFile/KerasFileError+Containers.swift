import HDF5
import KerasCore
import ZipArchive

extension KerasFileError {
  init(_ error: FileError, file: String) {
    let cause: Cause =
      switch error.cause {
      case .notFound: .notFound
      case .unreadable(let reason): .unreadable(reason)
      case .unwritable(let reason): .unwritable(reason)
      }
    self.init(file: file, cause)
  }

  /// `prefix` is the archive member that holds the HDF5 file, with a `#`, if there is one.
  init(_ error: HDF5Error, file: String, prefix: String = "") {
    let object = prefix + error.object
    let message = object.isEmpty ? error.cause.description : "\(object): \(error.cause.description)"
    let cause: Cause =
      switch error.cause {
      case .missing: .missing(object)
      case .unreadable(let reason): .damaged(prefix + reason)
      case .damaged(let reason): .damaged("\(object): \(reason)")
      case .wrongKind(let reason): .damaged("\(object): \(reason)")
      case .tooLarge(let reason): .tooLarge("\(object): \(reason)")
      case .unsupportedType, .unsupported, .leavesFile: .unsupported(message)
      case .unwritable(let reason): .unwritable(reason)
      }
    self.init(file: file, cause)
  }

  init(_ error: ZipError, file: String) {
    if case .file(let error) = error.cause {
      self.init(error, file: file)
      return
    }
    // The error's own text begins with the archive's name, which ours says already.
    let message = error.description.hasPrefix(error.archive) ? error.description.dropFirst(error.archive.count) : ""
    let reason = String(message.drop { $0 == "#" || $0 == ":" || $0 == " " })
    let cause: Cause =
      switch error.cause {
      case .missingMember: .missing(error.member ?? "a member")
      case .tooLarge: .tooLarge(reason)
      case .unsafeName, .duplicateName, .overlapping, .unsupported: .unsupported(reason)
      default: .damaged(reason)
      }
    self.init(file: file, cause)
  }
}
