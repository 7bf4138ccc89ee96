import ArgumentParser
import KerasKit

extension Precision: ExpressibleByArgument {}

/// In what precision to predict.
struct PrecisionArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "float32, or bfloat16 for the factors of products where the processor has it, with the difference it makes.",
      valueName: "name"))
  var precision = Precision.float32

  /// Sets the model's, and says so where the processor has no such products.
  func apply(to model: Model) {
    guard precision.isAvailable else {
      Terminal.printNote("note: this processor has no \(precision.rawValue) products; computed in float32")
      return
    }
    model.precision = precision
  }

  /// The largest difference from float32 relative to an output's largest value; `nil` where it is float32.
  static func difference(
    _ model: Model, on arrays: [TensorData]? = nil, batchSize: Int
  ) throws -> Double? {
    guard model.precision != .float32 else { return nil }
    return try model.precisionDifference(on: arrays, batchSize: batchSize).map(\.relative).max()
  }
}
