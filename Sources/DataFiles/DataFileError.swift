import KerasCore
import ZipArchive

/// Why a file of arrays or a table could not be read or written.
public struct DataFileError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Cause: Error, Sendable, Hashable {
    case file(FileError)
    case zip(ZipError)
    /// Not a `.npy` file at all.
    case notNumpy
    /// The header or the length of a `.npy` file contradicts the format.
    case damaged(String)
    /// Element types without a counterpart here: Python objects, complex numbers, records, dates.
    case unsupportedType(String)
    case unknownFormat(String)
    case empty
    /// A row with another number of fields than the first.
    case raggedRow(row: Int, expected: Int, found: Int)
    /// An empty field, or one that says `NA`, `nan`, `null` …
    case missingValue(row: Int, column: String)
    case notANumber(row: Int, column: String, found: String)
    case unclosedQuote(row: Int)
    case invalidUTF8(row: Int)
    case noSuchColumn(String, available: [String])
    /// An array that a table cannot hold.
    case notATable(String)
  }

  public var file: String
  /// The array's name in an `.npz`.
  public var member: String?
  public var cause: Cause

  public init(file: String, member: String? = nil, _ cause: Cause) {
    self.file = file
    self.member = member
    self.cause = cause
  }

  /// What went wrong with a file, from whatever was thrown on the way.
  init(file: String, from error: any Error) {
    self =
      switch error {
      case let error as DataFileError: error
      case let cause as Cause: DataFileError(file: file, cause)
      case let error as FileError: DataFileError(file: file, .file(error))
      case let error as ZipError:
        if case .file(let cause) = error.cause {
          DataFileError(file: file, .file(cause))
        } else {
          DataFileError(file: file, .zip(error))
        }
      default: DataFileError(file: file, .damaged("\(error)"))
      }
  }

  public var description: String {
    switch cause {
    case .file(let error): error.description
    case .zip(let error): error.description
    default: (member.map { "\(file)#\($0)" } ?? file) + ": " + cause.text
    }
  }
}

extension DataFileError.Cause {
  public var text: String {
    switch self {
    case .file(let error): error.description
    case .zip(let error): error.description
    case .notNumpy: "not a .npy file"
    case .damaged(let reason): "damaged: \(reason)"
    case .unsupportedType(let type): "elements of type \(type) are not supported"
    case .unknownFormat(let reason): reason
    case .empty: "holds no rows"
    case .raggedRow(let row, let expected, let found): "row \(row) has \(found) fields, the first has \(expected)"
    case .missingValue(let row, let column): "row \(row), column '\(column)': the value is missing"
    case .notANumber(let row, let column, let found): "row \(row), column '\(column)': '\(found)' is not a number"
    case .unclosedQuote(let row): "row \(row): a quoted field does not end"
    case .invalidUTF8(let row): "row \(row): not valid UTF-8"
    case .noSuchColumn(let name, let available):
      "there is no column '\(name)'; the columns are \(available.map { "'\($0)'" }.joined(separator: ", "))"
    case .notATable(let reason): reason
    }
  }
}
