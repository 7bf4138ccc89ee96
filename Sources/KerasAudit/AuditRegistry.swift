/// All rules in the order in which they are listed; each family's folder holds its own list.
public enum AuditRegistry {
  public static let rules: [any AuditRule] =
    activity + regularizers + recurrent + normalization + convolution + dropout + training + masks + security + files

  /// The rule of that slug.
  public static func rule(_ id: String) -> (any AuditRule)? { rules.first { $0.id == id } }
}
