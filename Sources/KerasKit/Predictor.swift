import DataFiles
import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// A model's inference graph ready to run on any number of samples, batch by batch.
final class Predictor {
  private let executor: Executor
  private let weights: ModelWeights
  private let store = ParameterStore()
  private let outputCount: Int
  private let states: [String]
  private let initialStates: [(name: String, data: TensorData)]
  /// Whether other batches may follow the next run.
  var keepsWeights = true
  /// The batch size that the config fixes, of stateful models.
  private let fixedBatch: Int?

  /// Optimises the graph for the given weights; throws `GraphError`, `EngineError` or `TensorDataError`.
  init(_ lowered: LoweredModel, weights: ModelWeights, options: EngineOptions) throws {
    self.weights = weights
    var graph = lowered.graph
    outputCount = graph.outputs.count
    fixedBatch = lowered.inputNames.lazy.compactMap { graph.input(named: $0) }.first.flatMap { graph.shape($0)[0] }
    // A stateful layer's new state is computed beside the outputs and stored for the next batch.
    let states = lowered.stateUpdates.map(\.parameter)
    self.states = states
    graph.outputs += lowered.stateUpdates.map(\.value)
    try weights.fill(store)
    initialStates = try lowered.stateParameters.map { ($0.name, try TensorData.filled(0, shape: $0.shape)) }
    for (name, data) in initialStates { try store.set(name, data) }
    let known = weights.known(except: states)
    graph = try graph.optimizedForInference(parameters: known)
    weights.fill(store, with: known.derived)
    executor = Executor(
      graph, parameters: store, mutableParameters: !states.isEmpty, options: options)
  }

  /// Runs all samples; states of stateful layers begin at zero and go from batch to batch.
  func run(
    _ arrays: [TensorData], names: [String], batchSize: Int, progress: (Int, Int) -> Void
  ) throws -> [TensorData] {
    let count = arrays.first?.shape.first ?? 0
    var batches = try batches(of: count, size: batchSize)[...]
    try begin()
    var parts: [[TensorData]] = []
    _ = try run(
      count: count, size: batches.first?.count ?? 0, names: names,
      next: { try batches.popFirst().map { rows in try arrays.map { try $0.samples(rows) } } },
      progress: { done, _ in progress(done, count) }, use: { parts.append($0) })
    return try (0..<outputCount).map { index in try TensorData(joining: parts.map { $0[index] }) }
  }

  /// Runs the batches that `next` gives and hands on the outputs of each; the result is the number of samples.
  ///
  /// `count` is that number where it is known before, `size` that of a batch. Throws `KerasKitError.badRequest` for
  /// outputs that cannot be rows of the same arrays.
  func run(
    count: Int?, size: Int, names: [String], sharing budget: ThreadBudget? = nil, next: () throws -> [TensorData]?,
    progress: (Int, Int?) -> Void, use: ([TensorData]) throws -> Void
  ) throws -> Int {
    let isOnly = count.map { $0 <= size } ?? false
    var shapes = OutputShapes()
    var done = 0
    while let batch = try next() {
      let results = try outputs(batch, names: names, isOnly: isOnly, sharing: budget)
      done += batch.first?.shape.first ?? 0
      if shapes.agree(results) { try use(results) }
      progress(done, count)
    }
    try shapes.check(count: done)
    return done
  }

  /// The samples of each batch, of the fixed size if the model has one; throws if there is no such division.
  func batches(of count: Int, size batchSize: Int) throws -> [Range<Int>] {
    let size = try checkedBatchSize(of: count, batchSize)
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// The samples of a batch, of so many or a number that only reading tells; throws if there is no such division.
  func checkedBatchSize(of count: Int?, _ batchSize: Int) throws -> Int {
    guard batchSize > 0 else { throw KerasKitError.badRequest("the batch size should be at least 1") }
    if count == 0 { throw KerasKitError.badRequest("the data has no samples") }
    if let fixedBatch, let count, count % fixedBatch != 0 {
      throw KerasKitError.badRequest(
        "the model has a fixed batch size of \(fixedBatch), and \(count) samples are no multiple of that")
    }
    return fixedBatch ?? batchSize
  }

  /// Sets the states of stateful layers to zero.
  func begin() throws {
    for (name, data) in initialStates { try store.set(name, data) }
  }

  /// The outputs for some of the samples; states go on from the batch before.
  func batch(_ rows: Range<Int>, of arrays: [TensorData], names: [String]) throws -> [TensorData] {
    try outputs(arrays.map { try $0.samples(rows) }, names: names)
  }

  /// The outputs for a batch; states go on from the batch before.
  ///
  /// `isOnly` says that no other batch follows.
  func outputs(
    _ batch: [TensorData], names: [String], isOnly: Bool = false, sharing budget: ThreadBudget? = nil
  ) throws -> [TensorData] {
    let inputs = Dictionary(zip(names, batch), uniquingKeysWith: { first, _ in first })
    let runsOnce = isOnly && !keepsWeights
    let results = try naming {
      guard let budget else { return try executor.run(inputs, runsOnce: runsOnce) }
      let plan = try executor.plan(forInputs: inputs, runsOnce: runsOnce)
      return try budget.computing(plan.threadCount) { try plan.run(inputs) }
    }
    for (name, value) in zip(states, results.dropFirst(outputCount)) { try store.set(name, value) }
    return Array(results.prefix(outputCount))
  }

  /// One batch to be run again and again.
  func repeatable(_ arrays: [TensorData], names: [String]) throws -> RepeatedCall {
    let inputs = Dictionary(zip(names, arrays), uniquingKeysWith: { first, _ in first })
    return try naming { try RepeatedCall(executor.plan(for: inputs.mapValues(\.shape), texts: inputs), inputs) }
  }

  /// Runs `body`, and tells of a weight that could not be read what the file's reader said.
  private func naming<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as EngineError {
      if case .unreadableParameter = error.cause, let failure = weights.readingFailure { throw failure }
      throw error
    }
  }
}

extension TensorData {
  /// Some samples of the first axis, which must lie within it.
  func samples(_ rows: Range<Int>) throws(TensorDataError) -> TensorData {
    guard let count = shape.first, count > 0, rows.upperBound <= count else {
      throw .sizeMismatch(dtype: dtype, shape: shape, found: rows.upperBound)
    }
    if rows.count == count { return self }
    let shape = [rows.count] + self.shape.dropFirst()
    if dtype == .string {
      let size = strings.count / count
      return try TensorData(shape: shape, strings: Array(strings[rows.lowerBound * size..<rows.upperBound * size]))
    }
    let size = bytes.count / count
    return try TensorData(
      dtype: dtype, shape: shape, bytes: Array(bytes[rows.lowerBound * size..<rows.upperBound * size]))
  }
}
