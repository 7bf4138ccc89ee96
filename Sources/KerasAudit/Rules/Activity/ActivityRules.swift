extension AuditRegistry {
  static let activity: [any AuditRule] = [
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
    ActivityRejectsWeight(),
  ]
}
