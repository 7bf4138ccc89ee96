import Foundation
import KerasKit
import PackedFixtures
import Testing

/// Audits of whole files: what cannot be read is never clean, and every finding has a rule with a story.
@Suite struct ContainerAuditTests {
  private static func hostile(_ name: String) -> String { PackedFixtures.path("hostile/\(name)") }

  @Test(arguments: ["clean.keras", "clean.h5"]) func aSoundModelHasNoFindingOfSecurity(_ name: String) {
    let report = Audit.file(Self.hostile(name))
    #expect(report.findings.filter { $0.rule.hasPrefix("sec-") || $0.rule.hasPrefix("unreadable") }.isEmpty)
  }

  @Test func everyHostileFileHasAnErrorOrWarningOfSecurity() throws {
    let folder = PackedFixtures.folder("hostile")
    let harmless = ["clean.keras", "clean.h5", "clean.yaml", "encoded_twice.json", "optimizer_missing.h5"]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !harmless.contains(name) {
      let found = Audit.file("\(folder)/\(name)").findings.filter { $0.rule.hasPrefix("sec-") }
      #expect(found.contains { $0.severity >= .warning }, "\(name)")
    }
  }

  /// What honest files are found to have by rules of security: code that they really hold, and classes of libraries.
  private static let expected: [String: [String]] = [
    "sec-lambda": ["lambda", "callable"], "sec-custom-import": ["custom_classes", "public_layers", "custom"],
    "sec-pickle": ["npz.keras"],
  ]

  /// Every finding of every recorded file has a rule, and no honest file is taken for a hostile one.
  @Test func recordedFilesAreFoundToBeWhatTheyAre() {
    let endings = [".h5", ".keras", ".json", ".yaml", ".npz"]
    let hostile = ["hostile", "containers/", "hdf5_options", "images"]
    var unknown: [String: String] = [:]
    var accused: [String] = []
    for file in PackedFixtures.allFiles() where endings.contains(where: { file.hasSuffix($0) }) {
      for finding in Audit.file(PackedFixtures.path(file)).findings {
        if AuditRegistry.rule(finding.rule) == nil { unknown[finding.rule] = file }
        guard finding.rule.hasPrefix("sec-"), !hostile.contains(where: { file.hasPrefix($0) }) else { continue }
        if Self.expected[finding.rule]?.contains(where: { file.contains($0) }) == true { continue }
        accused.append("\(file): \(finding.rule): \(finding.summary)")
      }
    }
    #expect(unknown.isEmpty, "\(unknown)")
    #expect(accused.isEmpty, "\(accused.prefix(20))")
  }

  @Test func whatIsMissingIsAnError() {
    #expect(Audit.file("/nowhere/model.h5").worst == .error)
  }

  @Test func aLinkInAFolderIsFound() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: Self.hostile("wide.json"), toPath: "\(folder)/config.json")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/model.weights.h5", withDestinationPath: "/etc/hostname")
    let found = Audit.file(folder).of("sec-zip-slip")
    #expect(found.map(\.severity) == [.error])
    #expect(found.first?.location.container == "model.weights.h5")
  }

  @Test(arguments: [
    ("shop.layers", "shop>Gate", Severity.warning), ("subprocess", "shop>Popen", .error), ("os.path", "Gate", .error),
    ("shop.layers", "Gate", .error), ("keras_hub.layers", "keras_hub>Gate", .warning),
  ])
  func aRegisteredNameDoesNotExcuseASystemsModule(_ module: String, _ registered: String, _ severity: Severity) {
    let layer: JSON = [
      "module": .string(module), "class_name": "Gate", "registered_name": .string(registered),
      "config": ["name": "gate"],
    ]
    let config: JSON = ["class_name": "Sequential", "module": "keras", "config": ["layers": [layer]]]
    let report = Audit.run(ModelSource(file: "m.keras", format: .kerasArchive, config: config, versionStamp: "3.8.0"))
    #expect(report.severities("sec-custom-import") == [severity])
  }

  @Test func aPickleThatComputesItsNamesIsNotTakenForWhatItPushed() {
    // PROTO 4; 'os' 'system' 'numpy' 'dtype' POP POP STACK_GLOBAL; STOP.
    var bytes: [UInt8] = [0x80, 4]
    for name in ["os", "system", "numpy", "dtype"] { bytes += [0x8c, UInt8(name.utf8.count)] + Array(name.utf8) }
    bytes += Array("00".utf8) + [0x93, UInt8(ascii: ".")]
    #expect(PickleListing(bytes[...]).names == ["os.system"])
    // A text that a call makes is not known.
    let made: [UInt8] = [0x80, 4] + Array("c_codecs\nencode\n".utf8) + Array(")R".utf8) + [0x8c, 1, 0x78, 0x93]
    #expect(PickleListing((made + [UInt8(ascii: ".")])[...]).names == ["_codecs.encode", "?.x"])
  }
}
