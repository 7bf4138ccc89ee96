import Foundation
import KerasKit
import Testing

@Suite struct BenchmarkCommandTests {
  /// 5 inputs, Dense 4 and Dense 3.
  private let model = Command.fixture("models/keras-3/mlp_adam")

  private func json(_ extra: String...) throws -> JSON {
    let result = try Command.run(["benchmark", model, "--threads", "1", "--seconds", "0.05", "--json"] + extra)
    #expect(result.status == 0, "\(result.errors)")
    return try JSON(parsing: result.output)
  }

  private func number(_ json: JSON, _ key: String) throws -> Double {
    try #require(json[key]?.doubleValue, "\(key) is missing")
  }

  @Test func printsOneLineAndFindsTheEnding() throws {
    let json = try json("--batch", "2")
    let (least, median, most) = try (number(json, "min_ms"), number(json, "median_ms"), number(json, "p90_ms"))
    #expect(least > 0 && least <= median && median <= most)
    // Two samples through 5 × 4 and 4 × 3 weights, each a multiplication and an addition.
    #expect(try number(json, "flop") == 2 * 2 * (5 * 4 + 4 * 3))
    #expect(try (number(json, "samples_per_second") * median / 1000 - 2).magnitude < 1e-9)
    #expect(try number(json, "peak_gflops") > 0.1)
    #expect(try number(json, "share_of_peak") < 1)
    #expect(try number(json, "peak_memory_bytes") > 1e6)
  }

  @Test func theProfileNamesEachStepAndItsImplementation() throws {
    let trace = "\(try Command.folder())/trace.json"
    let json = try json("--profile", "--trace", trace)
    let steps = try #require(json["profile"]?.arrayValue)
    #expect(steps.compactMap { $0["layer"]?.stringValue } == ["dense_5", "dense_5", "dense_6", "dense_6"])
    #expect(steps.allSatisfy { $0["implementation"]?.stringValue?.hasPrefix("own") == true })
    #expect(try steps.reduce(0) { try $0 + number($1, "flop") } == number(json, "flop"))
    let events = try #require(
      try JSON(parsing: String(contentsOfFile: trace, encoding: .utf8))["traceEvents"]?.arrayValue)
    #expect(events.count == steps.count)
    for (event, step) in zip(events, steps) {
      #expect(event["ph"]?.stringValue == "X")
      #expect(event["args"]?["layer"] == step["layer"])
      #expect(try (number(event, "dur") / 1000 - number(step, "ms")).magnitude < 1e-9)
    }
    let text = try Command.run("benchmark", model, "--seconds", "0.01", "--profile").output
    #expect(text.contains("dense_5") && text.contains("computed by"))
  }

  @Test func trainingHasAProfileForwardAndBackward() throws {
    let json = try json("--train", "--profile")
    let steps = try #require(json["profile"]?.arrayValue)
    // Both kernels' products forward, both kernel gradients and the hidden layer's gradient.
    #expect(try number(json, "flop") == 2 * (3 * 4 * 3 + 2 * 5 * 4))
    #expect(try steps.reduce(0) { try $0 + number($1, "flop") } == number(json, "flop"))
  }

  @Test func otherPrecisionsTellWhatDifferenceTheyMake() throws {
    let folder = try Command.folder()
    let digits = Command.fixture("demo/digits-2017.h5")
    let (exact, rounded) = ("\(folder)/exact.npz", "\(folder)/rounded.npz")
    #expect(
      try Command.run("predict", digits, "--input", Command.fixture("demo/digits.npz"), "--output", exact).status == 0)
    let run = try Command.run(
      "predict", digits, "--input", Command.fixture("demo/digits.npz"), "--output", rounded, "--precision", "bfloat16")
    #expect(run.status == 0, "\(run.errors)")
    let pair = try [exact, rounded].map { try #require(ArrayFile.read($0)["y0"]).doubles() }
    let largest = zip(pair[0], pair[1]).map { ($0 - $1).magnitude }.max() ?? 0
    if Precision.bfloat16.isAvailable {
      #expect(run.errors.contains("bfloat16: outputs differ from float32's by at most"))
      #expect(largest < 0.05)
    } else {
      #expect(run.errors.contains("no bfloat16 products") && largest == 0)
    }
    #expect(try Command.run("benchmark", model, "--train", "--precision", "bfloat16").status == 2)
  }
}
