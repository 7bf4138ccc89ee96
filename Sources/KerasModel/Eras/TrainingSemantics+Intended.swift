extension TrainingSemantics {
  /// The same release with activity penalties as documented: on the outputs, once, nowhere dropped.
  public var withIntendedActivity: TrainingSemantics {
    var semantics = self
    semantics.nestedActivity = .output
    semantics.firstNestedActivity = .output
    semantics.activityIgnoredBy = []
    semantics.dropsSharedWrapperActivity = false
    if timeDistributedActivity != .perStep { semantics.timeDistributedActivity = .whole }
    if bidirectionalActivity == .dropped { semantics.bidirectionalActivity = .merged }
    return semantics
  }
}
