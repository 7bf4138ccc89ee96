import KerasKit
import OrderedCollections

/// An audit in SARIF 2.1.0, as GitHub's code scanning and other viewers take it.
///
/// Models have no lines, so every result points at line 1 of its file (GitHub wants a region) and says in
/// `logicalLocations` where inside it is: member of an archive, HDF5 object, JSON pointer, layer. For the same reason each
/// result brings its own `primaryLocationLineHash`, by which GitHub knows an alert again: a hash of line 1 would be one for
/// all of a file.
enum AuditSARIF {
  /// The most results that GitHub takes of a run; of more, the worst are kept and a notification says how many are not.
  static let maximumResults = 25_000

  static func json(_ outcome: AuditOutcome) -> JSON {
    let ids = rules(outcome)
    let indices = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
    var found = outcome.reports.flatMap { report in report.findings.map { (file: report.file, finding: $0) } }
    let left = found.count - maximumResults
    if left > 0 {
      let order = found.indices.sorted {
        (found[$1].finding.severity, $0) < (found[$0].finding.severity, $1)
      }
      found = order.prefix(maximumResults).sorted().map { found[$0] }
    }
    var seen: [String: Int] = [:]
    let results = found.map { file, finding in
      let fingerprint = Baseline.Entry(finding, file: AuditOutcome.relative(file)).fingerprint
      seen[fingerprint, default: 0] += 1
      return result(
        finding, file: file, index: indices[finding.rule] ?? -1,
        fingerprint: "\(fingerprint):\(seen[fingerprint] ?? 1)")
    }
    var notifications = outcome.reports.flatMap { Self.notifications($0) }
    if left > 0 {
      let text = "\(left) results, none worse than those listed, are left out: a run holds \(maximumResults)."
      notifications.append(["level": "warning", "message": ["text": .string(text)]])
    }
    let driver: JSON = [
      "name": "keraskit", "semanticVersion": .string(KerasKitCommand.configuration.version),
      "rules": .array(ids.map { descriptor($0, outcome) }),
    ]
    let run: JSON = [
      "tool": ["driver": driver],
      "invocations": [
        ["executionSuccessful": true, "toolExecutionNotifications": .array(notifications)]
      ],
      "columnKind": "unicodeCodePoints",
      "results": .array(results),
      "properties": [
        "files": JSON(outcome.reports.count), "otherFiles": JSON(outcome.others), "accepted": JSON(outcome.accepted),
        "target": .string(outcome.target.description),
      ],
    ]
    return ["$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]]
  }

  /// All rules there are, then what readers and the upgrade said under names of their own.
  private static func rules(_ outcome: AuditOutcome) -> [String] {
    var ids = OrderedSet(AuditRegistry.rules.map(\.id))
    for finding in outcome.findings { ids.append(finding.rule) }
    return Array(ids)
  }

  private static func descriptor(_ id: String, _ outcome: AuditOutcome) -> JSON {
    guard let rule = AuditRegistry.rule(id) else {
      return ["id": .string(id), "shortDescription": ["text": .string(id)]]
    }
    let story = RulesText.oneLine(rule.explanation)
    let fix = RulesText.oneLine(rule.fix)
    var members: OrderedDictionary<String, JSON> = [
      "id": .string(rule.id),
      "shortDescription": ["text": .string(rule.title)],
      "fullDescription": ["text": .string(story)],
      "help": [
        "text": .string("\(story)\n\nAffected: \(rule.affected).\n\nWhat to do: \(fix)"),
        "markdown": .string(
          "\(AuditMarkdown.escaped(story))\n\n**Affected:** \(AuditMarkdown.escaped(rule.affected))\n\n"
            + "**What to do:** \(AuditMarkdown.escaped(fix))"),
      ],
      "defaultConfiguration": ["level": .string(rule.severity.rawValue)],
    ]
    if let base = outcome.rulesURL { members["helpUri"] = .string("\(base)#\(rule.id)") }
    var properties: OrderedDictionary<String, JSON> = [
      "tags": .array([rule.consequence == .security ? "security" : "correctness", .string(rule.family.rawValue)]),
      "problem.severity": .string(rule.severity == .note ? "recommendation" : rule.severity.rawValue),
    ]
    if rule.consequence == .security {
      // What GitHub sorts security alerts by: high, or medium.
      properties["security-severity"] = rule.severity == .error ? "8.0" : "5.0"
    }
    members["properties"] = .object(properties)
    return .object(members)
  }

  private static func result(_ finding: Finding, file: String, index: Int, fingerprint: String) -> JSON {
    let name = AuditOutcome.relative(file)
    let (artifact, member) = split(name)
    var logical: [JSON] = []
    func add(_ text: String?, _ kind: String) {
      guard let text, !text.isEmpty else { return }
      logical.append(["fullyQualifiedName": .string(text), "kind": .string(kind)])
    }
    add(member, "resource")
    add(finding.location.container, "element")
    add(finding.location.pointer?.description, "property")
    add(finding.layer, "object")
    var location: OrderedDictionary<String, JSON> = [
      "physicalLocation": [
        "artifactLocation": ["uri": .string(uri(artifact))], "region": ["startLine": 1],
      ]
    ]
    if !logical.isEmpty { location["logicalLocations"] = .array(logical) }
    return [
      "ruleId": .string(finding.rule), "ruleIndex": JSON(index), "level": .string(finding.severity.rawValue),
      "message": ["text": .string(message(finding, member: member))],
      "locations": [.object(location)],
      "partialFingerprints": [
        "primaryLocationLineHash": .string(fingerprint), "kerasKitFinding/v1": .string(fingerprint),
      ],
    ]
  }

  private static func message(_ finding: Finding, member: String?) -> String {
    var lines = [finding.summary]
    if let layer = finding.layer { lines.append("Layer: \(layer)") }
    let place = [member ?? "", AuditMarkdown.place(finding)].filter { !$0.isEmpty }.joined(separator: ": ")
    for (label, text) in [
      ("At", place), ("When saved", finding.meantWhenSaved), ("Now", finding.meansNow), ("Do", finding.advice),
    ] where !text.isEmpty {
      lines.append("\(label): \(text)")
    }
    return lines.joined(separator: "\n")
  }

  /// Files that the audit could not read to their end.
  private static func notifications(_ report: AuditReport) -> [JSON] {
    report.findings.filter { AuditRegistry.failures.contains($0.rule) && $0.severity == .error }.map { finding in
      [
        "descriptor": ["id": .string(finding.rule)], "level": "error", "message": ["text": .string(finding.summary)],
        "locations": [
          [
            "physicalLocation": [
              "artifactLocation": ["uri": .string(uri(split(AuditOutcome.relative(report.file)).artifact))]
            ]
          ]
        ],
      ]
    }
  }

  /// The file on disk, and the member of an archive; a `!` may also stand in a file's own name.
  private static func split(_ name: String) -> (artifact: String, member: String?) {
    for mark in name.indices where name[mark] == "!" {
      let artifact = String(name[..<mark])
      guard OutputFile.exists(artifact), !FolderListing.isFolder(artifact) else { continue }
      return (artifact, String(name[name.index(after: mark)...]))
    }
    return (name, nil)
  }

  /// A file's name as a URI reference: relative, or `file:` for one outside the working folder.
  private static func uri(_ path: String) -> String {
    let free = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
    var text = ""
    for byte in path.utf8 {
      if free.contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return path.hasPrefix("/") ? "file://" + text : text
  }
}
