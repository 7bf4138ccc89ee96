extension AuditRegistry {
  static let files: [any AuditRule] = [
    CustomObjects()
  ]
}
