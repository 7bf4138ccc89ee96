import Foundation
import KerasKit
import PackedFixtures
import Testing

/// One audit of all fixtures, archives as they lie there: every file with its stamps and findings.
enum AuditedFixtures {
  struct File: Sendable {
    /// Below `fixtures`: `hostile.zip!clean.h5`.
    var name: String
    var stamp: String?
    var backend: String?
    /// Rule, severity and layer.
    var findings: [(rule: String, severity: String, layer: String)]

    func has(_ rule: String, _ severity: String? = nil) -> Bool {
      findings.contains { $0.rule == rule && (severity == nil || $0.severity == severity) }
    }

    /// The file laid out on disk.
    var path: String { PackedFixtures.member(name) }
  }

  static let files: [File] = {
    guard let result = try? Command.run("audit", PackedFixtures.root, "--format", "json", "--fail-on", "never"),
      let json = try? JSON(parsing: result.output)
    else { return [] }
    return (json["reports"]?.arrayValue ?? []).map { report in
      File(
        name: String(report["file"]?.stringValue?.dropFirst(PackedFixtures.root.count + 1) ?? ""),
        stamp: report["keras_version"]?.stringValue, backend: report["backend"]?.stringValue,
        findings: (report["findings"]?.arrayValue ?? []).map {
          ($0["rule"]?.stringValue ?? "", $0["severity"]?.stringValue ?? "", $0["layer"]?.stringValue ?? "")
        })
    }
  }()
}

/// The fixtures' findings are those that were looked through when `fixtures/audit/expected.json` was last changed.
@Suite struct ExpectedFindingsTests {
  @Test func everyListedFixtureHasTheFindingsThatWereReviewed() throws {
    let text = try String(contentsOfFile: PackedFixtures.root + "/audit/expected.json", encoding: .utf8)
    let folders = try #require(JSON(parsing: text).objectValue)
    var expected: [String: [String: String]] = [:]
    for (folder, files) in folders {
      for (file, rules) in files.objectValue ?? [:] {
        let name = folder.isEmpty ? file : folder.hasSuffix(".zip") ? "\(folder)!\(file)" : "\(folder)/\(file)"
        expected[name] = Dictionary(
          uniqueKeysWithValues: (rules.objectValue ?? [:]).map { ($0, $1.stringValue ?? "") })
      }
    }
    #expect(expected.count > 1400)
    let found = Dictionary(AuditedFixtures.files.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var differences: [String] = []
    for (name, rules) in expected {
      guard let file = found[name] else {
        differences.append("\(name) is not there or was taken for no model")
        continue
      }
      var layers: [String: Set<String>] = [:]
      for finding in file.findings { layers["\(finding.severity) \(finding.rule)", default: []].insert(finding.layer) }
      let now = layers.mapValues { $0.filter { !$0.isEmpty }.sorted().joined(separator: " ") }
      if now != rules { differences.append("\(name): \(now) in place of \(rules)") }
    }
    #expect(differences.isEmpty, "Tools/audit-expected: \(differences.sorted().prefix(10))")
  }
}

/// What is known of fixtures without asking the audit: by whom they were saved, what stands in their configs, what the
/// scripts of `Tools/fixtures` put into them.
@Suite struct GroundTruthTests {
  /// A layer's object anywhere in a config, with the models around it.
  private struct Saved {
    var className: String
    var fields: JSON
    var models: Int
  }

  private struct Known {
    var file: AuditedFixtures.File
    var layers: [Saved]
    var version: KerasVersion
  }

  /// The files whose architecture can be read as JSON, all objects of it by a walk that knows nothing of rules.
  private static let known: [Known] = AuditedFixtures.files.compactMap { file in
    guard !file.name.hasPrefix("hostile"), let source = try? ModelFile.open(file.path), let config = source.config,
      let stamp = source.versionStamp, let version = KerasVersion(stamp)
    else { return nil }
    var layers: [Saved] = []
    collect(config, models: 0, &layers)
    return Known(file: file, layers: layers, version: version)
  }

  private static func collect(_ json: JSON, models: Int, _ layers: inout [Saved]) {
    if let list = json.arrayValue {
      for element in list { collect(element, models: models, &layers) }
    } else if let members = json.objectValue {
      var inner = models
      if let name = json["class_name"]?.stringValue, let fields = json["config"] {
        layers.append(Saved(className: name, fields: fields, models: models))
        if ["Model", "Sequential", "Functional"].contains(name) { inner += 1 }
      }
      for (_, member) in members { collect(member, models: inner, &layers) }
    }
  }

  /// Compares what a rule found with what the configs say, in both directions.
  private func expect(
    _ rule: String, _ severity: String? = nil, inFiles minimum: Int, exactlyWhere isTrue: (Known) -> Bool
  ) {
    var hits = 0
    for known in Self.known {
      let truth = isTrue(known)
      if truth { hits += 1 }
      #expect(known.file.has(rule, severity) == truth, "\(rule) in \(known.file.name) of \(known.version)")
    }
    #expect(hits >= minimum, "only \(hits) fixtures show \(rule)")
  }

  @Test func lambdasAreFoundWhereverAConfigHasOne() {
    let hasCode = { (known: Known) in
      known.layers.contains { layer in
        layer.className == "Lambda" || layer.className == "__lambda__"
          || layer.fields["function_type"] == "lambda"
          || ["mode", "output_shape"].contains { layer.fields["\($0)_type"] == "lambda" }
      }
    }
    expect("sec-lambda", inFiles: 20, exactlyWhere: hasCode)
  }

  /// Measured: only Keras 2.0.3 to 2.1.3 gave the input to the regularizer, of layers in a model that was called.
  @Test func activityRegularizersOnInputsAreThoseOfNestedModelsInTheirReleases() {
    let isAffected = { (version: KerasVersion) in
      !version.isTensorFlow && version >= KerasVersion(2, 0, 3) && version < KerasVersion(2, 1, 4)
    }
    var found = 0
    for known in Self.known {
      let nested = known.layers.contains { layer in
        layer.models > 1 && layer.fields["activity_regularizer"].map { !$0.isNull } ?? false
      }
      let isWrapped = known.layers.contains { $0.className == "TimeDistributed" }
      if known.file.has("act-reg-on-input", "error") {
        found += 1
        #expect(isAffected(known.version) && nested, "\(known.file.name)")
      } else if nested, isAffected(known.version), !isWrapped, known.version >= KerasVersion(2, 1) {
        Issue.record("\(known.file.name) has a nested regularizer of Keras \(known.version) and no finding")
      }
    }
    #expect(found >= 5)
  }

  @Test func theOldHardSigmoidIsFoundInEveryFileBeforeKeras3() {
    expect("hard-sigmoid-def", "error", inFiles: 40) { known in
      known.version.major < 3
        && known.layers.contains { layer in
          ["activation", "recurrent_activation", "inner_activation"].contains {
            layer.fields[$0] == "hard_sigmoid" || layer.fields[$0]?["config"] == "hard_sigmoid"
          }
        }
    }
  }

  @Test func timeMajorIsFoundWhereverItIsWritten() {
    expect("time-major", inFiles: 30) { known in known.layers.contains { $0.fields["time_major"] != nil } }
  }

  @Test func convolutionsOfTheanoAreFlipped() {
    for known in Self.known where known.file.backend == "theano" {
      let convolves = known.layers.contains { $0.className.hasPrefix("Conv") && !$0.className.contains("LSTM") }
      #expect(known.file.has("theano-flip") == convolves, "\(known.file.name)")
    }
  }

  /// The rule that each file of `Tools/fixtures/hostile_files.py` was written to break.
  @Test(arguments: [
    ("appended.keras", "sec-zip-ambiguous"), ("bare0.pkl", "sec-pickle"), ("bare2.pkl", "sec-pickle"),
    ("bare4.pkl", "sec-pickle"), ("compile_foreign.keras", "sec-custom-import"),
    ("custom_registered.keras", "sec-custom-import"), ("deep.json", "sec-json-depth"),
    ("foreign_function.keras", "sec-custom-import"), ("foreign_initializer.keras", "sec-custom-import"),
    ("foreign_module.keras", "sec-custom-import"), ("h5_cycle.h5", "sec-h5-deep"), ("h5_deep.h5", "sec-h5-deep"),
    ("h5_external_link.keras", "sec-h5-external"), ("h5_external_storage.h5", "sec-h5-external"),
    ("h5_external_storage.keras", "sec-h5-external"), ("h5_shape_bomb.keras", "sec-h5-shape-bomb"),
    ("h5_virtual.keras", "sec-h5-external"), ("jax_layer.keras", "sec-jax-layer"),
    ("keras_get_file.keras", "sec-custom-import"), ("keras_unsafe.keras", "sec-lambda"), ("lambda.h5", "sec-lambda"),
    ("lambda.keras", "sec-lambda"), ("lambda_activation.keras", "sec-lambda"),
    ("lambda_in_string.json", "sec-lambda"), ("lambda_list.json", "sec-lambda"),
    ("lambda_nested.keras", "sec-lambda"), ("merge_mode.json", "sec-lambda"), ("npz_pickle.keras", "sec-pickle"),
    ("object.yaml", "sec-yaml"), ("pickle.npz", "sec-pickle"), ("saved_model", "sec-tf-op"),
    ("shards.weights.json", "sec-shard-path"), ("tf_op.json", "sec-tf-op"), ("tfsm.keras", "sec-tfsmlayer"),
    ("torch_module.keras", "sec-torch-module"), ("twice.json", "sec-json-duplicate"),
    ("vocabulary_path.keras", "sec-asset-path"), ("wide.json", "sec-json-size"),
    ("zip_absolute.keras", "sec-zip-slip"), ("zip_bomb.keras", "sec-zip-bomb"),
    ("zip_encrypted.keras", "sec-zip-ambiguous"), ("zip_other_name.keras", "sec-zip-ambiguous"),
    ("zip_overlap.keras", "sec-zip-bomb"), ("zip_parent.keras", "sec-zip-slip"),
    ("zip_symlink.keras", "sec-zip-slip"), ("zip_twice.keras", "sec-zip-ambiguous"),
  ])
  func hostileFilesAreFoundInTheirArchive(_ name: String, _ rule: String) {
    #expect(AuditedFixtures.files.contains { $0.name == "hostile.zip!\(name)" && $0.has(rule) })
  }

  @Test func noSoundFileIsCalledUnreadable() {
    for known in Self.known
    where !known.file.name.hasPrefix("containers/") && !known.file.name.hasPrefix("hdf5_options") {
      #expect(!known.file.has("unreadable-file"), "\(known.file.name)")
      #expect(!known.file.has("unreadable-config"), "\(known.file.name)")
    }
    #expect(Self.known.count > 900)
  }

  /// Real releases wrote these; the one legacy.h5 has fields of a slip of hand.
  @Test func nothingThatKerasWroteIsAnUnknownField() {
    let accused = AuditedFixtures.files.filter { $0.has("unknown-config-key") }.map(\.name)
    #expect(accused == ["containers/legacy.h5"])
  }
}
