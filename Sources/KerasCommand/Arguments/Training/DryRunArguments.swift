import ArgumentParser

/// Saying what a training would do instead of doing it.
struct DryRunArguments: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Train nothing and write nothing: print what would be trained, the penalties before the first step under the "
        + "meaning of every release, and the memory needed."))
  var dryRun = false
}
