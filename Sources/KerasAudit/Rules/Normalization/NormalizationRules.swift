extension AuditRegistry {
  static let normalization: [any AuditRule] = [
    StoredStatistics.runningDeviation,
    AmbiguousDeviation(),
    StoredStatistics.lostStatistics,
    StoredStatistics.axesOfKeras0,
    NormalizationModes.sampleWise,
    NormalizationModes.batchWise,
    NormalizationModes.defaults,
    NormalizationModes.axisList,
    NormalizationModes.axisOfFormat,
    NormalizationTraining.frozenInference,
    NormalizationTraining.frozenUpdates,
    NormalizationTraining.unbiased,
    NormalizationTraining.zeroDebias,
  ]
}
