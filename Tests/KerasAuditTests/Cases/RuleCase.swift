import Foundation
import KerasKit
import PackedFixtures
import Testing

/// A model, and which rule must find something in it, or must not.
struct RuleCase: Sendable, CustomTestStringConvertible {
  /// Where the model comes from; `written` ones are for words that no recorded model has.
  enum Origin: Sendable {
    /// A file in `fixtures/models` that real Keras wrote.
    case model(String)
    /// Any file of `fixtures` that real Keras wrote.
    case fixture(String)
    /// A file that real Keras wrote, by its whole path.
    case path(String)
    /// A config in `fixtures/configs` that real Keras wrote, or the same with another stamp.
    case config(String, stamp: String? = nil)
    /// A config in a release's own words, with its training config if the rule reads that.
    case written(JSON, stamp: String?, backend: String? = nil, training: JSON? = nil)
    /// A file or folder of the fixtures, looked at as a container too: `hostile/zip_bomb.keras`.
    case file(String)
    /// Bytes under a name, as an audit of a folder comes upon them.
    case found(String, [UInt8])
    /// What reading and loading say, of findings that are theirs.
    case said(String, @Sendable () throws -> [Diagnostic])
    /// A config without a stamp beside arrays of those names, which are never read.
    case weights(JSON, [String])
  }

  var rule: String
  var origin: Origin
  /// Whether the rule must find something; else it must find nothing above a note that says "not affected".
  var hits: Bool
  /// The place that one of the findings must name, of a case that hits.
  var pointer: String?
  var target = Release.current

  static func hit(_ rule: String, _ origin: Origin, at pointer: String? = nil, target: Release = .current) -> RuleCase {
    RuleCase(rule: rule, origin: origin, hits: true, pointer: pointer, target: target)
  }

  static func clean(_ rule: String, _ origin: Origin, target: Release = .current) -> RuleCase {
    RuleCase(rule: rule, origin: origin, hits: false, pointer: nil, target: target)
  }

  var testDescription: String { "\(rule) \(hits ? "in" : "not in") \(origin)" }

  func findings() throws -> [Finding] {
    var source: ModelSource
    switch origin {
    case .model(let name): source = try ModelFile.open("\(SavedModel.fixtures)/models/\(name)")
    case .fixture(let name): source = try ModelFile.open("\(SavedModel.fixtures)/\(name)")
    case .path(let path): source = try ModelFile.open(path)
    case .config(let name, let stamp):
      source = try SavedModel.source(config: name)
      if let stamp { SavedModel.stamp(&source, stamp) }
    case .written(let config, let stamp, let backend, let training):
      source = ModelSource(
        file: "written.json", format: .json, config: config, trainingConfig: training,
        trainingConfigContainer: training == nil ? "" : "training_config", versionStamp: stamp, backend: backend)
    case .file(let name): return Audit.file(PackedFixtures.path(name), target: target).of(rule)
    case .found(let name, let bytes):
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      try Data(bytes).write(to: folder.appendingPathComponent(name))
      return ArchiveAudit().reports([folder.path]).flatMap { $0.of(rule) }
    case .said(let file, let diagnostics):
      return try diagnostics().filter { $0.rule == rule }.map {
        Finding(
          rule: $0.rule, severity: $0.severity, layer: $0.layer, location: $0.location ?? SourceLocation(file: file),
          summary: $0.message)
      }
    case .weights(let config, let names):
      let arrays = names.map {
        StoredArray(name: $0, path: "/layer/" + $0, dtype: .float32, shape: [3]) { () throws(KerasFileError) in
          throw KerasFileError(file: "written.h5", .missing("the array's values"))
        }
      }
      source = ModelSource(
        file: "written.h5", format: .hdf5Weights, config: config,
        weights: .groups([WeightGroup(name: "layer", arrays: arrays)]))
    }
    return Audit.run(source, target: target).of(rule)
  }

  /// A Sequential in the words of Keras 1 and 2 up to 2.2.2: a list of layers.
  static func layers(_ layers: JSON...) -> JSON { ["class_name": "Sequential", "config": .array(layers)] }

  /// A written config of one layer, saved by that release.
  static func layer(
    _ className: String, _ fields: JSON, input: JSON, _ stamp: String?, backend: String? = nil
  ) -> Origin {
    .written(one(className, fields, input: input), stamp: stamp, backend: backend)
  }

  /// Several layers, the first with the model's input shape, saved by that release.
  static func stack(_ stamp: String?, backend: String? = nil, _ layers: JSON...) -> Origin {
    .written(["class_name": "Sequential", "config": .array(layers)], stamp: stamp, backend: backend)
  }

  /// A layer's object in the words of Keras 1 and 2.
  static func object(_ className: String, _ config: JSON) -> JSON {
    ["class_name": .string(className), "config": config]
  }

  /// The same with one layer of that class and those fields, given an input shape.
  static func one(_ className: String, _ fields: JSON, input: JSON) -> JSON {
    var config = fields.objectValue ?? [:]
    config["name"] = config["name"] ?? "layer"
    config["batch_input_shape"] = input
    return layers(["class_name": .string(className), "config": .object(config)])
  }
}

@Suite struct RuleCaseTests {
  static let cases = RuleCases.all

  @Test(arguments: cases) func aRuleFindsWhatItIsAboutAndNothingElse(_ known: RuleCase) throws {
    let findings = try known.findings()
    let level = AuditRegistry.rule(known.rule)?.severity ?? .error
    if known.hits {
      #expect(!findings.isEmpty)
      #expect(findings.contains { $0.severity == min(level, .warning) || $0.severity == level })
      if let pointer = known.pointer {
        let places = findings.map { $0.location.pointer?.description ?? "none" }
        #expect(places.contains(pointer), "\(places)")
      }
      #expect(findings.allSatisfy { !$0.summary.isEmpty && !$0.location.file.isEmpty })
    } else {
      #expect(findings.allSatisfy { level > .note && $0.severity == .note }, "\(findings.map(\.summary))")
    }
  }

  @Test func everyRuleHasCasesOfBothKinds() {
    // What only a process can meet has its cases in `AuditArchiveTests`.
    let ofProcesses = ["audit-crash", "audit-memory", "audit-timeout"]
    for rule in AuditRegistry.rules where !ofProcesses.contains(rule.id) {
      let own = Self.cases.filter { $0.rule == rule.id }
      #expect(own.contains { $0.hits }, "\(rule.id) has no case that it must find")
      #expect(own.contains { !$0.hits }, "\(rule.id) has no case that it must leave alone")
    }
    for known in Self.cases { #expect(AuditRegistry.rule(known.rule) != nil, "\(known.rule) is no rule") }
  }
}
