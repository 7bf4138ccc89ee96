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

  /// Plans for so many sets of shapes are kept; the one unused for longest goes first.
  private static let largestCache = 8

  public init(
    _ graph: Graph, parameters: ParameterStore, mutableParameters: Bool = false, options: EngineOptions = .init()
  ) {
    self.graph = graph
    self.parameters = parameters
    self.mutableParameters = mutableParameters
    self.options = options
    version = parameters.version
  }

  /// The plan for inputs of the given shapes.
  ///
  /// Throws `EngineError` if the graph does not accept them. Constant parameters that were changed since are noticed.
  /// `threads` is how many a new plan uses, whatever its work is.
  public func plan(for shapes: [String: [Int]], threads: Int? = nil) throws(EngineError) -> Plan {
    if !mutableParameters, version != parameters.version {
      plans = [:]
      recent = []
      weights = PreparedWeights()
      version = parameters.version
    }
    if let plan = plans[shapes] {
      recent.removeAll { $0 == shapes }
      recent.append(shapes)
      return plan
    }
    var options = options
    if let threads { options = EngineOptions(threads: threads) }
    let plan = try Plan(
      try specialized(for: shapes), parameters: parameters, mutableParameters: mutableParameters, options: options,
      fusing: true, sharedWeights: weights)
    plans[shapes] = plan
    recent.append(shapes)
    if recent.count > Self.largestCache { plans[recent.removeFirst()] = nil }
    return plan
  }

  /// The threads that a plan for inputs of the given shapes uses.
  public func threads(for shapes: [String: [Int]]) throws(EngineError) -> Int {
    guard options.sharesWorkFrom > 0 else { return options.threads }
    return options.threads(forWork: try specialized(for: shapes).work)
  }

  private func specialized(for shapes: [String: [Int]]) throws(EngineError) -> Graph {
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
      return try graph.specialized(inputs: types)
    } catch {
      throw EngineError(.graph(error))
    }
  }

  /// Runs the graph; results are in the order of its outputs.
  public func run(_ inputs: [String: TensorData]) throws(EngineError) -> [TensorData] {
    try plan(for: inputs.filter { graph.inputNames.contains($0.key) }.mapValues(\.shape)).run(inputs)
  }
}
