/// A model's losses and metrics on a data set.
public struct Evaluation: Sendable {
  /// The total loss, penalties included where the release includes them.
  public var loss: Double
  /// The outputs' losses, each times its weight, together.
  public var dataLoss: Double
  /// Each output's loss before its weight, by output name.
  public var outputLosses: [(name: String, value: Double)]
  /// Regularization terms, named like `dense_1/kernel_regularizer` and `dense_1/activity_regularizer`.
  public var penalties: [(name: String, value: Double)]
  public var metrics: [(name: String, value: Double)]

  /// The part of the loss that regularization makes up.
  public var penalty: Double { penalties.reduce(0) { $0 + $1.value } }
}

/// Where training stands, after each step and after each epoch's validation.
public struct TrainingProgress: Sendable {
  /// From 1.
  public var epoch: Int
  public var epochs: Int
  /// From 1.
  public var step: Int
  public var steps: Int
  /// Averages over the epoch so far, weighted by batch size as Keras reports them.
  public var training: Evaluation
  /// Set at the end of an epoch if there is validation data.
  public var validation: Evaluation?
  public var samplesPerSecond: Double
  public var learningRate: Double

  public var isEndOfEpoch: Bool { step == steps }
}

/// What a progress callback wants next.
public enum TrainingDirective: Sendable {
  case proceed
  /// Stop after this step; the weights so far are kept.
  case stop
}

/// What became of each epoch.
public struct TrainingHistory: Sendable {
  public struct Epoch: Sendable {
    public var training: Evaluation
    public var validation: Evaluation?
    public var learningRate: Double
  }
  public var epochs: [Epoch] = []
  /// Whether a callback or early stopping ended training before its last epoch.
  public var wasStopped = false
}

/// Averages of batch results, weighted by batch size; metrics by the weights they count.
struct EvaluationAverage {
  private var samples = 0.0
  private var loss = 0.0
  private var dataLoss = 0.0
  private var outputs: [Double]
  private var penalties: [Double]
  private var metricSums: [Double]
  private var metricWeights: [Double]
  private var streams: [[Double]]
  private let layout: ScalarLayout

  init(_ layout: ScalarLayout) {
    self.layout = layout
    outputs = layout.outputNames.map { _ in 0 }
    penalties = layout.penaltyNames.map { _ in 0 }
    metricSums = [Double](repeating: 0, count: layout.meanCount)
    metricWeights = metricSums
    streams = layout.streams.map { [Double](repeating: 0, count: $0.metric.stateCount) }
  }

  /// Adds a batch of `count` samples.
  mutating func add(_ result: BatchResult, count: Int) {
    let scalars = result.scalars
    let weight = Double(count)
    samples += weight
    loss += weight * Double(scalars[0])
    dataLoss += weight * Double(scalars[1])
    var position = 2
    for index in outputs.indices {
      outputs[index] += weight * Double(scalars[position])
      position += 1
    }
    for index in penalties.indices {
      penalties[index] += weight * Double(scalars[position])
      position += 1
    }
    for index in metricSums.indices {
      let (sum, counted) = (Double(scalars[position]), Double(scalars[position + 1]))
      metricSums[index] += layout.meansByBatch ? (counted > 0 ? weight * sum / counted : 0) : sum
      metricWeights[index] += layout.meansByBatch ? weight : counted
      position += 2
    }
    for (index, stream) in layout.streams.enumerated() {
      if let batch = result.batches[stream.tap] { stream.metric.update(&streams[index], with: batch) }
    }
  }

  /// Everything added so far, to go on from.
  var state: [Double] {
    get { [samples, loss, dataLoss] + outputs + penalties + metricSums + metricWeights + streams.flatMap(\.self) }
    set {
      guard newValue.count == state.count else { return }
      var rest = newValue[...]
      func take(_ count: Int) -> [Double] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      let totals = take(3)
      (samples, loss, dataLoss) = (totals[0], totals[1], totals[2])
      outputs = take(outputs.count)
      penalties = take(penalties.count)
      metricSums = take(metricSums.count)
      metricWeights = take(metricWeights.count)
      streams = streams.map { take($0.count) }
    }
  }

  var evaluation: Evaluation {
    let scale = samples > 0 ? 1 / samples : 0
    return Evaluation(
      loss: loss * scale, dataLoss: dataLoss * scale,
      outputLosses: zip(layout.outputNames, outputs).map { ($0, $1 * scale) },
      penalties: zip(layout.penaltyNames, penalties).map { ($0, $1 * scale) },
      metrics: layout.metrics.flatMap { entry -> [(name: String, value: Double)] in
        switch entry.place {
        case .mean(let index):
          let weight = metricWeights[index]
          return [(entry.name, weight > 0 ? metricSums[index] / weight : 0)]
        case .stream(let index):
          let values = layout.streams[index].metric.results(streams[index])
          guard values.count > 1 else { return [(entry.name, values.first ?? 0)] }
          return values.enumerated().map { ("\(entry.name)[\($0)]", $1) }
        }
      })
  }
}

/// What a run of a loss graph gave: scalars in the layout's order, and what streaming metrics take.
struct BatchResult {
  var scalars: [Float]
  var batches: [MetricTap: MetricBatch]

  /// The total loss.
  var loss: Float { scalars[0] }
}

/// Where a streaming metric's arrays come from.
struct MetricTap: Hashable {
  var output: Int
  var isWeighted: Bool
}

/// The order of a plan's scalar outputs: total, data loss, output losses, penalties, then two per metric that is a mean.
struct ScalarLayout {
  struct Metric {
    enum Place {
      case mean(Int)
      case stream(Int)
    }
    var name: String
    var place: Place
  }

  let outputNames: [String]
  let penaltyNames: [String]
  let metrics: [Metric]
  let streams: [(metric: any StreamingMetric, tap: MetricTap)]
  /// Metrics are means of the batches' values, by batch size (Keras up to 2.2.4).
  let meansByBatch: Bool

  /// Metrics by name, as reported: several for those with a value per class or threshold.
  var metricNames: [String] {
    metrics.flatMap { entry -> [String] in
      guard case .stream(let index) = entry.place else { return [entry.name] }
      let metric = streams[index].metric
      let count = metric.results([Double](repeating: 0, count: metric.stateCount)).count
      return count > 1 ? (0..<count).map { "\(entry.name)[\($0)]" } : [entry.name]
    }
  }
  var meanCount: Int { metrics.count - streams.count }
  var count: Int { 2 + outputNames.count + penaltyNames.count + 2 * meanCount }
}
