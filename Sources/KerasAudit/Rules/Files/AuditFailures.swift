import KerasCore

/// What the audit itself says of files and archives, beside what rules find in them.
extension ReportedRule {
  static let ofTheAudit: [any AuditRule] = [
    failure(
      "audit-crash", "A file that ended the program reading it", consequence: .security,
      """
      Each file is read in a process of its own. This one ended that process: by a defect of this program, or because the
      file changed or became shorter meanwhile. What made one reader fail may be made to harm another.
      """,
      "Do not load it elsewhere before the reason is known; report the defect."),
    failure(
      "audit-memory", "A file that needs more memory than it may have", consequence: .security,
      """
      The process that read the file reached --memory-limit. An audit reads configs, not weights, so that a few megabytes are
      enough for a file of any size; a compressed part that unpacks to gigabytes, or a text of that size, are the exceptions.
      """,
      "If the file is trusted, give more with --memory-limit."),
    failure(
      "audit-timeout", "A file that takes longer than it may", consequence: .security,
      """
      The process that read the file, or unpacked the archive, did not come to an end within --time-limit. An audit takes
      milliseconds; large archives take the time of their unpacking.
      """,
      "If the file is trusted, give more with --time-limit."),
    failure(
      "archive-limit", "An archive that cannot be unpacked", consequence: .security,
      """
      A zip or tar archive, or a member of one, is damaged, has names that lead out of it, is encrypted, lies too deep in
      other archives, or is larger than an audit unpacks (2 GiB a member, 8 GiB an archive). What it holds was not audited.
      """,
      "Unpack it with a program you trust and audit the folder."),
    failure(
      "archive-unread", "An archive of a kind that is not opened", severity: .warning, consequence: .none,
      """
      Zip, tar and gzip are opened and what they hold is audited. Files in bzip2, xz, 7z, RAR and Zstandard are not: models
      in them go unseen.
      """,
      "Unpack it and audit the folder."),
    failure(
      "misnamed-file", "A suffix that is not the content", severity: .warning, consequence: .loading,
      """
      Keras chooses its reader by the suffix. Measured: Keras 3.15.1 and 2.15.0 refuse a .keras archive named .h5 ("file
      signature not found"); Keras 3.15.1 refuses HDF5 named .keras ("File not found … accessible .keras zip file"), which
      2.15.0 loads. KerasKit goes by content.
      """,
      "Rename the file to what it is."),
    failure(
      "weights-only", "Weights without their architecture", severity: .note, consequence: .none,
      """
      The file holds arrays and no config, as save_weights writes it. What they mean is said by the architecture, which lies
      in another file or in Python code; the rules about layers had nothing to read.
      """,
      "Audit the architecture, with --config ARCHITECTURE --weights FILE to see both together."),
  ]

  private static func failure(
    _ id: String, _ title: String, severity: Severity = .error, consequence: Consequence, _ explanation: String,
    _ fix: String
  ) -> ReportedRule {
    ReportedRule(
      id: id, title: title, family: .files, severity: severity, consequence: consequence, affected: "all releases",
      explanation: explanation, fix: fix)
  }
}

extension AuditRegistry {
  /// The rules that tell of something that was not looked at, so that no choice of rules makes a report look clean.
  public static let failures: Set<String> = [
    "unreadable-file", "unreadable-config", "audit-crash", "audit-memory", "audit-timeout", "archive-limit",
    "archive-unread",
  ]
}
