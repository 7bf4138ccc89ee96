import Foundation

/// A `keraskit` that is looked at, signalled or killed while it runs.
final class RunningCommand {
  private let process = Process()
  private let errors: String
  private let output: String

  init(_ arguments: [String], folder: String) throws {
    (output, errors) = ("\(folder)/stdout", "\(folder)/stderr")
    for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
    process.executableURL = Command.binary
    process.arguments = arguments
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  var identifier: Int32 { process.processIdentifier }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits until `condition` holds or the process has ended.
  func wait(until condition: () -> Bool) {
    while process.isRunning, !condition() { usleep(2000) }
  }

  func finish() -> Command.Result {
    process.waitUntilExit()
    func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
    return Command.Result(status: process.terminationStatus, output: text(output), errors: text(errors))
  }

  /// Of one that has finished; its status is the signal's number then.
  var isEndedBySignal: Bool { process.terminationReason == .uncaughtSignal }

  /// The most memory it had at any time so far, in bytes; `nil` where the system does not tell.
  var peakMemory: Int? {
    guard let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    else { return nil }
    return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
