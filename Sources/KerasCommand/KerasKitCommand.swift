import ArgumentParser
import KerasKit

/// The root command.
struct KerasKitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keraskit",
    abstract: "Reads every Keras model ever saved: explains, audits, converts, runs and trains it, without Python.",
    discussion: """
      Exit codes: 0 done, 1 audit, diagnose or diff found something or training ended in NaN, 2 bad usage, 3 bad input,
      130 interrupted.

      Examples:
        keraskit inspect model.h5
        keraskit audit model.h5
        keraskit diagnose model.h5 --data x.npy
        keraskit convert model.h5 model.keras
        keraskit predict model.h5 --input x.npy --output y.npy
        keraskit inspect --config model.json --weights weights.h5 --keras-version 1.0.5 --backend theano
      """,
    version: KerasKitVersion.current,
    subcommands: [
      InspectCommand.self, AuditCommand.self, DiffCommand.self, VerifyCommand.self, ConvertCommand.self,
      PredictCommand.self,
      EvaluateCommand.self, FineTuneCommand.self, DiagnoseCommand.self, BenchmarkCommand.self, ExplainCommand.self,
      LayersCommand.self,
    ])
}
