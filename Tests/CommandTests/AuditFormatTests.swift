import Foundation
import KerasKit
import Testing

/// What `keraskit audit` writes, and where: formats, files, colours, the choice of findings and exit codes.
@Suite struct AuditFormatTests {
  private let nested = Command.fixture("models/keras-2.1.3/nested_activity.h5")
  private let clean = Command.fixture("models/keras-3/mlp_adam.keras")
  private let broken = Command.fixture("hostile/deep.json")

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  private func audit(_ arguments: String...) throws -> Command.Result { try Command.run(["audit"] + arguments) }

  private func ids(_ result: Command.Result) throws -> Set<String> {
    let json = try JSON(parsing: result.output)
    let reports = json["reports"]?.arrayValue ?? [json]
    return Set(reports.flatMap { $0["findings"]?.arrayValue ?? [] }.compactMap { $0["rule"]?.stringValue })
  }

  /// A folder with a model whose name is code to every format, and one in an archive.
  private func folder() throws -> String {
    let folder = try Command.folder()
    try FileManager.default.copyItem(atPath: nested, toPath: folder + "/<script>a|b*&%20.h5")
    try FileManager.default.copyItem(atPath: nested, toPath: folder + "/plain.h5")
    try FileManager.default.copyItem(atPath: clean, toPath: folder + "/clean.keras")
    return folder
  }

  // MARK: Exit codes and files

  @Test func exitCodesTellFindingsUsageAndMissingFiles() throws {
    #expect(try audit(nested).status == 1)
    #expect(try audit(nested, "--fail-on", "never").status == 0)
    #expect(try audit(clean, nested, "--fail-on", "error").status == 1)
    #expect(try audit(clean, "--fail-on", "note").status == 0)
    #expect(try audit(clean, "/no/such/folder").status == 3)
    #expect(try audit(nested, "--output", "/no/such/folder/a.txt").status == 3)
    #expect(try audit(nested, "--baseline", "/no/such/baseline.json").status == 3)
    for usage in [
      [], [nested, "--rules", "no-such-rule"], [nested, "--ignore", "no-such-rule"], [nested, "--jobs", "0"],
      [nested, "--time-limit", "0"], [nested, clean, "--ledger"], [nested, "--ledger", "--format", "sarif"],
      [nested, "--match-loss", "keras==2.1.3", "--batch-size", "4", "--format", "html"],
    ] {
      #expect(try Command.run(["audit"] + usage).status == 2, "\(usage)")
    }
  }

  @Test func anExistingFileIsReplacedOnlyWithForce() throws {
    let path = try Command.folder() + "/audit.txt"
    try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try audit(nested, "--output", path).status == 2)
    #expect(try text(path) == "mine")
    #expect(try audit(nested, "--output", path, "--force").status == 1)
    #expect(try text(path).contains("act-reg-on-input"))
    #expect(try audit(nested, "--ledger", "--output", path, "--force").status == 0)
    #expect(try text(path).contains("saved by"))
    let left = try FileManager.default.contentsOfDirectory(atPath: (path as NSString).deletingLastPathComponent)
    #expect(left == ["audit.txt"])
  }

  /// The rules about containers look at the architecture and at the weights, and both are named where they fail.
  @Test func twoFilesOfOneModelAreBothLookedAt() throws {
    let folder = try Command.folder()
    let config = Command.fixture("weights_only/keras-2.2.4/convolutional.json")
    let weights = Command.fixture("weights_only/keras-2.2.4/convolutional.h5")
    #expect(
      try ids(audit("--config", config, "--weights", weights, "--format", "json")).isDisjoint(with: ["sec-pickle"]))
    let hostile = [
      ("h5_external_storage.h5", "sec-h5-external"), ("zip_parent.keras", "sec-zip-slip"),
      ("npz_pickle.keras", "sec-pickle"),
    ]
    for (name, rule) in hostile {
      let path = Command.fixture("hostile/\(name)")
      let result = try audit("--config", config, "--weights", path, "--format", "json")
      #expect(result.status == 1)
      let findings = try JSON(parsing: result.output)["findings"]?.arrayValue ?? []
      #expect(findings.contains { $0["rule"] == .string(rule) && $0["location"]?["file"] == .string(path) }, "\(name)")
    }
    // What is wrong with the architecture is found beside sound weights.
    let twice = Command.fixture("hostile/twice.json")
    for arguments in [["--config", twice, "--weights", weights], [twice, "--weights", weights]] {
      let result = try Command.run(["audit"] + arguments + ["--format", "json"])
      #expect(try ids(result).contains("sec-json-duplicate"), "\(arguments)")
    }
    let cut = folder + "/cut.h5"
    try FileManager.default.contents(atPath: weights)?.prefix(3000).write(to: URL(fileURLWithPath: cut))
    #expect(try ids(audit("--config", config, "--weights", cut, "--format", "json")).contains("unreadable-file"))
    #expect(try audit("--config", config, "--weights", folder + "/none.h5").status == 3)
  }

  // MARK: Which findings

  @Test func rulesAndIgnoreChooseAndKeepWhatCouldNotBeRead() throws {
    #expect(try ids(audit(nested, "--format", "json")).isSuperset(of: ["act-reg-on-input", "act-reg-batch-scale"]))
    #expect(
      try ids(audit(nested, broken, "--format", "json", "--rules", "act-reg-on-input"))
        == ["act-reg-on-input", "unreadable-file"])
    let without = try audit(nested, broken, "--format", "json", "--ignore", "act-reg-on-input,unreadable-file")
    #expect(try ids(without).isDisjoint(with: ["act-reg-on-input", "unreadable-file"]))
    #expect(try !ids(without).isEmpty)
  }

  @Test func aBaselineAcceptsWhatItHoldsAndNothingElse() throws {
    let folder = try folder()
    let baseline = try Command.folder() + "/baseline.json"
    let accepting = try audit(folder, "--write-baseline", baseline, "--format", "json")
    #expect(accepting.status == 0)
    #expect(try !ids(accepting).isEmpty)
    let quiet = try audit(folder, "--baseline", baseline, "--format", "json")
    #expect(quiet.status == 0)
    #expect(try ids(quiet).isEmpty)
    let accepted = try JSON(parsing: quiet.output)["summary"]?["accepted"]?.intValue ?? 0
    #expect(accepted >= 4)
    // A new file is not accepted, and one that is gone is said.
    try FileManager.default.moveItem(atPath: folder + "/plain.h5", toPath: folder + "/other.h5")
    let changed = try audit(folder, "--baseline", baseline, "--format", "json")
    #expect(changed.status == 1)
    #expect(try ids(changed).contains("act-reg-on-input"))
    #expect(changed.errors.contains("did not occur"))
    try Data("{}".utf8).write(to: URL(fileURLWithPath: baseline))
    #expect(try audit(folder, "--baseline", baseline).status == 3)
  }

  // MARK: Formats

  /// What GitHub's code scanning asks of a file, beside the schema (`Tools/interop/audit.py`).
  @Test func sarifHasWhatCodeScanningNeeds() throws {
    let folder = try folder()
    let sarif = try JSON(parsing: audit(folder, "--format", "sarif").output)
    let run = try #require(sarif["runs"]?[0])
    let rules = try #require(run["tool"]?["driver"]?["rules"]?.arrayValue)
    let results = try #require(run["results"]?.arrayValue)
    #expect(sarif["version"] == "2.1.0")
    #expect(results.count >= 4 && results.count <= 25_000)
    var hashes: Set<String> = []
    for result in results {
      let index = try #require(result["ruleIndex"]?.intValue)
      #expect(rules[index]["id"] == result["ruleId"])
      #expect(result["message"]?["text"]?.stringValue?.isEmpty == false)
      let place = result["locations"]?[0]?["physicalLocation"]
      #expect(place?["region"]?["startLine"] == 1)
      let uri = try #require(place?["artifactLocation"]?["uri"]?.stringValue)
      #expect(uri.hasSuffix("/plain.h5") || uri.hasSuffix("/%3Cscript%3Ea%7Cb%2A%26%2520.h5"), "\(uri)")
      let hash = try #require(result["partialFingerprints"]?["primaryLocationLineHash"]?.stringValue)
      #expect(!hashes.contains(hash))
      hashes.insert(hash)
    }
    for rule in rules {
      #expect(rule["shortDescription"]?["text"]?.stringValue?.isEmpty == false)
      #expect((rule["properties"]?["tags"]?.arrayValue?.count ?? 0) <= 20)
    }
    let linked = try JSON(parsing: audit(nested, "--format", "sarif", "--rules-url", "https://example.org/r").output)
    let help = linked["runs"]?[0]?["tool"]?["driver"]?["rules"]?[0]?["helpUri"]?.stringValue
    #expect(help?.hasPrefix("https://example.org/r#") == true)
  }

  @Test func namesFromFilesStayTextInEveryFormat() throws {
    let folder = try folder()
    let page = try audit(folder, "--format", "html").output
    #expect(page.contains("&lt;script&gt;a|b*&amp;%20.h5"))
    #expect(!page.contains("<script>a"))
    #expect(page.contains("clean.keras"))
    let markdown = try audit(folder, "--format", "markdown").output
    #expect(markdown.contains("&lt;script&gt;a\\|b\\*&amp;%20.h5"))
    #expect(!markdown.contains("<script>"))
    let plain = try audit(folder).output
    #expect(plain.contains("act-reg-on-input"))
    #expect(plain.contains("3 files audited, 2 with findings"))
  }

  // MARK: Terminals

  @Test func coloursAreForTerminalsThatWantThem() throws {
    #expect(try !audit(nested).output.contains("\u{1b}["))
    // Empty as if it were not set, which `swift test` does for its own output.
    let coloured = try onTerminal(["audit", nested], environment: ["NO_COLOR": ""])
    #expect(coloured.contains("\u{1b}[31merror\u{1b}[0m"))
    let plain = try onTerminal(["audit", nested], environment: ["NO_COLOR": "1"])
    #expect(plain.contains("act-reg-on-input"))
    // The progress bar on standard error moves the cursor, and has no colour.
    #expect(!plain.contains(/\u{1b}\[[0-9]*m/))
    let path = try Command.folder() + "/audit.txt"
    _ = try onTerminal(["audit", nested, "--output", path])
    #expect(try text(path).contains("act-reg-on-input"))
    #expect(try !text(path).contains("\u{1b}"))
  }

  @Test func aTerminalShowsHowFarItIs() throws {
    let folder = try Command.folder()
    try FileManager.default.copyItem(atPath: nested, toPath: folder + "/a.h5")
    mkfifo(folder + "/pipe.h5", 0o600)
    let shown = try onTerminal(["audit", folder + "/a.h5", folder + "/pipe.h5", "--time-limit", "3"])
    #expect(shown.contains("/2 files read"), "\(shown)")
    #expect(shown.contains("audit-timeout"))
  }

  /// Runs the command with its output and errors on a pseudo terminal; returns what that was shown.
  private func onTerminal(_ arguments: [String], environment: [String: String] = [:]) throws -> String {
    let main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(main >= 0)
    defer { close(main) }
    // TIOCSPTLCK and TIOCGPTN of Linux: unlockpt and ptsname are not imported.
    var (locked, number): (Int32, UInt32) = (0, 0)
    try #require(ioctl(main, 0x4004_5431, &locked) == 0 && ioctl(main, 0x8004_5430, &number) == 0)
    let name = "/dev/pts/\(number)"
    let side = open(name, O_RDWR | O_NOCTTY)
    try #require(side >= 0)
    let process = Process()
    process.executableURL = Command.binary
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let handle = FileHandle(fileDescriptor: side, closeOnDealloc: false)
    (process.standardOutput, process.standardError) = (handle, handle)
    try process.run()
    close(side)
    var shown: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    // The last of the other side's ends closing is an error of the terminal, not an end.
    while true {
      let count = read(main, &buffer, buffer.count)
      if count > 0 { shown += buffer[..<count] } else if count == 0 || errno != EINTR { break }
    }
    process.waitUntilExit()
    return String(decoding: shown, as: UTF8.self)
  }
}
