extension AuditRegistry {
  static let files: [any AuditRule] =
    [CustomObjects(), UnreadableFile()] + ReportedRule.ofReaders + ReportedRule.ofTheAudit
}
