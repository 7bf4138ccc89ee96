import KerasCore
import KerasModel

/// A metric whose value is no mean over samples: numbers kept over the batches, and what follows from them.
protocol StreamingMetric: Sendable {
  /// Keras' names for it, class name first; lower-case comparison.
  static var names: [String] { get }

  /// Reads a metric object's config for an output whose last axis has `classes` elements.
  ///
  /// Throws `TrainingError.unsupported`.
  init(_ config: MetricConfig, classes: Int) throws(TrainingError)

  /// How many numbers are kept; they begin at zero.
  var stateCount: Int { get }

  /// Whether targets may be class indices without the last axis.
  var takesIndices: Bool { get }
  /// Whether targets may have the predictions' shape.
  var takesScores: Bool { get }

  func update(_ state: inout [Double], with batch: MetricBatch)

  /// One value, or one per class or threshold.
  func results(_ state: [Double]) -> [Double]
}

extension StreamingMetric {
  var takesIndices: Bool { false }
  var takesScores: Bool { true }
}

/// What a batch gave a metric: predictions `(batch, …, classes)`, targets of that shape or without its last axis.
struct MetricBatch {
  var truth: [Float]
  var prediction: [Float]
  /// The last axis.
  var classes: Int
  /// For each position before the last axis: the mask and sample weight, if there are any.
  var weights: [Float]?

  /// Positions before the last axis.
  var rows: Int { classes > 0 ? prediction.count / classes : 0 }
  var hasIndices: Bool { truth.count * classes == prediction.count && classes > 1 }

  func weight(_ row: Int) -> Double { weights.map { Double($0[row]) } ?? 1 }
}

/// The fields of a serialized metric.
struct MetricConfig: Sendable {
  let fields: JSON

  init(_ fields: JSON = .null) { self.fields = fields }

  func double(_ key: String, default standard: Double) -> Double { fields[key]?.doubleValue ?? standard }
  func optionalInt(_ key: String) -> Int? { fields[key]?.intValue }
  func bool(_ key: String, default standard: Bool = false) -> Bool { fields[key]?.boolValue ?? standard }
  func string(_ key: String) -> String? { fields[key]?.stringValue }

  /// A number or a list of them; `nil` if there is none.
  func doubles(_ key: String) -> [Double]? {
    if let one = fields[key]?.doubleValue { return [one] }
    // Keras 3 saves a tensor as an object.
    if let values = fields[key]?["config"]?["value"]?.arrayValue { return values.compactMap(\.doubleValue) }
    return fields[key]?.arrayValue?.compactMap(\.doubleValue)
  }

  /// A count from 1 to 100 000; throws `TrainingError.unsupported`.
  func count(_ key: String, default standard: Int) throws(TrainingError) -> Int {
    let value = fields[key]?.intValue ?? standard
    guard (1...100_000).contains(value) else {
      throw .unsupported(field: "metrics", reason: "\(key) is \(value)")
    }
    return value
  }
}

/// The index of the largest element, the first of equals, as `argmax`.
func largestIndex(_ values: ArraySlice<Float>) -> Int {
  var best = values.startIndex
  for index in values.indices where values[index] > values[best] { best = index }
  return best - values.startIndex
}

func quotientOrZero(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
