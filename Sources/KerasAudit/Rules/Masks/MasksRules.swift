extension AuditRegistry {
  static let masks: [any AuditRule] = [
    MaskRules.lostMask,
    MaskRules.Dropped(),
    ShapeRules.mergeMask,
    LambdaPortability(),
    MaskRules.NodeIndices(),
    MaskRules.TrainableFlag(),
    MaskRules.reconstruction,
    MaskRules.policy,
  ]
}
