import KerasCore

/// Findings that somebody has looked at and accepted, to be kept in a file beside the models.
///
/// A finding is known again by its rule, file, place in the file and layer; not by its wording, which may improve.
public struct Baseline: Sendable, Equatable {
  /// What identifies a finding from one run to the next.
  public struct Entry: Sendable, Hashable {
    public var rule: String
    public var file: String
    public var container: String?
    public var pointer: String?
    public var layer: String?

    public init(_ finding: Finding, file: String) {
      rule = finding.rule
      self.file = file
      container = finding.location.container
      pointer = finding.location.pointer?.description
      layer = finding.layer
    }

    /// A short text that is the same in every run: FNV-1a over the fields.
    public var fingerprint: String {
      var hash: UInt64 = 14_695_981_039_346_656_037
      for field in [rule, file, container, pointer, layer] {
        // Texts are UTF-8, in which 0xff does not occur: a field cannot flow into the next, and none is not empty.
        for byte in field.map({ Array($0.utf8) + [0xff] }) ?? [0xff, 0xff] {
          hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211
        }
      }
      let digits = String(hash, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }

  public var entries: Set<Entry>

  public init(_ entries: Set<Entry> = []) { self.entries = entries }

  /// All findings of some reports; `naming` gives a file the name by which it will be known again.
  public init(accepting reports: [AuditReport], naming: (String) -> String = { $0 }) {
    entries = Set(reports.flatMap { report in report.findings.map { Entry($0, file: naming(report.file)) } })
  }

  /// Takes the accepted findings out of a report; returns them.
  public func remove(from report: inout AuditReport, naming: (String) -> String = { $0 }) -> [Entry] {
    var accepted: [Entry] = []
    let file = naming(report.file)
    report.findings.removeAll { finding in
      let entry = Entry(finding, file: file)
      guard entries.contains(entry) else { return false }
      accepted.append(entry)
      return true
    }
    return accepted
  }

  // MARK: As a file

  /// The file's content: sorted, one finding a line, so that changes are easy to review.
  public var text: String {
    let sorted = entries.sorted { ($0.sortKey).lexicographicallyPrecedes($1.sortKey) }
    let lines = sorted.map { "    " + $0.json.text() }
    return "{\n  \"version\": 1,\n  \"accepted\": [\n\(lines.joined(separator: ",\n"))\n  ]\n}\n"
  }

  /// Reads what `text` wrote; throws a sentence that says what is wrong.
  public init(parsing text: String) throws(BaselineError) {
    let json: JSON
    do {
      json = try JSON(parsing: text)
    } catch {
      throw BaselineError(reason: "\(error)")
    }
    guard json["version"] == 1, let listed = json["accepted"]?.arrayValue else {
      throw BaselineError(reason: "it is no baseline of version 1 with a list 'accepted'")
    }
    entries = []
    for (index, element) in listed.enumerated() {
      guard let entry = Entry(element) else {
        throw BaselineError(reason: "element \(index) of 'accepted' lacks rule or file")
      }
      entries.insert(entry)
    }
  }
}

/// Why a baseline could not be read.
public struct BaselineError: Error, Sendable, Hashable, CustomStringConvertible {
  public var reason: String
  public var description: String { "not a baseline: \(reason)" }
}

extension Baseline.Entry {
  fileprivate var sortKey: [String] { [file, rule, container ?? "", pointer ?? "", layer ?? ""] }

  fileprivate var json: JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return [
      "rule": .string(rule), "file": .string(file), "container": text(container), "pointer": text(pointer),
      "layer": text(layer),
    ]
  }

  fileprivate init?(_ json: JSON) {
    guard let rule = json["rule"]?.stringValue, let file = json["file"]?.stringValue else { return nil }
    self.rule = rule
    self.file = file
    container = json["container"]?.stringValue
    pointer = json["pointer"]?.stringValue
    layer = json["layer"]?.stringValue
  }
}
