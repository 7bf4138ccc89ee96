extension AuditRegistry {
  static let recurrent: [any AuditRule] = [
    HardSigmoidDefinition()
  ]
}
