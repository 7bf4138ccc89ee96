import KerasCore
import KerasFile
import KerasModel

/// What each layer's words meant when they were saved and what they mean to the releases since, line by line.
public struct Ledger: Sendable {
  /// One keyword of a layer, or its class.
  public struct Entry: Sendable {
    /// Its place in the file.
    public var location: SourceLocation
    /// As the file has it: `inner_activation = "hard_sigmoid"`, `class Convolution1D`, `reset_after (absent)`.
    public var saved: String
    /// In Keras 3's terms, if that is other than the file's, or that there is no such field; `nil` if it is the same.
    public var canonical: String?
    /// What releases make of it, the file's own first; empty where all releases that know the words mean the same.
    public var meanings: [ReleaseMeaning]
    /// The rule that tells its story.
    public var rule: String?

    /// Whether the releases do not agree.
    public var differs: Bool { Set(meanings.map(\.text)).count > 1 }
  }

  /// What one release makes of the words.
  public struct ReleaseMeaning: Sendable, Hashable {
    public var release: Release
    public var text: String
    /// It does not load them.
    public var isRefused: Bool
    /// It is the release that saved the file, or may be.
    public var isFiles: Bool
  }

  /// A layer's entries.
  public struct Layer: Sendable {
    /// By names, models and wrappers included; empty for the model and its training config.
    public var path: String
    public var savedClass: String
    public var canonicalClass: String
    public var entries: [Entry]
  }

  public var file: String
  /// The release that saved it, in words.
  public var release: String
  public var layers: [Layer]

  /// The ledger of a file's config; weights are not read.
  ///
  /// With `target`, only what that release takes otherwise than the
  /// file's own, with the landmarks' columns left out.
  ///
  /// Throws what `EraUpgrade.upgrade` throws for a config that cannot be understood.
  public static func of(
    _ source: ModelSource, mappings: [ObjectMapping] = [], target: Release? = nil
  ) throws(ModelError) -> Ledger {
    let canonical = try EraUpgrade.upgrade(source, mappings: mappings)
    let subject = AuditSubject(source: source, canonical: canonical, target: target ?? .current)
    var found = meanings(subject, releases: target.map { [$0] } ?? Release.landmarks)
    var layers: [Layer] = []
    for layer in subject.layers where layer.className != "InputLayer" {
      let saved = source.config?[layer.pointer]
      let savedClass = saved?["class_name"]?.stringValue ?? saved?["name"]?.stringValue ?? layer.className
      var entries = target == nil ? renamings(of: layer.path, canonical) : []
      let own = found.removeValue(forKey: layer.path) ?? []
      entries.removeAll { entry in own.contains { $0.location == entry.location } }
      entries += own
      guard !entries.isEmpty || target == nil && savedClass != layer.className else { continue }
      layers.append(Layer(path: layer.path, savedClass: savedClass, canonicalClass: layer.className, entries: entries))
    }
    let rest = (target == nil ? renamings(of: "", canonical) : []) + found.sorted { $0.key < $1.key }.flatMap(\.value)
    if !rest.isEmpty { layers.append(Layer(path: "", savedClass: "model", canonicalClass: "model", entries: rest)) }
    return Ledger(file: source.file, release: subject.release, layers: layers)
  }

  /// What the upgrade renamed, translated or dropped at a layer.
  private static func renamings(of path: String, _ canonical: CanonicalModel) -> [Entry] {
    canonical.provenance.filter { $0.layer == path && $0.kind != .defaulted }.compactMap { change in
      guard let old = change.oldKey, old != "class_name" else { return nil }
      let new = change.newKey.map { key in change.newValue.map { "\(key) = \(short($0))" } ?? key }
      return Entry(
        location: change.location, saved: "\(old) = \(short(change.oldValue ?? .null))",
        canonical: new ?? "no such field", meanings: [], rule: AuditRegistry.rule(change.rule)?.id)
    }
  }

  /// A value in a few words: an object of a class as a call, `L1L2(l1=0, l2=0.01)`.
  private static func short(_ value: JSON) -> String {
    guard let members = value.objectValue, let name = (value["class_name"] ?? value["name"])?.stringValue else {
      return value.doubleValue.map { ActivityPenalty.short($0).replacing(/\.0$/, with: "") } ?? value.text()
    }
    let fields = members["config"]?.objectValue ?? members.filter { !["name", "class_name"].contains($0.key) }
    let parts = fields.filter { !$0.value.isNull }.map { "\($0.key)=\(short($0.value))" }
    return "\(name)(\(parts.joined(separator: ", ")))"
  }

  /// The places that the rules of meaning are about, by layer, where the releases do not agree.
  private static func meanings(_ subject: AuditSubject, releases: [Release]) -> [String: [Entry]] {
    var found: [String: [Entry]] = [:]
    for case let rule as any MeaningRule in AuditRegistry.rules {
      for place in rule.places(in: subject) {
        let entry = entry(rule, place, subject, releases)
        if entry.differs { found[place.layer ?? "", default: []].append(entry) }
      }
    }
    return found
  }

  private static func entry(
    _ rule: any MeaningRule, _ place: RulePlace, _ subject: AuditSubject, _ releases: [Release]
  ) -> Entry {
    let own = subject.savedReleases
    let columns = own + releases.filter { !own.contains($0) }
    let renamed = subject.canonical.provenance.first { $0.location == place.location && $0.newKey != nil }
    return Entry(
      location: place.location, saved: place.words,
      canonical: renamed.flatMap { $0.newKey == $0.oldKey ? nil : $0.newKey },
      meanings: columns.map {
        let meaning = rule.meaning(of: place, in: $0, subject)
        return ReleaseMeaning(
          release: $0, text: meaning.text, isRefused: meaning.isRefused, isFiles: own.contains($0))
      }, rule: rule.id)
  }

  /// The ledger for scripts.
  public var json: JSON {
    [
      "file": .string(file), "release": .string(release),
      "layers": .array(
        layers.map { layer in
          [
            "layer": .string(layer.path), "saved_class": .string(layer.savedClass),
            "class": .string(layer.canonicalClass), "entries": .array(layer.entries.map(Self.json)),
          ]
        }),
    ]
  }

  private static func json(_ entry: Entry) -> JSON {
    [
      "location": .string(entry.location.description), "saved": .string(entry.saved),
      "canonical": entry.canonical.map { .string($0) } ?? .null, "rule": entry.rule.map { .string($0) } ?? .null,
      "differs": .bool(entry.differs),
      "meanings": .array(
        entry.meanings.map {
          [
            "release": .string($0.release.description), "meaning": .string($0.text), "refused": .bool($0.isRefused),
            "saved_by": .bool($0.isFiles),
          ]
        }),
    ]
  }
}
