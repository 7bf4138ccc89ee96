/// Why a model could not be loaded or could not predict.
public enum PredictionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The values of an array do not fill its shape.
  case elementCount(shape: [Int], found: Int)
  /// An input has another shape than the model takes; a size of `nil` may be any.
  case inputShape(input: String, expected: [Int?], found: [Int])
  /// Inputs of one call have different numbers of samples.
  case batchSizes([Int])
  /// Sizes that the model leaves open do not fit together.
  case shapes(operation: String, [[Int]])
  /// An index, such as a token, that the table it selects from does not have.
  case indexOutOfRange(Int, rows: Int)
  /// The weights are missing or are not those of this model.
  case weights(String)

  public var description: String {
    switch self {
    case .elementCount(let shape, let found): return "an array of shape \(shape) cannot hold \(found) values"
    case .inputShape(let input, let expected, let found):
      let sizes = expected.map { $0.map { "\($0)" } ?? "any" }.joined(separator: ", ")
      return "the input '\(input)' should have the shape (\(sizes)), received \(found)"
    case .batchSizes(let sizes): return "all inputs should have the same number of samples, received \(sizes)"
    case .shapes(let operation, let shapes):
      return "\(operation): the shapes do not fit: \(shapes.map { "\($0)" }.joined(separator: " and "))"
    case .indexOutOfRange(let index, let rows): return "the index \(index) is not in 0 ..< \(rows)"
    case .weights(let reason): return "the model's weights: \(reason)"
    }
  }
}

/// Compares an input's shape with the one that the model takes.
func check(_ input: String, _ found: [Int], _ expected: [Int?]) throws(PredictionError) {
  let fits = found.count == expected.count && zip(found, expected).allSatisfy { $1 == nil || $0 == $1 }
  guard fits else { throw .inputShape(input: input, expected: expected, found: found) }
}

/// Compares the numbers of samples of all inputs.
func checkBatches(_ sizes: [Int]) throws(PredictionError) {
  guard Set(sizes).count <= 1 else { throw .batchSizes(sizes) }
}
