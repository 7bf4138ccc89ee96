import ArgumentParser
import KerasKit

/// When training ends early, what it leaves on its way, and what it says.
struct TrainingWatchArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "End when a value (default val_loss, or loss) no longer improves, as Keras' EarlyStopping: METRIC,patience=N,min_delta=X,baseline=X,mode=min|max,start_from_epoch=N,restore_best.",
      valueName: "settings"))
  var earlyStopping: EarlyStoppingArgument?

  @Option(
    help: ArgumentHelp(
      "Lower the learning rate when a value no longer improves, as Keras' ReduceLROnPlateau: METRIC,factor=X,patience=N,min_delta=X,cooldown=N,min_lr=X.",
      valueName: "settings"))
  var reduceOnPlateau: ReduceOnPlateauArgument?

  @Option(help: ArgumentHelp("Write a checkpoint after so many steps or epochs.", valueName: "N[steps|epochs]"))
  var checkpointEvery: CheckpointInterval?

  @Option(
    help: ArgumentHelp(
      "Where checkpoints go, each in the place of the last (default OUTPUT.checkpoint).", valueName: "file"))
  var checkpoint: String?

  @Option(
    help: ArgumentHelp(
      "Go on from a checkpoint, with the same options otherwise; --epochs may be more.", valueName: "file"))
  var resume: String?

  @Option(help: ArgumentHelp("Append what happens as JSON Lines, one for each epoch.", valueName: "file"))
  var log: String?

  @Flag(help: "Print every step, and write it to --log.")
  var verbose = false

  @Flag(help: "Print one JSON object at the end, or for --dry-run, and nothing else.")
  var json = false

  func validate() throws {
    if json, verbose { throw ValidationError("either --json or --verbose") }
  }

  func checkpointPath(output: String) -> String { checkpoint ?? output + ".checkpoint" }
}
