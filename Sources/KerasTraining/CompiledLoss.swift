import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// A loss graph with its outputs laid out, compiled for each batch size it meets.
///
/// Outputs are the scalars of `layout`, then the gradients of `trained`, then the new values of `updates`.
final class CompiledLoss {
  let loss: LossGraph
  let layout: ScalarLayout
  let trained: [Optimizer.Variable]
  let updates: [VariableUpdate]
  /// What is run: the loss graph, or what of it is left behind a frozen prefix.
  let graph: Graph
  /// What the last plan made computes twice to take less memory, if it does.
  private(set) var recomputation: RecomputationSummary?
  private let firstTap: Int
  private let executor: Executor
  private let memory: TrainingMemory?

  /// With `memory` the steps of a training keep within it.
  init(
    _ source: LossGraph, outputNames: [String], trains: Bool, store: ParameterStore, options: EngineOptions,
    memory: TrainingMemory? = nil
  ) throws(TrainingError) {
    var loss = source
    var values: [Value] = [loss.total, loss.dataLoss]
    var names: [String] = []
    for (index, value) in loss.outputLosses.enumerated() {
      guard let value else { continue }
      values.append(value)
      names.append(outputNames[index])
    }
    values += loss.penalties.map(\.value)
    var metrics: [ScalarLayout.Metric] = []
    var streams: [(metric: any StreamingMetric, tap: MetricTap)] = []
    for metric in loss.metrics {
      switch metric.kind {
      case .mean(let sum, let weight):
        values += [sum, weight]
        metrics.append(.init(name: metric.name, place: .mean(metrics.count - streams.count)))
      case .streaming(let stream, let tap):
        metrics.append(.init(name: metric.name, place: .stream(streams.count)))
        streams.append((stream, tap))
      }
    }
    layout = ScalarLayout(
      outputNames: names, penaltyNames: loss.penalties.map(\.name), metrics: metrics, streams: streams,
      meansByBatch: loss.meansByBatch)
    var variables: [Optimizer.Variable] = []
    if trains {
      for entry in try loss.addGradients() {
        values.append(entry.gradient)
        variables.append(
          Optimizer.Variable(
            name: entry.name, shape: entry.spec.shape,
            constraint: entry.spec.constraint.map { ConstraintProjection(constraint: $0, shape: entry.spec.shape) }))
      }
      guard !variables.isEmpty else { throw .nothingToTrain }
      values += loss.updates.map(\.value)
      updates = loss.updates
    } else {
      updates = []
    }
    trained = variables
    firstTap = values.count
    for tap in loss.taps {
      values += [tap.values.truth, tap.values.prediction] + [tap.values.mask, tap.values.weights].compactMap(\.self)
    }
    loss.setOutputs(values)
    self.loss = loss
    graph = loss.graph
    self.memory = memory
    executor = Executor(
      loss.graph, parameters: store, mutableParameters: true, options: options,
      budget: memory.map { memory in { memory.budget(for: variables) } })
  }

  /// The same loss of samples whose prefix is computed: `rest` is the part of its graph behind that.
  init(_ whole: CompiledLoss, rest: Graph, store: ParameterStore, options: EngineOptions) {
    loss = whole.loss
    layout = whole.layout
    trained = whole.trained
    updates = whole.updates
    firstTap = whole.firstTap
    graph = rest
    memory = whole.memory
    executor = Executor(
      rest, parameters: store, mutableParameters: true, options: options,
      budget: whole.memory.map { [trained] memory in { memory.budget(for: trained) } })
  }

  /// The plan for a batch, whose random sizes `seed` decides.
  ///
  /// Throws `TrainingError.memoryLimit` if it takes more memory than it may.
  func plan(for feed: BatchFeed, rows: ArraySlice<Int>, seed: UInt64 = 0) throws(TrainingError) -> Plan {
    let texts = executor.isSizedByTexts ? try feed.texts(rows: rows) : [:]
    let plan: Plan
    do {
      plan = try executor.plan(
        for: shapes(of: feed, batchSize: rows.count, seed: seed), texts: texts, threads: feed.threads)
    } catch {
      guard case .memoryLimit(let needed, _) = error.cause, let memory, let limit = memory.limit else {
        throw .engine(error)
      }
      throw .memoryLimit(needed: needed + memory.besidesPlan(trained), limit: limit, batchSize: rows.count)
    }
    if let found = plan.recomputation { recomputation = found }
    return plan
  }

  /// The threads that a step on a batch of so many rows uses.
  func threads(for feed: BatchFeed, batchSize: Int) throws(TrainingError) -> Int {
    try engineStep { () throws(EngineError) in
      try executor.threads(for: shapes(of: feed, batchSize: batchSize, seed: 0))
    }
  }

  /// The shapes of a batch, and of the random sizes that `seed` decides.
  func shapes(of feed: BatchFeed, batchSize: Int, seed: UInt64) -> [String: [Int]] {
    var shapes = feed.shapes(batchSize: batchSize)
    var random = SplitMix64(state: seed)
    for size in loss.randomSizes { shapes[size.name] = [size.length(for: random.uniform())] }
    return shapes
  }

  /// What the last run gave.
  func result(of plan: Plan) throws(TrainingError) -> BatchResult {
    var result = BatchResult(scalars: try scalars(of: plan), batches: [:])
    var next = firstTap
    func take() throws(TrainingError) -> [Float] {
      next += 1
      return try engineStep { () throws(EngineError) in
        try plan.withOutput(next - 1) { Array($0.bindMemory(to: Float.self)) }
      }
    }
    for tap in loss.taps {
      var batch = MetricBatch(
        truth: try take(), prediction: try take(),
        classes: loss.graph.shape(tap.values.prediction).dimensions.last.flatMap(\.self) ?? 1)
      for _ in [tap.values.mask, tap.values.weights].compactMap(\.self) {
        // Of leading axes only: each number counts for all positions under it.
        let factors = try take()
        guard !factors.isEmpty, batch.rows.isMultiple(of: factors.count) else { continue }
        let each = batch.rows / factors.count
        let own = batch.weights ?? [Float](repeating: 1, count: batch.rows)
        batch.weights = own.indices.map { own[$0] * factors[$0 / max(each, 1)] }
      }
      result.batches[tap.key] = batch
    }
    return result
  }

  /// The scalars of the last run.
  private func scalars(of plan: Plan) throws(TrainingError) -> [Float] {
    try engineStep { () throws(EngineError) in
      var result: [Float] = []
      result.reserveCapacity(layout.count)
      for index in 0..<layout.count {
        result.append(try plan.withOutput(index) { $0.loadUnaligned(as: Float.self) })
      }
      return result
    }
  }

  /// The gradients of the last run, valid until the plan's next.
  func gradients(of plan: Plan) throws(TrainingError) -> [UnsafeBufferPointer<Float>] {
    try engineStep { () throws(EngineError) in
      var result: [UnsafeBufferPointer<Float>] = []
      for index in trained.indices {
        result.append(try plan.withOutput(layout.count + index) { $0.bindMemory(to: Float.self) })
      }
      return result
    }
  }

  /// Stores the new statistics and states that the last run computed.
  func storeUpdates(of plan: Plan, in store: ParameterStore) throws(TrainingError) {
    try engineStep { () throws(EngineError) in
      for (index, update) in updates.enumerated() {
        try plan.withOutput(layout.count + trained.count + index) { source in
          try? store.withMutableFloats(update.parameter) { target in
            UnsafeMutableRawBufferPointer(target).copyMemory(
              from: UnsafeRawBufferPointer(rebasing: source[..<(target.count * 4)]))
          }
        }
      }
    }
  }

  /// The first layer, in the order of computation, with a result that is not finite on what the plan's inputs hold.
  ///
  /// Compiles a graph of its own: meant for the one step that went wrong.
  func firstLayerNotFinite(
    inputs: BatchFeed, rows: ArraySlice<Int>, seed: UInt64, store: ParameterStore, options: EngineOptions
  ) -> String? {
    // A layer may compute with infinite numbers and end in finite ones, so that its end is looked at first.
    firstScopeNotFinite(withinLayers: false, inputs, rows, seed, store, options)
      ?? firstScopeNotFinite(withinLayers: true, inputs, rows, seed, store, options)
  }

  private func firstScopeNotFinite(
    withinLayers: Bool, _ inputs: BatchFeed, _ rows: ArraySlice<Int>, _ seed: UInt64, _ store: ParameterStore,
    _ options: EngineOptions
  ) -> String? {
    var graph = graph
    let last = graph.outputs.first?.node ?? -1
    var lastOfScope: [(scope: String, value: Value)] = []
    for index in graph.nodes.indices.prefix(last + 1) {
      let node = graph.nodes[index]
      guard !node.scope.isEmpty, node.types[0].dtype == .float32 else { continue }
      switch node.op {
      case .input, .parameter, .constant: continue
      default: break
      }
      if !withinLayers, lastOfScope.last?.scope == node.scope { lastOfScope.removeLast() }
      lastOfScope.append((node.scope, Value(node: index)))
    }
    graph.outputs = lastOfScope.map(\.value)
    let executor = Executor(graph, parameters: store, mutableParameters: true, options: options)
    guard let texts = try? inputs.texts(rows: rows),
      let plan = try? executor.plan(for: shapes(of: inputs, batchSize: rows.count, seed: seed), texts: texts),
      (try? inputs.fill(plan, rows: rows)) != nil, (try? plan.execute()) != nil
    else { return nil }
    for (index, entry) in lastOfScope.enumerated() {
      let isFinite = try? plan.withOutput(index) { raw in
        raw.bindMemory(to: Float.self).allSatisfy(\.isFinite)
      }
      if isFinite == false { return entry.scope }
    }
    return nil
  }
}
