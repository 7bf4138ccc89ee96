extension AuditRegistry {
  static let normalization: [any AuditRule] = []
}
