/// Why marshalled Python code is not read or not followed.
public enum PythonCodeError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The bytes are no marshalled code.
  case damaged(offset: Int, String)
  /// More of something than any honest function has.
  case tooLarge(String)
  /// No known release of CPython has these instructions.
  case unknownRelease(String)
  /// The code does something that has no meaning here.
  case refused(Refusal)

  /// What the code does that is not followed, and where.
  public struct Refusal: Sendable, Hashable {
    public var reason: String
    public var function: String
    /// The instruction by CPython's name; `nil` when the code was not yet reached.
    public var opcode: String?
    /// The line in the author's source, counted as the file has it.
    public var line: Int?
  }

  public var description: String {
    switch self {
    case .damaged(let offset, let reason): "its byte code is damaged at byte \(offset): \(reason)"
    case .tooLarge(let what): "its byte code has \(what)"
    case .unknownRelease(let reason): "its byte code is of no known release of Python: \(reason)"
    case .refused(let refusal):
      refusal.reason + " (" + (refusal.opcode.map { "\($0) in " } ?? "in ") + refusal.function
        + (refusal.line.map { ", line \($0)" } ?? "") + ")"
    }
  }
}
