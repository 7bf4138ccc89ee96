extension AuditRegistry {
  static let regularizers: [any AuditRule] = [
    RecurrentRegularizerOfKeras12(),
    WeightRegularizerName(),
    RegularizerShorthand(),
    EigenvalueRegularizer(),
    ConstraintRules.axisOfTheanoKernels,
    ConstraintRules.unitNormAxis,
    ConstraintRules.epsilon,
    InitializerRules.orthogonal,
    InitializerRules.truncatedNormals,
    InitializerRules.convolution1D,
    InitializerRules.forgetBias,
    EmbeddingRules.dropout,
  ]
}
