extension AuditRegistry {
  static let security: [any AuditRule] = [
    LambdaCode()
  ]
}
