extension AuditRegistry {
  static let masks: [any AuditRule] = []
}
