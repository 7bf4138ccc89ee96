import KerasCore
import KerasModel

/// Byte code that no other Python reads.
struct LambdaPortability: SavedTextRule {
  let id = "lambda-code"
  let title = "Byte code of one Python version"
  let family = RuleFamily.masks
  let severity = Severity.warning
  let consequence = Consequence.loading
  let affected = "all releases, Lambda layers with marshalled code"
  let explanation = """
    A Lambda stores its function as marshalled byte code. It can be loaded by the Python version that saved it only, often by
    no other minor version: others refuse it, or run instructions that mean something else. What the layer does is not
    stated anywhere else in the file. (That loading it runs code is another rule: sec-lambda.)
    """
  let fix =
    "`inspect --lambda` shows what the code says; `convert` writes layers in its place where it can be translated."

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitSaved { members, pointer, layer in
      guard members["class_name"] == "Lambda", let config = members["config"] else { return }
      let code = config["function"]?[0]?.stringValue ?? config["function"]?["config"]?["code"]?.stringValue
      guard code != nil, let listing = LambdaListing.all(in: .object(members)).first else { return }
      let details = listing.details.joined(separator: "; ")
      findings.append(
        Finding(
          rule: id, severity: severity, layer: layer,
          location: subject.location(pointer.appending("config").appending("function")),
          summary: "This Lambda's function is byte code\(details.isEmpty ? "" : ": \(details)").",
          meantWhenSaved: listing.expression.map { "It says: \($0)." }
            ?? "What the code says; inspect --lambda shows it.",
          meansNow: "Another Python refuses it or misreads it.", advice: fix))
    }
    return findings
  }
}
