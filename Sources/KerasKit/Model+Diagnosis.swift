import KerasCore
import KerasDiagnosis
import KerasTraining

extension Model {
  /// What the layers' numbers are on samples, and which regularizer can help where; see `Diagnosis`.
  ///
  /// With targets also losses and gradients. Data of a `SampleFile` fits as it is; of other arrays, give
  /// `fitted(_:)`. Memory is bounded by `DiagnosisOptions.memoryLimit`. `progress` hears of finished samples and their
  /// total.
  public func diagnose(
    _ data: any SampleSource, options: DiagnosisOptions = DiagnosisOptions(),
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(KerasKitError) -> Diagnosis {
    try KerasKitError.wrap {
      var options = options
      options.training = trainerOptions(options.training, .asSaved)
      return try Diagnoser(loaded, lowered, options: options).run(data, progress: progress)
    }
  }

  /// The same for arrays in the order of the model's inputs, and of its outputs.
  public func diagnose(
    inputs: [TensorData], targets: [TensorData] = [], options: DiagnosisOptions = DiagnosisOptions()
  ) throws(KerasKitError) -> Diagnosis {
    let data = try KerasKitError.wrap { try DataSet(inputs: fitted(inputs), targets: targets) }
    return try diagnose(data, options: options)
  }
}
