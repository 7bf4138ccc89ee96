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
  private let layout: ScalarLayout

  init(_ layout: ScalarLayout) {
    self.layout = layout
    outputs = layout.outputNames.map { _ in 0 }
    penalties = layout.penaltyNames.map { _ in 0 }
    metricSums = layout.metricNames.map { _ in 0 }
    metricWeights = metricSums
  }

  /// Adds a batch of `count` samples whose scalars are given in the layout's order.
  mutating func add(_ scalars: [Float], count: Int) {
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
      metricSums[index] += Double(scalars[position])
      metricWeights[index] += Double(scalars[position + 1])
      position += 2
    }
  }

  /// Everything added so far, to go on from.
  var state: [Double] {
    get { [samples, loss, dataLoss] + outputs + penalties + metricSums + metricWeights }
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
    }
  }

  var evaluation: Evaluation {
    let scale = samples > 0 ? 1 / samples : 0
    return Evaluation(
      loss: loss * scale, dataLoss: dataLoss * scale,
      outputLosses: zip(layout.outputNames, outputs).map { ($0, $1 * scale) },
      penalties: zip(layout.penaltyNames, penalties).map { ($0, $1 * scale) },
      metrics: layout.metricNames.indices.map { index in
        let weight = metricWeights[index]
        return (layout.metricNames[index], weight > 0 ? metricSums[index] / weight : 0)
      })
  }
}

/// The order of a plan's scalar outputs: total, data loss, output losses, penalties, then two per metric.
struct ScalarLayout {
  let outputNames: [String]
  let penaltyNames: [String]
  let metricNames: [String]

  var count: Int { 2 + outputNames.count + penaltyNames.count + 2 * metricNames.count }
}
