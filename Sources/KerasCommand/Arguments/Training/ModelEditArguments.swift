import ArgumentParser

/// What is changed in the model before it is trained.
struct ModelEditArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Layers not to train, by path with * and ?; may be repeated.", valueName: "pattern"))
  var freeze: [String] = []

  @Option(
    help: ArgumentHelp(
      "Layers to train although the file or --freeze says otherwise; may be repeated.", valueName: "pattern"))
  var unfreeze: [String] = []
}
