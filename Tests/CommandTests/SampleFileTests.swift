import Foundation
import KerasKit
import Testing

/// What is input, target and weight in files of every kind, and how texts become classes.
@Suite struct SampleFileTests {
  /// Five numbers in, three classes out, trained with categorical crossentropy.
  private let model = Command.fixture("models/keras-2.3.1/mlp_regularizers.h5")

  private func write(_ text: String, _ name: String) throws -> String {
    let path = try Command.folder() + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func evaluation(_ arguments: [String]) throws -> [String: Any] {
    let result = try Command.run(["evaluate", model, "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any] ?? [:]
  }

  private func loss(_ arguments: [String]) throws -> Double { try #require(evaluation(arguments)["loss"] as? Double) }

  private static let width = 5

  private static func features(_ row: Int) -> [String] {
    (0..<width).map { "\(Double((row * 7 + $0 * 3) % 11) / 4 - 1)" }
  }

  /// Rows with a class by name, one by one-hot columns, and a weight.
  private func table(_ rows: Int = 9) throws -> (named: String, oneHot: String, lines: String) {
    let classes = ["ash", "birch", "oak"]
    let head = (0..<Self.width).map { "f\($0)" }.joined(separator: ",")
    var (named, oneHot, lines) = ("\(head),tree,weight\n", "\(head),a,b,c,weight\n", "")
    for row in 0..<rows {
      let (features, label) = (Self.features(row).joined(separator: ","), row * 5 % 3)
      let hot = (0..<3).map { $0 == label ? "1" : "0" }.joined(separator: ",")
      named += "\(features),\(classes[label]),\(row + 1)\n"
      oneHot += "\(features),\(hot),\(row + 1)\n"
      lines +=
        "{\"measured\": [\(features)], \"tree\": \"\(classes[label])\", \"hot\": [\(hot)], \"weight\": \(row + 1)}\n"
    }
    return (try write(named, "named.csv"), try write(oneHot, "hot.csv"), try write(lines, "trees.jsonl"))
  }

  @Test func everyWayToSayTheSameGivesTheSameLoss() throws {
    let (named, oneHot, lines) = try table()
    let hot = ["--target", "a", "--target", "b", "--target", "c", "--sample-weight", "weight"]
    let expected = try loss(["--data", oneHot] + hot)
    let same: [[String]] = [
      ["--data", named, "--target", "tree", "--sample-weight", "weight"],
      ["--data", oneHot, "--target", "a,b,c", "--sample-weight", "weight", "--inputs", "f0,f1,f2,f3,f4"],
      ["--data", lines, "--inputs", "measured", "--target", "tree", "--sample-weight", "weight"],
      ["--data", lines, "--inputs", "measured", "--target", "hot", "--sample-weight", "weight"],
    ]
    for arguments in same { #expect(try abs(loss(arguments) - expected) < 1e-6, "\(arguments)") }
    let unweighted = try loss(["--data", named, "--target", "tree", "--inputs", "f0,f1,f2,f3,f4"])
    #expect(abs(unweighted - expected) > 1e-4)
    let swapped = try loss([
      "--data", named, "--target", "tree", "--inputs", "f1,f0,f2,f3,f4", "--sample-weight", "weight",
    ])
    #expect(abs(swapped - expected) > 1e-4)
  }

  @Test func classesAreKeptBesideTheModel() throws {
    let (named, _, _) = try table()
    let folder = try Command.folder()
    let output = "\(folder)/tuned.keras"
    let trained = try Command.run([
      "fine-tune", model, "--train", named, "--target", "tree", "--inputs", "f0,f1,f2,f3,f4", "--output", output,
    ])
    #expect(trained.status == 0, "\(trained.errors)")
    let labels =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: output + ".labels.json"))) as? [String: Any]
    let target = try #require((labels?["targets"] as? [[String: Any]])?.first)
    #expect(target["name"] as? String == "tree")
    #expect(target["classes"] as? [String] == ["ash", "birch", "oak"])
    // Data in which a class is missing keeps the numbers of the others.
    let text = try String(contentsOfFile: named, encoding: .utf8)
    let some = try write(
      text.split(separator: "\n").filter { !$0.contains("ash") }.joined(separator: "\n"), "some.csv")
    let rest = ["--target", "tree", "--inputs", "f0,f1,f2,f3,f4"]
    #expect(try Command.run(["evaluate", output, "--data", some] + rest).status == 0)
    let unknown = try write(text.replacingOccurrences(of: "ash", with: "elm"), "unknown.csv")
    let failed = try Command.run(["evaluate", output, "--data", unknown] + rest)
    #expect(failed.status == 3)
    #expect(failed.errors.contains("elm"), "\(failed.errors)")
    // Without the map, two classes are not the model's three.
    let bare = try Command.run(["evaluate", model, "--data", some] + rest)
    #expect(bare.status == 2)
    #expect(bare.errors.contains("2 classes"), "\(bare.errors)")
    // Predictions get the classes' names.
    let features = try write(
      "f0,f1,f2,f3,f4\n" + (0..<3).map { Self.features($0).joined(separator: ",") }.joined(separator: "\n"), "x.csv")
    let predicted = "\(folder)/y.csv"
    #expect(try Command.run(["predict", output, "--input", features, "--output", predicted]).status == 0)
    let rows = try String(contentsOfFile: predicted, encoding: .utf8).split(separator: "\n")
    #expect(rows.first == "y0_0,y0_1,y0_2,class")
    for row in rows.dropFirst() {
      let fields = row.split(separator: ",")
      let scores = fields.prefix(3).compactMap { Float($0) }
      let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
      #expect(fields.last.map(String.init) == ["ash", "birch", "oak"][best])
    }
  }

  @Test func missingValuesAndTextsAreNamedByRow() throws {
    let (named, _, _) = try table()
    var rows = try String(contentsOfFile: named, encoding: .utf8).split(separator: "\n").map(String.init)
    rows[5] = rows[5].replacingOccurrences(of: Self.features(4)[2] + ",", with: ",")
    let hole = try write(rows.joined(separator: "\n"), "hole.csv")
    let arguments = ["--target", "tree", "--sample-weight", "weight"]
    let result = try Command.run(["evaluate", model, "--data", hole] + arguments)
    #expect(result.status == 3)
    #expect(result.errors.contains("row 6"), "\(result.errors)")
    let text = try Command.run(["evaluate", model, "--data", named, "--target", "weight"])
    #expect(text.status == 3)
    #expect(text.errors.contains("tree"), "\(text.errors)")
    let unknown = try Command.run(["evaluate", model, "--data", named, "--target", "shrub"])
    #expect(unknown.status == 3)
    #expect(unknown.errors.contains("shrub"))
  }

  @Test func dataOnDiskGivesWhatDataInMemoryGives() throws {
    // More rows than a block, quotes over line ends, and a text column that is no input.
    let classes = ["ash", "birch", "oak"]
    var text = "f0,f1,f2,f3,f4,note,tree\n"
    for row in 0..<9000 {
      text +=
        Self.features(row).joined(separator: ",") + ",\"a \"\"note\"\",\nof row \(row % 50)\",\(classes[row % 3])\n"
    }
    let path = try write(text, "long.csv")
    let output = try Command.folder()
    func train(_ name: String, _ extra: [String]) throws -> [String: TensorData] {
      let result = try Command.run(
        [
          "fine-tune", model, "--train", path, "--target", "tree", "--inputs", "f0,f1,f2,f3,f4", "--no-shuffle",
          "--batch-size", "500", "--threads", "1", "--output", "\(output)/\(name).keras",
        ] + extra)
      #expect(result.status == 0, "\(result.errors)")
      return try Model.load("\(output)/\(name).keras").loaded.weights
    }
    let memory = try train("memory", [])
    #expect(try train("disk", ["--memory-limit", "0"]) == memory)
  }
}
