import Foundation
import Testing

/// A small real task end to end: a classifier of digits that Keras 2.1.3 trained in 2017's way goes on with other images.
///
/// Model and images are those of the demo (`fixtures/README.md` names source and licence).
@Suite struct DigitsTaskTests {
  private let model = Command.fixture("demo/digits-2017.h5")
  private let data = Command.fixture("demo/digits.npz")

  private func number(_ object: [String: Any], _ keys: String...) throws -> Double {
    var value: Any? = object
    for key in keys { value = (value as? [String: Any])?[key] }
    return try #require(value as? Double, "\(keys)")
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// As the file has it, as it was meant, and without the regularizer on activities.
  @Test(arguments: [[], ["--activity-semantics", "intended"], ["--remove-regularizer", "*/hidden: activity"]])
  func accuracyOnImagesNeverSeen(_ extra: [String]) throws {
    let folder = try Command.folder()
    let output = "\(folder)/tuned.keras"
    let result = try Command.run(
      [
        "fine-tune", model, "--train", data, "--validation-split", "0.25", "--optimizer", "adam", "--learning-rate",
        "0.003", "--epochs", "50", "--metric", "accuracy", "--seed", "1", "--threads", "1", "--early-stopping",
        "val_accuracy,patience=50,restore_best", "--json", "--output", output,
      ] + extra)
    #expect(result.status == 0, "\(result.errors)")
    let epochs = try #require(object(result.output)["epochs"] as? [[String: Any]])
    let first = try #require(epochs.first)
    let accuracies = try epochs.map { try number($0, "validation", "metrics", "accuracy") }
    let best = try #require(accuracies.max())
    #expect(best >= 0.92, "\(accuracies)")
    #expect(try number(#require(epochs.last), "loss") < 0.6 * number(first, "loss"))

    let penalties = try #require((first["validation"] as? [String: Any])?["regularization"] as? [String: Double])
    let activity = penalties.filter { $0.key.hasSuffix("activity_regularizer") }
    if extra.first == "--remove-regularizer" {
      #expect(activity.isEmpty)
    } else {
      #expect(activity.count == 1)
      #expect(activity.values.allSatisfy { $0 > 0 })
    }
    // The file that was written knows what the run knew: over all images, of which it was trained on three quarters.
    let evaluated = try Command.run(["evaluate", output, "--data", data, "--metric", "accuracy", "--json"])
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    #expect(try number(object(evaluated.output), "metrics", "accuracy") >= 0.92)
  }

  /// A classifier with a layer that is saturated for every image, and what becomes of it in fifty epochs: it learns as it is,
  /// and sooner and further with the regularizer that `diagnose` recommends.
  @Test func theRecommendedRegularizerHelpsASaturatedClassifier() throws {
    let folder = try Command.folder()
    let model = Command.fixture("diagnosis/saturated.h5")
    let diagnosed = try Command.run("diagnose", model, "--data", data, "--json")
    #expect(diagnosed.status == 1, "\(diagnosed.errors)")
    let recommendation = try object(diagnosed.output)["recommendation"] as? [String: Any]
    let terms = try #require(recommendation?["add_regularizer"] as? [String])
    #expect(terms.count == 1)
    func accuracies(_ extra: [String]) throws -> [Double] {
      let result = try Command.run(
        [
          "fine-tune", model, "--train", data, "--validation-split", "0.25", "--optimizer", "adam", "--learning-rate",
          "0.003", "--epochs", "50", "--metric", "accuracy", "--seed", "1", "--threads", "1", "--json", "--force",
          "--output", "\(folder)/tuned.keras",
        ] + extra)
      #expect(result.status == 0, "\(result.errors)")
      let epochs = try #require(object(result.output)["epochs"] as? [[String: Any]])
      return try epochs.map { try number($0, "validation", "metrics", "accuracy") }
    }
    let without = try accuracies([])
    let with = try accuracies(terms.flatMap { ["--add-regularizer", $0] })
    #expect(try #require(without.max()) >= 0.87, "\(without)")
    #expect(try #require(with.max()) >= 0.92, "\(with)")
    // In the first twenty epochs on average.
    func early(_ accuracies: [Double]) -> Double { accuracies.prefix(20).reduce(0, +) / 20 }
    #expect(early(with) > early(without) + 0.05, "\(with) \(without)")
  }
}
