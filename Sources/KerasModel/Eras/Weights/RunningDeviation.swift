import KerasCore
import KerasFile

/// Whether a Keras 1 file's fourth batch normalisation array is a variance or a deviation.
enum RunningDeviation {
  static func ambiguity(_ source: ModelSource, era: Era, assignment: WeightAssignment) -> Diagnostic? {
    guard era.dialect == .keras1, era.stamped == nil,
      let row = assignment.rows.first(where: { $0.storedNames.contains { $0.contains("_running_std") } })
    else { return nil }
    return Diagnostic(
      rule: "bn-running-std-ambiguous", severity: .warning, layer: String(row.parameter.prefix { $0 != "/" }),
      location: SourceLocation(file: source.file, container: row.storedPaths.first),
      message:
        "The file does not say its Keras version: its running_std is read as a variance (Keras 1.0.7 and later); "
        + "up to 1.0.6 it was a standard deviation, which --keras-version 1.0.5 chooses.")
  }
}
