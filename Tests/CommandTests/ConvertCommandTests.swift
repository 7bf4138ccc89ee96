import Foundation
import Testing

@Suite struct ConvertCommandTests {
  private let legacy = Command.fixture("models/keras-2.1.3/embedding_lstm_mask.h5")

  @Test func convertAndVerify() throws {
    let folder = try Command.folder()
    let converted = try Command.run("convert", legacy, "\(folder)/m.keras", "--json")
    #expect(converted.status == 0 && converted.errors.isEmpty)
    #expect(converted.output.contains("\"verified\"") && converted.output.contains("\"sha256\""))
    let verified = try Command.run("verify", "\(folder)/m.keras")
    #expect(verified.status == 0)
    #expect(verified.output.contains("converted from embedding_lstm_mask.h5 of Keras 2.1.3"))
    #expect(verified.output.contains("equal: outputs within"))
    #expect(try Command.run("verify", "\(folder)/m.keras", "--against", legacy, "--json").status == 0)
    let other = Command.fixture("models/keras-2.1.3/lstm_hard_sigmoid.h5")
    #expect(try Command.run("verify", "\(folder)/m.keras", "--against", other).status != 0)
    let without = try Command.run("verify", legacy)
    #expect(without.status == 3 && without.errors.contains("--against"))
  }

  @Test func refusalsHaveTheirExitCodes() throws {
    let folder = try Command.folder()
    let strict = try Command.run("convert", legacy, "\(folder)/m.keras", "--strict")
    #expect(strict.status == 1 && strict.errors.contains("hard_sigmoid"))
    let lossy = try Command.run("convert", legacy, "\(folder)/m.keras", "--quantize", "bfloat16", "--max-error", "1e-7")
    #expect(lossy.status == 1 && lossy.errors.contains("--max-error"))
    #expect(try Command.run("convert", legacy, "\(folder)/m.pt").status == 2)
    #expect(try Command.run("convert", legacy, "\(folder)/m", "--to", "pt").status == 2)
    #expect(try Command.run("convert", legacy, "\(folder)/m.keras", "--for", "torch==2").status == 2)
    #expect(try Command.run("convert", legacy, "\(folder)/m.onnx", "--opset", "7").status == 2)
    let program = try Command.run(
      "convert", legacy, "\(folder)/m.keras", "--verify-with", "keras", "--python", "/nonexistent/python")
    #expect(program.status == 3 && program.errors.contains("pip install keras"))
    let unfit = try Command.run("convert", legacy, "\(folder)/m.keras", "--verify-with", "onnxruntime")
    #expect(unfit.status == 3 && unfit.errors.contains("there is keras"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    #expect(try Command.run("convert", legacy, "\(folder)/m.keras").status == 0)
    let again = try Command.run("convert", legacy, "\(folder)/m.keras")
    #expect(again.status == 2 && again.errors.contains("--force"))
    #expect(try Command.run("convert", legacy, "\(folder)/m.keras", "--force", "--no-verify").status == 0)
  }

  @Test func aFolderIsConverted() throws {
    let folder = try Command.folder()
    try FileManager.default.createDirectory(atPath: "\(folder)/in/sub", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: legacy, toPath: "\(folder)/in/sub/a.h5")
    try FileManager.default.copyItem(
      atPath: Command.fixture("legacy_layers/keras-1.2.2/hard_sigmoid.h5"), toPath: "\(folder)/in/b.h5")
    #expect(try Command.run("convert", "\(folder)/in", "\(folder)/out").status == 2)
    let first = try Command.run("convert", "\(folder)/in", "\(folder)/out", "--to", "keras")
    #expect(first.status == 1)
    #expect(first.output.contains("1 converted, 1 failed") && first.output.contains("sub/a.keras"))
    let explained = try Command.run("convert", "\(folder)/in", "\(folder)/out2", "--to", "keras", "--explain")
    #expect(explained.output.contains("sub/a.h5\n  rewritten: layer 'lstm_1'"))
    let second = try Command.run("convert", "\(folder)/in", "\(folder)/out", "--to", "keras", "--json")
    #expect(second.output.contains("\"unchanged\"") && second.output.contains("\"failed\""))
  }
}
