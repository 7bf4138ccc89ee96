/// All rules, one line each, in the order in which they are listed.
public enum AuditRegistry {
  public static let rules: [any AuditRule] = [
    ActivityOnInput(),
    ActivityDroppedInNested(),
    ActivityOfUnknownRelease(),
    ActivityBatchScale(),
    ActivityTimeDistributedTwice(),
    ActivityTimeDistributedDropped(),
    ActivityTimeDistributedDivisor(),
    ActivityBidirectional(),
    ActivitySimpleRNNIgnored(),
    PenaltiesInTrainingOnly(),
    RecurrentRegularizerOfKeras12(),
    WeightRegularizerName(),
    RegularizerShorthand(),
    EigenvalueRegularizer(),
    HardSigmoidDefinition(),
    LambdaCode(),
    CustomObjects(),
  ]

  /// The rule of that slug.
  public static func rule(_ id: String) -> (any AuditRule)? { rules.first { $0.id == id } }
}
