import KerasCore
import KerasFile

/// Names and defaults of training configs for whoever reads them as saved.
public enum CompileNames {
  /// A loss' or metric's name in Keras 3: `mse` and `MeanSquaredError` are `mean_squared_error`.
  public static func function(_ name: String) -> String {
    let bare = name.components(after: ">")
    if let known = CompileTables.functions[bare] { return known }
    guard bare.first?.isUppercase == true else { return bare }
    var snake = ""
    for (index, letter) in bare.enumerated() {
      if letter.isUppercase, index > 0 { snake += "_" }
      snake += letter.lowercased()
    }
    return CompileTables.functions[snake] ?? snake
  }

  /// An optimizer's class in Keras 3: `adam` and `Custom>Adam` are `Adam`.
  public static func optimizer(_ name: String) -> String {
    let bare = name.components(after: ">")
    return CompileTables.optimizers[bare.lowercased()] ?? bare
  }

  /// What an optimizer's field is in a release where the config does not state it.
  public static func standard(_ field: String, of optimizer: String, in version: KerasVersion) -> JSON? {
    CompileTables.optimizerDefaults.first {
      $0.field == field && $0.classes.contains(optimizer) && $0.releases.contains(version)
    }?.value
  }
}

extension TrainingSemantics {
  /// A release's choices for a file's optimizer.
  ///
  /// tf.keras from 2.11 on has two families of optimizers; only the new one writes `is_legacy_optimizer: false`, and a
  /// config that does not say so is read as of the old one (`optimizers.deserialize` of 2.15).
  public static func of(version: KerasVersion, backend: String?, reading optimizer: JSON?) -> TrainingSemantics {
    var semantics = TrainingSemantics.of(version: version, backend: backend)
    var config = optimizer?["config"]
    if let inner = config?["inner_optimizer"]?["config"] { config = inner }
    if let config, version.major == 2, version >= KerasVersion(2, 11), config["is_legacy_optimizer"] != false {
      semantics.useLegacyOptimizers()
    }
    return semantics
  }

  /// Whether `accuracy` compares each output with a threshold (`binary_accuracy`) instead of the largest one's place.
  ///
  /// Measured: up to Keras 2.3.1 and tf.keras 1.15 a binary crossentropy loss decides so for any number of outputs, later
  /// only the shape does.
  public func accuracyIsBinary(lastDimension: Int?, targetsAreIndices: Bool, lossIsBinary: Bool) -> Bool {
    !targetsAreIndices && (lastDimension == 1 || accuracyFollowsLoss && lossIsBinary)
  }
}
