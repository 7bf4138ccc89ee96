import ArgumentParser
import KerasKit

/// Runs the command line and turns whatever happens into an exit code and at most one line on standard error.
enum CommandLineRun {
  static func main() -> Never {
    Terminal.prepare()
    Interruption.prepare()
    do {
      let arguments = OptionalValues.resolved(WeightsFlag.resolved(Array(CommandLine.arguments.dropFirst())))
      var command = try KerasKitCommand.parseAsRoot(arguments)
      try command.run()
      Terminal.exit(.success)
    } catch {
      finish(error)
    }
  }

  private static func finish(_ error: any Error) -> Never {
    switch error {
    case let code as ExitStatus: Terminal.exit(code)
    case let failure as CommandFailure:
      Terminal.printError(failure.message)
      Terminal.exit(failure.status)
    case KerasKitError.badRequest(let reason):
      Terminal.printError(reason)
      Terminal.exit(.badUsage)
    case KerasKitError.training(.unknownMonitor):
      Terminal.printError("\(error)")
      Terminal.exit(.badUsage)
    case let error as KerasKitError:
      Terminal.printError("\(error)")
      Terminal.exit(.badInput)
    default: break
    }
    let status = KerasKitCommand.exitCode(for: error)
    if status == .success {
      // `--help`, `--version` and completion scripts arrive as errors too.
      Terminal.print(KerasKitCommand.fullMessage(for: error))
      Terminal.exit(.success)
    }
    if status == .validationFailure {
      Terminal.printError(KerasKitCommand.message(for: error) + "; see 'keraskit --help' or 'keraskit COMMAND --help'")
      Terminal.exit(.badUsage)
    }
    Terminal.printError("\(error)")
    Terminal.exit(.badInput)
  }
}

/// What the process ends with.
enum ExitStatus: Int32, Error {
  case success = 0
  /// The audit found something of the severity that was asked for, a diagnosis has warnings, or training came to numbers that are not finite.
  case findings = 1
  case badUsage = 2
  /// A file that cannot be read, understood or written, or data that does not fit.
  case badInput = 3
  /// Training or an audit was interrupted (Ctrl-C), as a shell reports it.
  case interrupted = 130
}

/// An end with a message for the user.
struct CommandFailure: Error {
  var message: String
  var status: ExitStatus

  static func usage(_ message: String) -> CommandFailure { CommandFailure(message: message, status: .badUsage) }
  static func input(_ message: String) -> CommandFailure { CommandFailure(message: message, status: .badInput) }
}
