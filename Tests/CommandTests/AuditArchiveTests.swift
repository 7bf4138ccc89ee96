import Foundation
import KerasKit
import Testing

/// `keraskit audit` over folders and archives.
@Suite struct AuditArchiveTests {
  private let nested = Command.fixture("models/keras-2.1.3/nested_activity.h5")
  private let clean = Command.fixture("models/keras-3/mlp_adam.keras")
  private let config = Command.fixture("configs/areg_nested_functional-keras-2.1.3.json")

  private func audit(_ arguments: String...) throws -> (json: JSON, status: Int32) {
    let result = try Command.run(["audit"] + arguments + ["--format", "json"])
    return (try JSON(parsing: result.output), result.status)
  }

  /// Rule ids by file, as often as they were found.
  private func rules(_ json: JSON) -> [String: [String]] {
    let pairs = (json["reports"]?.arrayValue ?? []).map { report in
      (
        report["file"]?.stringValue ?? "",
        report["findings"]?.arrayValue?.compactMap { $0["rule"]?.stringValue } ?? []
      )
    }
    return Dictionary(pairs, uniquingKeysWith: +)
  }

  private func rules(ofModel path: String) throws -> [String] {
    let json = try JSON(parsing: Command.run("audit", path, "--format", "json").output)
    return json["findings"]?.arrayValue?.compactMap { $0["rule"]?.stringValue } ?? []
  }

  private func copy(_ path: String, _ target: String) throws {
    let folder = URL(fileURLWithPath: target).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: path, toPath: target)
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  private func shell(_ script: String, in folder: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-ec", script]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  @Test func modelsAreKnownByContentAndOtherFilesPassedOver() throws {
    let folder = try Command.folder()
    try copy(nested, folder + "/b/no-suffix")
    try copy(clean, folder + "/a.keras")
    try copy(config, folder + "/config.txt")
    try write(#"{"class_name": "Tokenizer", "config": {"num_words": 5}}"#, folder + "/tokenizer.json")
    try write(#"{"layers": [{"ty": 4}]}"#, folder + "/animation.json")
    try write("# A page\n\nwith the words class_name: and config: in it.\n", folder + "/README.md")
    try write("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", folder + "/pointer.keras")
    try write(#"{"class_name": "Sequential", "config": [{"class_name": "Dense""#, folder + "/cut.json")
    let (json, status) = try audit(folder)
    #expect(status == 1)
    let found = rules(json)
    #expect(
      Set(found.keys.map { $0.dropFirst(folder.count + 1) }) == [
        "b/no-suffix", "a.keras", "config.txt", "pointer.keras", "cut.json",
      ])
    #expect(found["\(folder)/a.keras"] == [])
    #expect(try found["\(folder)/b/no-suffix"] == rules(ofModel: nested))
    #expect(found["\(folder)/pointer.keras"] == ["unreadable-file"])
    #expect(found["\(folder)/cut.json"] == ["unreadable-file"])
    #expect(json["summary"]?["other_files"] == 3)
    #expect(json["summary"]?["files"] == 5)
  }

  @Test func suffixesThatAreNotTheContentAreFindings() throws {
    let folder = try Command.folder()
    try copy(clean, folder + "/zip.h5")
    try copy(nested, folder + "/hdf5.keras")
    let found = rules(try audit(folder).json)
    #expect(found["\(folder)/zip.h5"] == ["misnamed-file"])
    #expect(found["\(folder)/hdf5.keras"]?.contains("misnamed-file") == true)
  }

  @Test func archivesWithinArchivesAreLookedInto() throws {
    let folder = try Command.folder()
    try copy(nested, folder + "/in/deep/old.h5")
    try copy(clean, folder + "/in/new.keras")
    try write("nothing", folder + "/in/notes.txt")
    // The unzipped form of a `.keras` archive.
    try shell(
      "mkdir in/unzipped && cd in/unzipped && python3 -m zipfile -e ../new.keras . && cd ../.. && tar -czf models.tar.gz -C in . "
        + "&& rm -r in && gzip -c models.tar.gz > /dev/null && mkdir box && mv models.tar.gz box && "
        + "python3 -m zipfile -c box.zip box && rm -r box", in: folder)
    let (json, _) = try audit(folder)
    let archive = "\(folder)/box.zip!box/models.tar.gz!"
    let found = rules(json)
    #expect(Set(found.keys) == [archive + "deep/old.h5", archive + "new.keras", archive + "unzipped"])
    #expect(try found[archive + "deep/old.h5"] == rules(ofModel: nested))
    #expect(json["summary"]?["other_files"] == 1)
    // Nothing tells where it was unpacked.
    #expect(!json.text().contains("keraskit-audit-"))
  }

  @Test func whatAnArchiveCannotGiveIsAFinding() throws {
    for name in ["unsafe_traversal.zip", "overlap.zip", "duplicate.zip", "bomb.zip"] {
      let path = Command.fixture("containers/\(name)")
      let (json, status) = try audit(path)
      #expect(status == 1, "\(name)")
      #expect(rules(json)[path]?.contains("archive-limit") == true || json["findings"] != nil, "\(name)")
    }
    let folder = try Command.folder()
    try copy(nested, folder + "/m.h5")
    try shell(
      "tar -czf m.tar.gz m.h5 && head -c 2000 m.tar.gz > cut.tar.gz && rm m.h5 m.tar.gz && echo x | bzip2 > y.bz2",
      in: folder)
    let found = rules(try audit(folder).json)
    #expect(found["\(folder)/cut.tar.gz"] == ["archive-limit"])
    #expect(found["\(folder)/y.bz2"] == ["archive-unread"])
  }

  @Test func linksAreCountedAndNotFollowed() throws {
    let folder = try Command.folder()
    try copy(clean, folder + "/in/a.keras")
    try FileManager.default.createSymbolicLink(atPath: folder + "/in/loop", withDestinationPath: folder + "/in")
    try FileManager.default.createSymbolicLink(atPath: folder + "/in/out.h5", withDestinationPath: nested)
    let (json, status) = try audit(folder + "/in")
    #expect(status == 0)
    #expect(Array(rules(json).keys) == [folder + "/in/a.keras"])
    #expect(json["summary"]?["links_not_followed"] == 2)
  }

  @Test func severalPathsKeepTheirOrder() throws {
    let (json, _) = try audit(nested, config, nested)
    #expect(json["reports"]?.arrayValue?.compactMap { $0["file"]?.stringValue } == [nested, config])
  }

  // MARK: Limits

  @Test func aFileThatNeedsMemoryIsAFindingAndTheOthersAreAudited() throws {
    let folder = try Command.folder()
    let start = Data(#"{"class_name": "Sequential", "config": ["#.utf8)
    try (start + Data(repeating: 0x20, count: 300 << 20) + Data("]}".utf8))
      .write(to: URL(fileURLWithPath: folder + "/b-large.json"))
    try copy(nested, folder + "/a.h5")
    try copy(clean, folder + "/c.keras")
    let (json, status) = try audit(folder, "--memory-limit", "200MB", "--jobs", "1")
    #expect(status == 1)
    let found = rules(json)
    #expect(found["\(folder)/b-large.json"] == ["audit-memory"])
    #expect(try found["\(folder)/a.h5"] == rules(ofModel: nested))
    #expect(found["\(folder)/c.keras"] == [])
  }

  @Test func aFileThatTakesTooLongIsAFinding() throws {
    let folder = try Command.folder()
    try copy(nested, folder + "/a.h5")
    // A pipe that nobody writes to never opens.
    mkfifo(folder + "/pipe.h5", 0o600)
    let (json, status) = try audit(folder + "/pipe.h5", folder + "/a.h5", "--time-limit", "2")
    #expect(status == 1)
    #expect(rules(json)["\(folder)/pipe.h5"] == ["audit-timeout"])
    #expect(try rules(json)["\(folder)/a.h5"] == rules(ofModel: nested))
    // Once or, where the process had begun to read, once more for the rest.
    let hasty = rules(try audit(folder, clean, "--time-limit", "0.000001").json)
    #expect(hasty.mapValues { Set($0) } == ["\(folder)/a.h5": ["audit-timeout"], clean: ["audit-timeout"]])
    #expect(hasty.values.allSatisfy { $0.count <= 2 })
  }

  /// The process that reads is killed from outside while it waits for a file's content.
  @Test func aProcessThatDiesIsAFinding() throws {
    let folder = try Command.folder()
    try copy(nested, folder + "/a.h5")
    mkfifo(folder + "/pipe.h5", 0o600)
    let running = try RunningCommand(
      ["audit", folder + "/pipe.h5", folder + "/a.h5", "--jobs", "1", "--format", "json"], folder: folder)
    var child: Int32?
    running.wait {
      child = child ?? Self.child(of: running.identifier)
      return child != nil
    }
    // It may not have come to the pipe yet: then it dies before, which is a finding as well.
    kill(try #require(child), SIGSEGV)
    let result = running.finish()
    #expect(result.status == 1)
    let found = rules(try JSON(parsing: result.output))
    #expect(found["\(folder)/pipe.h5"] == ["audit-crash"])
    #expect(try found["\(folder)/a.h5"] == rules(ofModel: nested))
    let left = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(!left.contains { $0.hasPrefix("core") })
  }

  private static func child(of process: Int32) -> Int32? {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let number = Int32(name), let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
        let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 2
      else { continue }
      if fields[1] == "\(process)" { return number }
    }
    return nil
  }
}
