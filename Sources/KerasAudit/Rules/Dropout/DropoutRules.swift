extension AuditRegistry {
  static let dropout: [any AuditRule] = []
}
