import ArgumentParser
import KerasKit

/// `--class-weight`: `auto`, or a JSON object of weights by class index.
enum ClassWeights: ExpressibleByArgument, Sendable, Equatable {
  case balanced
  case given([Int: Double])

  init?(argument: String) {
    if argument == "auto" {
      self = .balanced
      return
    }
    guard let object = (try? JSON(parsing: argument))?.objectValue, !object.isEmpty else { return nil }
    var weights: [Int: Double] = [:]
    for (key, value) in object {
      guard let label = Int(key), label >= 0, let weight = value.doubleValue, weight.isFinite, weight >= 0 else {
        return nil
      }
      weights[label] = weight
    }
    self = .given(weights)
  }

  /// The weights for training on samples.
  ///
  /// `auto` gives a class the number of samples divided by the number of classes and the class' own number of samples, as
  /// scikit-learn's "balanced" does; the data is read once for it.
  func weights(for data: any SampleSource) throws -> [Int: Double] {
    guard case .balanced = self else {
      if case .given(let weights) = self { return weights }
      return [:]
    }
    var counts: [Int: Int] = [:]
    let reader = try data.reader(from: 0)
    while let part = try reader.next(1024) {
      guard let targets = part.targets.first, part.targets.count == 1 else {
        throw CommandFailure.usage("--class-weight auto is for models of one output")
      }
      let values = try targets.floats()
      let width = values.count / part.count
      for sample in 0..<part.count {
        let row = Array(values[sample * width..<(sample + 1) * width])
        let largest = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
        guard let label = width > 1 ? largest : row.first.flatMap({ Int(exactly: $0) }), label >= 0 else {
          throw CommandFailure.usage("--class-weight auto needs classes as targets: sample \(sample) has \(row)")
        }
        counts[label, default: 0] += 1
      }
    }
    return counts.mapValues { Double(data.count) / Double(counts.count * $0) }
  }
}
