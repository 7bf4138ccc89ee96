import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// A model in inference, with any values inside its graph to be looked at, batch by batch: the numbers themselves, and
/// with targets the gradients of the data loss in them and in the weights.
///
/// Nothing is trained. Penalties are those of the release that is followed, whether or not it counts them in evaluation.
/// Not safe to use from several threads at once.
public final class ModelProbe {
  /// Sums of one batch.
  public struct Scalars: Sendable {
    /// The outputs' losses together, without penalties; `nil` if targets were not asked for.
    public var dataLoss: Double?
    /// Terms named like `dense_1/activity_regularizer`.
    public var penalties: [(name: String, value: Double)]
  }

  /// The trainable variables on which the data loss depends.
  public let trained: [(name: String, shape: [Int])]
  /// Why there are no gradients though there are targets.
  public let gradientProblem: String?

  private let loss: LossGraph
  private let usesTargets: Bool
  private let store: ParameterStore
  private let executor: Executor
  /// Where in the outputs each observed value's gradient is.
  private var gradientPlaces: [Int?]
  private let firstObserved: Int
  private let firstTrained: Int
  private var plan: Plan?

  /// `lowered` is `model`'s graph in inference, and `observed` are float values of it; those in `withGradients` get theirs.
  ///
  /// Without targets no loss is needed. Throws `TrainingError`.
  public init(
    _ model: LoadedModel, _ lowered: LoweredModel, observed: [Value], withGradients: Set<Value> = [],
    usesTargets: Bool, weightRanks: [Int] = [], options: TrainingOptions
  ) throws(TrainingError) {
    let semantics = options.semantics ?? model.semantics
    let forward = ForwardGraph(lowered)
    let compile =
      usesTargets
      ? try CompileConfiguration(
        model.canonical.compile, lossOverride: options.loss, optimizerOverride: .null,
        outputNames: forward.outputNames, mappings: model.options.mappings)
      : try CompileConfiguration(withoutLoss: forward.outputNames)
    let ranks = weightRanks.count == 1 ? forward.outputNames.map { _ in weightRanks[0] } : weightRanks
    let loss = try LossGraph(
      forward, compile: compile, semantics: semantics, usesSampleWeights: usesTargets && !ranks.isEmpty,
      weightRanks: ranks, addsPenalties: true)
    var graph = loss.graph
    graph.scope = ""
    var gradients: [Value?] = []
    var variables: [(name: String, shape: [Int], value: Value)] = []
    var problem: String?
    if usesTargets {
      for parameter in loss.parameters where parameter.trainable {
        if let value = graph.parameter(named: parameter.name) {
          variables.append((parameter.name, parameter.spec.shape, value))
        }
      }
      var trial = graph
      do throws(GraphError) {
        let wanted = observed.filter { withGradients.contains($0) }
        gradients = try trial.gradients(of: loss.dataLoss, with: variables.map(\.value) + wanted)
        graph = trial
      } catch {
        problem = "\(error)"
        variables = []
      }
    }
    gradientProblem = problem
    var outputs = [loss.dataLoss] + loss.penalties.map(\.value)
    firstObserved = outputs.count
    for value in observed {
      switch graph.nodes[value.node].op {
      // An output that is an input would be that input's memory.
      case .input, .parameter, .constant:
        outputs.append(try graphStep { () throws(GraphError) in try graph.plus(value, 0) })
      default: outputs.append(value)
      }
    }
    firstTrained = outputs.count
    var kept: [(name: String, shape: [Int])] = []
    for (variable, gradient) in zip(variables, gradients) {
      guard let gradient else { continue }
      kept.append((variable.name, variable.shape))
      outputs.append(gradient)
    }
    trained = kept
    gradientPlaces = observed.map { _ in nil }
    var next = variables.count
    for (index, value) in observed.enumerated() where withGradients.contains(value) && !gradients.isEmpty {
      if let gradient = gradients[next] {
        gradientPlaces[index] = outputs.count
        outputs.append(gradient)
      }
      next += 1
    }
    graph.outputs = outputs
    let store = ParameterStore()
    self.store = store
    self.loss = loss
    self.usesTargets = usesTargets
    for (name, data) in model.weights {
      try engineStep { () throws(EngineError) in try store.set(name, data) }
    }
    for (name, shape) in lowered.stateParameters where !store.contains(name) {
      let zeros = try dataStep { () throws(TensorDataError) in try TensorData.filled(0, shape: shape) }
      try engineStep { () throws(EngineError) in try store.set(name, zeros) }
    }
    executor = Executor(
      graph, parameters: store,
      options: EngineOptions(threads: options.threads, sharesWorkFrom: options.sharesWorkFrom))
  }

  /// Runs one batch; what the other methods give is of the last one.
  public func run(_ batch: DataSet) throws(TrainingError) -> Scalars {
    let feed = try BatchFeed(batch, for: loss)
    return try engineStep { () throws(EngineError) in
      let plan = try executor.plan(for: feed.shapes(batchSize: feed.count))
      try feed.fill(plan, rows: Array(0..<feed.count)[...])
      try plan.execute()
      self.plan = plan
      func scalar(_ index: Int) throws(EngineError) -> Double {
        try plan.withOutput(index) { Double($0.loadUnaligned(as: Float.self)) }
      }
      var penalties: [(name: String, value: Double)] = []
      for (index, penalty) in loss.penalties.enumerated() { penalties.append((penalty.name, try scalar(1 + index))) }
      return Scalars(dataLoss: usesTargets ? try scalar(0) : nil, penalties: penalties)
    }
  }

  /// An observed value by its number, and its shape.
  public func withObserved<Result>(
    _ index: Int, _ body: (UnsafeBufferPointer<Float>, [Int]) -> Result
  ) throws(TrainingError) -> Result {
    try floats(firstObserved + index, body)
  }

  /// The gradient of the batch's data loss in an observed value; `nil` where there is none.
  public func withGradient<Result>(
    ofObserved index: Int, _ body: (UnsafeBufferPointer<Float>, [Int]) -> Result
  ) throws(TrainingError) -> Result? {
    guard let place = gradientPlaces[index] else { return nil }
    return try floats(place, body)
  }

  /// The gradient of the batch's data loss in a variable of `trained`.
  public func withGradient<Result>(
    ofTrained index: Int, _ body: (UnsafeBufferPointer<Float>) -> Result
  ) throws(TrainingError) -> Result {
    try floats(firstTrained + index) { values, _ in body(values) }
  }

  private func floats<Result>(
    _ index: Int, _ body: (UnsafeBufferPointer<Float>, [Int]) -> Result
  ) throws(TrainingError) -> Result {
    guard let plan else { throw .noSamples }
    let shape = plan.outputTypes[index].shape.concrete ?? []
    return try engineStep { () throws(EngineError) in
      try plan.withOutput(index) { body($0.bindMemory(to: Float.self), shape) }
    }
  }
}
