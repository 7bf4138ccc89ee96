import KerasCore
import KerasGraph

/// Runs a graph with unknown dimensions on inputs of any fitting shape, compiling a plan for each set of shapes once.
public final class Executor {
  private let graph: Graph
  private let parameters: ParameterStore
  private let mutableParameters: Bool
  private let options: EngineOptions
  private var plans: [[String: [Int]]: Plan] = [:]
  private var recent: [[String: [Int]]] = []
  private var version: Int
  private var weights = PreparedWeights()
  /// How large batches are divided; made when the first comes.
  private var slicing: SampleSlicing??
  /// Nodes of the graph that encode texts as long as the longest of a batch.
  private let unsizedTexts: [Int]
  private var textReader: Executor?
  private let budget: (() -> MemoryBudget?)?

  /// Plans for so many sets of shapes are kept; the one unused for longest goes first.
  private static let largestCache = 8

  /// With `budget`, which is asked for each plan, the graph's first output is a loss before its gradients, and the plan
  /// computes results of the part before it again where it would take more memory; parameters are mutable then.
  public init(
    _ graph: Graph, parameters: ParameterStore, mutableParameters: Bool = false, options: EngineOptions = .init(),
    budget: (() -> MemoryBudget?)? = nil
  ) {
    self.budget = budget
    self.graph = graph
    self.parameters = parameters
    self.mutableParameters = mutableParameters
    self.options = options
    version = parameters.version
    unsizedTexts = graph.unsizedTexts
  }

  /// Whether the shapes of results depend on the texts that inputs hold.
  public var isSizedByTexts: Bool { !unsizedTexts.isEmpty }

  /// The plan for inputs of the given shapes, and with the given texts if they decide shapes.
  ///
  /// Throws `EngineError` if the graph does not accept them, or takes more memory than it may. Constant parameters that
  /// were changed since are noticed. `threads` is how many a new plan uses, whatever its work is; `runsOnce` is as in
  /// `EngineOptions`, for a new plan, which is then not kept.
  public func plan(
    for shapes: [String: [Int]], texts: [String: TensorData] = [:], threads: Int? = nil, runsOnce: Bool = false
  ) throws(EngineError) -> Plan {
    if !mutableParameters, version != parameters.version {
      plans = [:]
      recent = []
      weights = PreparedWeights()
      slicing = nil
      version = parameters.version
    }
    let sizes = try textSizes(texts)
    var key = shapes
    for (node, size) in sizes { key["keraskit>text \(node)"] = [size] }
    if let plan = plans[key] {
      recent.removeAll { $0 == key }
      recent.append(key)
      return plan
    }
    var options = options
    if let threads { options = EngineOptions(threads: threads, precision: options.precision) }
    options.runsOnce = runsOnce
    let plan: Plan
    if let sliced = try slicedPlan(for: shapes, options) {
      plan = sliced
    } else if mutableParameters, let budget = budget?() {
      plan = try PlanSearch(
        specialized(for: shapes, sizes), parameters: parameters, options: options, weights: weights
      ).plan(within: budget)
    } else {
      plan = try Plan(
        try specialized(for: shapes, sizes), parameters: parameters, mutableParameters: mutableParameters,
        options: options, fusing: true, sharedWeights: weights)
    }
    // What reads its weights again in each run is not for a second one.
    if runsOnce { return plan }
    plans[key] = plan
    recent.append(key)
    if recent.count > Self.largestCache { plans[recent.removeFirst()] = nil }
    return plan
  }

  /// A plan that computes a large batch in slices; `nil` where it is better left whole.
  private func slicedPlan(for shapes: [String: [Int]], _ options: EngineOptions) throws(EngineError) -> Plan? {
    guard !mutableParameters, let batch = shapes.values.first?.first, batch > 1,
      shapes.values.allSatisfy({ $0.first == batch })
    else { return nil }
    let slicing = self.slicing ?? SampleSlicing(graph, weights: weights)
    self.slicing = .some(slicing)
    guard let slicing else { return nil }
    let threads = options.threads(forWork: slicing.workPerSample * Double(batch))
    guard let size = slicing.sliceSize(batch: batch, threads: threads) else { return nil }
    var types: [(name: String, type: TensorType)] = []
    for name in graph.inputNames {
      guard let shape = shapes[name], let value = graph.input(named: name) else { return nil }
      let declared = graph.type(value)
      // What does not fit is refused as it is for a whole batch.
      guard declared.shape.accepts(shape) else { return nil }
      types.append((name, TensorType(declared.dtype, Shape(shape))))
    }
    return try Plan(slicing, inputTypes: types, parameters: parameters, options: options, batch: batch, size: size)
  }

  /// The threads that a plan for inputs of the given shapes uses.
  public func threads(for shapes: [String: [Int]]) throws(EngineError) -> Int {
    guard options.sharesWorkFrom > 0 else { return options.threads }
    return options.threads(forWork: try specialized(for: shapes).work)
  }

  private func specialized(
    for shapes: [String: [Int]], _ sizes: [Int: Int] = [:]
  ) throws(EngineError) -> Graph {
    var types: [String: TensorType] = [:]
    for name in graph.inputNames {
      guard let shape = shapes[name], let value = graph.input(named: name) else {
        throw EngineError(.missingInput(name))
      }
      let declared = graph.type(value)
      guard declared.shape.accepts(shape) else {
        throw EngineError(.inputShape(name: name, expected: declared.shape, found: Shape(shape)))
      }
      types[name] = TensorType(declared.dtype, Shape(shape))
    }
    do {
      return try graph.specialized(inputs: types, textSizes: sizes)
    } catch {
      throw EngineError(.graph(error))
    }
  }

  /// How many tokens the longest text has that each unsized node encodes.
  private func textSizes(_ inputs: [String: TensorData]) throws(EngineError) -> [Int: Int] {
    guard isSizedByTexts else { return [:] }
    let reader: Executor
    if let textReader {
      reader = textReader
    } else {
      do {
        reader = Executor(try graph.textsToSize(), parameters: parameters, mutableParameters: true, options: options)
      } catch {
        throw EngineError(.graph(error))
      }
      textReader = reader
    }
    var sizes: [Int: Int] = [:]
    for (node, texts) in zip(unsizedTexts, try reader.run(inputs)) {
      guard case .encodeText(let encoding) = graph.nodes[node].op else { continue }
      let width = max(texts.shape.last ?? 1, 1)
      sizes[node] =
        stride(from: 0, to: texts.strings.count, by: width).map { start in
          encoding.splitting.tokens(of: Array(texts.strings[start..<start + width])).count
        }.max() ?? 0
    }
    return sizes
  }

  /// Runs the graph; results are in the order of its outputs.
  ///
  /// `runsOnce` says that no other inputs of these shapes follow; see `EngineOptions`.
  public func run(_ inputs: [String: TensorData], runsOnce: Bool = false) throws(EngineError) -> [TensorData] {
    try plan(forInputs: inputs, runsOnce: runsOnce).run(inputs)
  }

  /// The plan for these inputs, of which others than the graph's are of no account.
  public func plan(forInputs inputs: [String: TensorData], runsOnce: Bool = false) throws(EngineError) -> Plan {
    let own = inputs.filter { graph.inputNames.contains($0.key) }
    return try plan(for: own.mapValues(\.shape), texts: own, runsOnce: runsOnce)
  }
}
