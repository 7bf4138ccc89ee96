import KerasCore
import KerasModel

/// How far the outputs of two models lie apart on the same samples.
public struct OutputDifference: Sendable, Hashable {
  /// The output's name in the first model.
  public var name: String
  /// The largest difference, relative to the first model's largest output; infinite where shapes differ.
  public var relative: Double

  /// The outputs of `a` and `b` for arrays in the order of the models' inputs.
  ///
  /// Throws what predicting throws, and `.badRequest` if the models have different numbers of outputs.
  public static func between(_ a: Model, _ b: Model, on arrays: [TensorData]) throws(KerasKitError)
    -> [OutputDifference]
  {
    let (found, other) = (try a.predict(arrays), try b.predict(arrays))
    guard found.count == other.count else {
      throw .badRequest("A has \(found.count) outputs and B has \(other.count), so these are not compared")
    }
    return try between(found, other, names: a.outputs.map(\.name))
  }

  /// Of outputs that two computations gave for the same samples, as many of both.
  static func between(
    _ found: [TensorData], _ other: [TensorData], names: [String]
  ) throws(KerasKitError) -> [OutputDifference] {
    try KerasKitError.wrap {
      try zip(found.indices, other).map { index, other in
        let name = names.indices.contains(index) ? names[index] : "\(index)"
        guard found[index].shape == other.shape else {
          return OutputDifference(name: name, relative: .infinity)
        }
        let (x, y) = (try found[index].doubles(), try other.doubles())
        var (largest, scale) = (0.0, 1e-6)
        for (p, q) in zip(x, y) where !(p == q || p.isNaN && q.isNaN) {
          largest = max(largest, (p - q).magnitude.isNaN ? .infinity : (p - q).magnitude)
        }
        for value in x where value.isFinite { scale = max(scale, value.magnitude) }
        return OutputDifference(name: name, relative: largest / scale)
      }
    }
  }
}
