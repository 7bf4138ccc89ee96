import Foundation
import Testing

/// `keraskit diagnose` as a user runs it.
@Suite struct DiagnoseTests {
  private let saturated = Command.fixture("diagnosis/saturated.h5")
  private let digits = Command.fixture("demo/digits.npz")

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func diagnosis(_ model: String, _ extra: [String] = []) throws -> [String: Any] {
    let result = try Command.run(["diagnose", model, "--data", digits, "--json"] + extra)
    #expect(result.errors.isEmpty, "\(result.errors)")
    return try object(result.output)
  }

  private func saturatedShare(_ diagnosis: [String: Any], _ layer: String) throws -> Double {
    let layers = try #require(diagnosis["layers"] as? [[String: Any]])
    let found = try #require(layers.first { $0["layer"] as? String == layer }?["saturation"] as? [String: Any])
    return try #require(found["low"] as? Double) + #require(found["high"] as? Double)
  }

  /// The printed command, run by a shell as it stands, opens the saturated layer.
  @Test func thePrintedCommandOpensTheSaturatedLayer() throws {
    let folder = try Command.folder()
    let before = try diagnosis(saturated)
    #expect(try saturatedShare(before, "squash") > 0.95)
    let command = try #require(before["command"] as? String)
    #expect(command.contains("--add-regularizer 'collect: activity=l2("))
    #expect(command.hasPrefix("keraskit fine-tune "))
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", command]
    shell.currentDirectoryURL = URL(fileURLWithPath: folder)
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = "\(Command.binary.deletingLastPathComponent().path):\(environment["PATH"] ?? "")"
    shell.environment = environment
    shell.standardOutput = Pipe()
    shell.standardError = Pipe()
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0)
    let after = try diagnosis("\(folder)/regularized.keras")
    #expect(try saturatedShare(after, "squash") < 0.9 * saturatedShare(before, "squash"))
  }

  @Test func theTextNamesCauseAndRemedy() throws {
    let result = try Command.run("diagnose", saturated, "--data", digits)
    #expect(result.status == 1)
    for words in [
      "warning activity-before  layer 'squash'", "weights within ±0.30", "100 % of the tanh", "nothing to punish",
      "collect: activity=l2(", "keraskit fine-tune \(saturated) --train \(digits) --add-regularizer",
    ] {
      #expect(
        result.output.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(
          words.split(separator: " ").joined(separator: " ")), "\(words)")
    }
    // No terminal, no colours.
    #expect(!result.output.contains("\u{1b}"))
  }

  /// Nothing to be done is exit code 0; inputs alone will do, and what asks for a loss is left out.
  @Test func inputsAloneWillDo() throws {
    let folder = try Command.folder()
    let model = Command.fixture("demo/digits-2017.h5")
    let fine = try Command.run("diagnose", model, "--data", digits, "--samples", "100")
    #expect(fine.status == 0, "\(fine.errors)")
    #expect(fine.output.contains("on 100 of 400 samples") && fine.output.contains("nothing-needed"))
    #expect(fine.output.contains("loss of the data"))
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 8, 8, 1), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var file = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]) + Data(header.utf8)
    for index in 0..<128 { withUnsafeBytes(of: Float(index % 9) / 9) { file.append(contentsOf: $0) } }
    try file.write(to: URL(fileURLWithPath: "\(folder)/x.npy"))
    let bare = try Command.run("diagnose", model, "--data", "\(folder)/x.npy", "--json")
    #expect(bare.status == 0, "\(bare.errors)")
    let found = try object(bare.output)
    #expect(found["data_loss"] is NSNull && found["samples"] as? Int == 2)
    // Without targets strengths are for a loss of 1, and the command names data to be filled in.
    let saturatedBare = try Command.run("diagnose", saturated, "--data", "\(folder)/x.npy")
    #expect(saturatedBare.status == 1)
    #expect(saturatedBare.output.contains("of a loss of 1") && saturatedBare.output.contains("--train DATA.npz"))
  }

  @Test func theReportIsOnePage() throws {
    let page = try Command.folder() + "/report.html"
    let result = try Command.run("diagnose", saturated, "--data", digits, "--report", page)
    #expect(result.status == 1 && result.errors == "wrote \(page)\n")
    let html = try String(contentsOfFile: page, encoding: .utf8)
    #expect(html.contains("activity-before") && html.contains("collect: activity=l2("))
    // Kernel, bias, before the activation and output of three layers.
    #expect(html.components(separatedBy: "<figure class=\"histogram\">").count - 1 == 12)
    #expect(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"))
    #expect(try Command.run("diagnose", saturated, "--data", digits, "--report", page).status == 2)
  }

  @Test(arguments: [
    (["--samples", "0"], 2), (["--batch-size", "0"], 2), (["--report", "page.txt"], 2), (["--target", "nothing"], 3),
    (["--loss", "no_such_loss"], 1),
  ]) func wrongUseHasItsExitCode(_ extra: [String], _ status: Int) throws {
    let result = try Command.run(["diagnose", saturated, "--data", digits] + extra)
    #expect(Int(result.status) == status, "\(result.errors)")
  }

  @Test func dataThatIsMissingIsBadInput() throws {
    #expect(try Command.run("diagnose", saturated, "--data", "/nowhere.npz").status == 3)
  }
}
