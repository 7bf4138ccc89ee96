extension AuditRegistry {
  static let training: [any AuditRule] = []
}
