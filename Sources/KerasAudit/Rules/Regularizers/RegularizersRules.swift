extension AuditRegistry {
  static let regularizers: [any AuditRule] = [
    RecurrentRegularizerOfKeras12(),
    WeightRegularizerName(),
    RegularizerShorthand(),
    EigenvalueRegularizer(),
  ]
}
