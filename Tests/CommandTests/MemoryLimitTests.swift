import Foundation
import KerasKit
import Testing

/// `--memory-limit` of trainings: activations that are computed again, and what is said of it.
@Suite struct MemoryLimitTests {
  private let folder: String
  private let model: String

  /// Thirty layers as TensorFlow 2.15 writes them, with weights as their initializers make them.
  init() throws {
    folder = try Command.folder()
    model = "\(folder)/deep.keras"
    var layers: [JSON] = [
      ["class_name": "InputLayer", "config": ["name": "x", "batch_input_shape": [nil, 4], "dtype": "float32"]]
    ]
    for index in 0..<30 {
      layers.append([
        "class_name": "Dense", "config": ["name": .string("dense_\(index)"), "units": 16, "activation": "tanh"],
      ])
    }
    layers.append(["class_name": "Dense", "config": ["name": "last", "units": 3, "activation": "softmax"]])
    let config: JSON = [
      "class_name": "Sequential", "keras_version": "2.15.0", "backend": "tensorflow",
      "config": ["name": "deep", "layers": .array(layers)],
    ]
    var options = LoadOptions()
    options.allowsPartialWeights = true
    let source = ModelSource(file: "deep.json", format: .json, config: config)
    try Model(LoadedModel.load(source: source, options: options)).save(to: model)
  }

  private func benchmark(_ extra: String...) throws -> Command.Result {
    try Command.run(
      ["benchmark", model, "--train", "--batch", "2000", "--threads", "1", "--seconds", "0.01"] + extra)
  }

  /// The megabytes that a refusal says are needed.
  private func needed() throws -> Int {
    let refused = try benchmark("--memory-limit", "1KB")
    #expect(refused.status == 3)
    #expect(refused.errors.contains("a step on 2000 samples takes") && refused.errors.contains("--memory-limit"))
    let words = refused.errors.split(separator: " ")
    let place = try #require(words.firstIndex(of: "takes"))
    return try #require(Int(words[place + 1]))
  }

  @Test func aBenchmarkSaysWhatIsComputedAgain() throws {
    let free = try JSON(parsing: benchmark("--json").output)
    #expect(free["recomputation"] == .null)
    let limit = "\(try needed())MB"
    let json = try JSON(parsing: benchmark("--memory-limit", limit, "--json").output)
    let recomputation = try #require(json["recomputation"])
    let before = try #require(recomputation["bytes_before"]?.doubleValue)
    let after = try #require(recomputation["bytes"]?.doubleValue)
    #expect(after < before)
    #expect(try #require(recomputation["segments"]?.intValue) > 1)
    let text = try benchmark("--memory-limit", limit).output
    #expect(text.contains("activations are recomputed in"))
    #expect(try !benchmark("--memory-limit", "20GiB").output.contains("recomputed"))
    #expect(try !Command.run("benchmark", model, "--seconds", "0.01", "--json").output.contains("recomputation"))
  }

  @Test func aTrainingGivesTheSameWeightsWithLessMemory() throws {
    let rows = (0..<2000).map { "\($0 % 7),\($0 % 5),\($0 % 3),\($0 % 2),\($0 % 3)" }
    try ("a,b,c,d,y\n" + rows.joined(separator: "\n")).write(
      toFile: "\(folder)/data.csv", atomically: true, encoding: .utf8)
    func train(_ name: String, _ extra: String...) throws -> Command.Result {
      let result = try Command.run(
        [
          "fine-tune", model, "--train", "\(folder)/data.csv", "--target", "y", "--batch-size", "2000", "--loss",
          "sparse_categorical_crossentropy", "--optimizer", "sgd", "--threads", "1", "--json", "--output",
          "\(folder)/\(name).keras",
        ] + extra)
      #expect(result.status == 0, "\(result.errors)")
      return result
    }
    let free = try train("free")
    #expect(try JSON(parsing: free.output)["recomputation"] == .null)
    let log = "\(folder)/log.jsonl"
    let limited = try train("limited", "--memory-limit", "\(try needed())MB", "--log", log)
    #expect(try JSON(parsing: limited.output)["recomputation"]?["segments"]?.intValue != nil)
    #expect(limited.errors.contains("activations are recomputed in"))
    let events = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map {
      try JSON(parsing: String($0))["event"]?.stringValue
    }
    #expect(events.contains("recomputation"))
    let difference = try Command.run("diff", "\(folder)/free.keras", "\(folder)/limited.keras")
    #expect(difference.status == 0, "\(difference.output)")
  }

  @Test(arguments: ["2XB", "GB", "-1", "-1GB", "1e3", "", "2 GB 3"]) func aBadSizeIsAUsageError(_ text: String) throws {
    #expect(try benchmark("--memory-limit=\(text)").status == 2)
    let tuning = try Command.run(
      "fine-tune", model, "--train", "\(folder)/data.csv", "--dry-run", "--memory-limit=\(text)")
    #expect(tuning.status == 2)
  }

  @Test func aLimitWithoutTrainingIsAUsageError() throws {
    #expect(try Command.run("benchmark", model, "--memory-limit", "2GB").status == 2)
  }
}
