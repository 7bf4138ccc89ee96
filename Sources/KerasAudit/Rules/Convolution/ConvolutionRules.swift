extension AuditRegistry {
  static let convolution: [any AuditRule] = []
}
