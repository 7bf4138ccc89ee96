import KerasCore
import KerasFile
import KerasModel

/// Audits files, folders and what is packed in zip and tar archives, one at a time, recognised by content.
///
/// This runs in the program that calls it. The command gives each file to a process of its own, which may die of it.
public struct ArchiveAudit {
  /// What happens to one path after the other.
  public enum Event {
    /// Something is looked at: its number below the path, and its name, `archive.zip!member` of a packed one.
    case begins(Int, String)
    case report(AuditReport)
    /// Something was no model and is passed over.
    case other
    /// A symbolic link that is not followed.
    case link
  }

  /// What one model is read and audited with.
  public var mappings: [ObjectMapping] = []
  public var target = Release.current
  /// What the user states of all files, applied to each.
  public var stamped: (ModelSource) -> ModelSource = { $0 }
  /// How a file that the user named himself is opened: with its other half beside it, perhaps.
  public var openNamed: (String) throws -> ModelSource = { try ModelFile.open($0) }
  /// Files that make one model together with the one that the user named.
  public var companions: [String] = []
  /// Numbers of what is passed over with all it holds, because it ended an earlier process.
  public var skipped: Set<Int> = []
  /// Models up to this number are passed over, because they have their report already.
  public var done = -1

  private var count = 0

  public init() {}

  /// The reports of all models at or below `paths`, in order.
  public func reports(_ paths: [String]) -> [AuditReport] {
    var reports: [AuditReport] = []
    for path in paths {
      var audit = self
      audit.run(path, isNamed: true) { if case .report(let report) = $0 { reports.append(report) } }
    }
    return reports
  }

  /// Audits one path and tells `emit` what it comes to.
  ///
  /// What the user named is a model or a finding; what was found on a walk may be something else.
  public mutating func run(_ path: String, isNamed: Bool = false, emit: (Event) -> Void) {
    count = 0
    let place = Place(path: path, name: path, isNamed: isNamed, depth: 0)
    if FolderListing.isFolder(path) { folder(place, emit) } else { file(place, emit) }
  }

  /// Where something lies, and what it is called.
  private struct Place {
    var path: String
    var name: String
    var isNamed: Bool
    var depth: Int

    func finding(_ rule: String, _ severity: Severity, _ summary: String, advice: String = "") -> Finding {
      Finding(
        rule: rule, severity: severity, location: SourceLocation(file: name), summary: summary, advice: advice)
    }
  }

  private mutating func folder(_ place: Place, _ emit: (Event) -> Void) {
    let walk = FolderWalk(place.path)
    if walk.paths == [place.path] {
      model(place, misnamed: nil, isText: false, emit)
      return
    }
    for (path, reason) in walk.unreadable {
      var inner = place
      inner.name = place.name + path.dropFirst(place.path.count)
      let finding = inner.finding(
        "unreadable-file", .error, "The folder cannot be listed: \(reason)",
        advice: "What it holds is not known to be sound: give the audit leave to read it.")
      emit(.report(AuditReport(file: inner.name, findings: [finding])))
    }
    for _ in 0..<walk.links { emit(.link) }
    for path in walk.paths {
      var inner = place
      inner.isNamed = false
      inner.path = path
      inner.name = place.depth == 0 ? path : place.name + path.dropFirst(place.path.count + 1)
      if FolderListing.isFolder(path) { model(inner, misnamed: nil, isText: false, emit) } else { file(inner, emit) }
    }
  }

  private mutating func file(_ place: Place, _ emit: (Event) -> Void) {
    guard let contents = try? FileContents(path: place.path) else {
      // The reader says why.
      return model(place, misnamed: nil, isText: false, emit)
    }
    switch AuditCandidate(contents, path: place.path) {
    case .model(let misnamed): model(place, misnamed: misnamed, isText: false, emit)
    case .text: model(place, misnamed: nil, isText: true, emit)
    case .unopened(let kind):
      let finding = place.finding(
        "archive-unread", .warning, "This is \(kind), which the audit cannot look into.",
        advice: "Unpack it and audit what it holds.")
      emit(.report(AuditReport(file: place.name, findings: [finding])))
    case .pickles: pickles(place, emit)
    case .other: if place.isNamed { model(place, misnamed: nil, isText: false, emit) } else { emit(.other) }
    case let kind: archive(kind, contents, place, emit)
    }
  }

  // MARK: Archives

  private mutating func archive(
    _ kind: AuditCandidate, _ contents: FileContents, _ place: Place, _ emit: (Event) -> Void
  ) {
    guard let number = begin(place, emit) else { return }
    func refuse(_ refusals: [Unpacking.Refusal]) {
      var findings = kind == .zip ? structure(contents, place) : []
      findings += refusals.map { refusal in
        let what = refusal.member.map { "\($0) in it" } ?? "The archive"
        return place.finding(
          "archive-limit", .error, "\(what) cannot be unpacked: \(refusal.reason)",
          advice: "Unpack it with a program you trust and audit what it holds.")
      }
      for name in refusals.filter(\.leadsOut).compactMap(\.member) where kind != .zip {
        findings.append(
          place.finding("sec-zip-slip", .error, "A member leads out of the archive: '\(name)'.", advice: ZipSlip().fix))
      }
      guard !findings.isEmpty, number > done else { return }
      emit(.report(AuditReport(file: place.name, findings: findings)))
    }
    guard place.depth < Unpacking.Limits.depth else {
      return refuse([.init(reason: "it lies more than \(Unpacking.Limits.depth) archives deep")])
    }
    do {
      let scratch = try ScratchFolder()
      let folder = try scratch.makeFolder("content")
      var unpacking = Unpacking(folder: folder)
      unpacking.unpack(kind, contents, path: place.path, name: place.name)
      refuse(unpacking.refusals)
      for _ in 0..<unpacking.others { emit(.other) }
      self.folder(Place(path: folder, name: place.name + "!", isNamed: false, depth: place.depth + 1), emit)
    } catch {
      refuse([.init(reason: "\(error)")])
    }
  }

  /// What the rules about containers find in an archive itself; what it holds is audited file by file.
  private func structure(_ contents: FileContents, _ place: Place) -> [Finding] {
    let file = AuditedFile(archive: contents, path: place.name)
    return AuditRegistry.rules.flatMap { ($0 as? any FileRule)?.check(file) ?? [] }
  }

  /// What a pickle would run; one that only holds plain values and arrays is nothing to an audit.
  private mutating func pickles(_ place: Place, _ emit: (Event) -> Void) {
    guard let number = begin(place, emit), number > done else { return }
    let file = AuditedFile(place.path)
    var report = AuditReport(file: place.path, findings: Pickles().check(file) + UnreadableFile.findings(file))
    if !place.isNamed { report.findings.removeAll { $0.severity != .error } }
    guard place.isNamed || !report.findings.isEmpty else { return emit(.other) }
    if place.path != place.name { report.rename(place.path, to: place.name) }
    emit(.report(report))
  }

  // MARK: Models

  /// Announces what is looked at next; `nil` if it ended an earlier process.
  private mutating func begin(_ place: Place, _ emit: (Event) -> Void) -> Int? {
    defer { count += 1 }
    guard !skipped.contains(count) else { return nil }
    emit(.begins(count, place.name))
    return count
  }

  private mutating func model(_ place: Place, misnamed: String?, isText: Bool, _ emit: (Event) -> Void) {
    guard let number = begin(place, emit), number > done else { return }
    var isOther = false
    let stamped = stamped
    let openNamed = place.isNamed ? openNamed : { try ModelFile.open($0) }
    // A checkpoint goes by the name its files begin with.
    let files = [FolderWalk.exists(place.path) ? place.path : place.path + ".index"] + (place.isNamed ? companions : [])
    var report = Audit.files(files, mappings: mappings, target: target) {
      do {
        let source = try openNamed(place.path)
        if isText, !place.isNamed, let config = source.config, !AuditCandidate.isArchitecture(config) { isOther = true }
        return stamped(source)
      } catch let error as KerasFileError {
        if !place.isNamed { isOther = Self.isOther(error, isText: isText, place) }
        throw error
      }
    }
    // What is no model may still be dangerous to whoever takes it for one.
    if isOther { report.findings.removeAll { AuditRegistry.failures.contains($0.rule) || $0.severity != .error } }
    guard !isOther || !report.findings.isEmpty else { return emit(.other) }
    if let misnamed { report.add(Self.misnamed(place, content: misnamed)) }
    if place.path != place.name { report.rename(place.path, to: place.name) }
    emit(.report(report))
  }

  /// Whether what cannot be opened is no model at all, and was found on a walk.
  ///
  /// HDF5 and JSON hold many other things; what says it is a model, or was meant as one, is never passed over.
  private static func isOther(_ error: KerasFileError, isText: Bool, _ place: Place) -> Bool {
    switch error.cause {
    case .unknownFormat:
      if isText { return true }
      guard AuditCandidate.suffix(place.path) != "keras", let contents = try? FileContents(path: place.path) else {
        return false
      }
      return contents.withBytes { ContainerKind($0) } == .hdf5
    case .notFound, .unreadable: return false
    default:
      guard isText, let contents = try? FileContents(path: place.path) else { return false }
      return !AuditCandidate.wasMeantAsArchitecture(contents, path: place.path)
    }
  }

  private static func misnamed(_ place: Place, content: String) -> Finding {
    let suffix = AuditCandidate.suffix(place.path)
    return place.finding(
      "misnamed-file", .warning, "The file is named .\(suffix), but its content is \(content).",
      advice: "Keras chooses how to read a file by its suffix: rename it to what it is.")
  }
}

extension AuditReport {
  /// Adds a finding at its place in the order: after all that are at least as severe.
  mutating func add(_ finding: Finding) {
    findings.insert(finding, at: findings.firstIndex { $0.severity < finding.severity } ?? findings.count)
  }

  /// Puts the name of a packed file where the place stands to which it was unpacked.
  mutating func rename(_ path: String, to name: String) {
    func renamed(_ text: String) -> String { text.replacing(path, with: name) }
    file = renamed(file)
    for index in findings.indices {
      findings[index].location.file = renamed(findings[index].location.file)
      findings[index].summary = renamed(findings[index].summary)
      findings[index].meantWhenSaved = renamed(findings[index].meantWhenSaved)
      findings[index].meansNow = renamed(findings[index].meansNow)
      findings[index].advice = renamed(findings[index].advice)
    }
  }
}
