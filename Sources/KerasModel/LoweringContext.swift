import KerasCore
import KerasGraph

/// How batch normalisation updates its moving statistics; formulas measured on the original releases.
public struct BatchNormalizationSemantics: Sendable, Hashable {
  public enum Variance: Sendable, Hashable {
    /// Σ(x−m)²/n.
    case biased
    /// n/(n−1) times that for 4-D inputs only (tf.keras' fused kernel).
    case unbiasedForImages
    /// n/(n−1−ε) times that (standalone Keras 2.1.4 to 2.3.1).
    case unbiasedLessEpsilon
    /// The biased one plus ε (Keras 1.2.2 on Theano).
    case biasedPlusEpsilon
    /// (var + ε)·n/(n−1−ε) (Keras 2.2.4 and 2.3.1 on Theano).
    case unbiasedPlusEpsilon
    /// √(var + ε): the statistic is a standard deviation (Keras ≤ 1.0.5).
    case standardDeviation
  }
  public var variance: Variance = .biased
  /// For images normalised over their last axis n/(n−1) comes on top: TensorFlow's fused kernel gives standalone Keras
  /// 2.1.3 to 2.3.1 an unbiased variance, which 2.1.4 and later correct once more.
  public var fusesImages = false
  /// Under a mask only what it keeps counts in the batch's statistics (Keras 2.12 and later).
  public var masksStatistics = true
  /// The moving averages start anew at the first update (Keras 2.1.3 to 2.2.4 on TensorFlow).
  public var zeroDebias = false
  /// A frozen layer normalises with its moving statistics (TF2 and later) instead of the batch's.
  public var frozenUsesMovingStatistics = true
  /// A frozen layer still updates its moving statistics (Keras ≤ 2.1.2).
  public var frozenUpdates = false

  public init() {}
}

/// A penalty on activations that a layer asked for, before any era's rule is applied to it.
public struct ActivityRecord: Sendable {
  public enum Wrapper: Sendable, Hashable { case timeDistributed, bidirectional }
  /// Path of the layer, such as `encoder/dense_1`.
  public var layer: String
  public var className: String
  public var regularizer: Regularizer
  public var inputs: [Value]
  public var outputs: [Value]
  /// How many models called as layers surround this application (0: a direct layer of the outer model).
  public var nesting: Int
  /// Wrappers around the layer, outermost first.
  public var wrappers: [Wrapper]
  /// The wrapper's own merged or reassembled output, for rules that penalise it instead.
  public var wrapperOutputs: [Value]
  /// Whether every model between the layer and the outer model was placed first in a Sequential.
  public var nestedFirstInSequential: Bool
  /// Whether the model's batch size is fixed in its config.
  public var hasFixedBatch: Bool
}

/// A new value for a non-trainable variable, to be stored after a training step.
public struct VariableUpdate: Sendable {
  public var parameter: String
  public var value: Value
}

/// What a layer's lowering reads and writes: the graph, the weights in reach, and what training must know.
public struct LoweringContext: Sendable {
  public var graph: Graph
  /// Training behaviour (dropout active, batch statistics) instead of inference.
  public let isTraining: Bool
  public let batchNormalization: BatchNormalizationSemantics
  /// Whether the layer being lowered is trainable, all its owners included.
  public private(set) var isTrainable = true

  public var activities: [ActivityRecord] = []
  public var updates: [VariableUpdate] = []
  /// State variables of stateful recurrent layers: parameter name → new value after a call.
  public var stateUpdates: [VariableUpdate] = []
  /// Specs of all parameters used so far, by parameter name, in order of first use.
  public private(set) var parameters: [(name: String, spec: WeightSpec, trainable: Bool)] = []
  /// Variables that no file holds (states of stateful layers, counters), by parameter name; they begin at zero.
  public private(set) var stateParameters: [(name: String, shape: [Int])] = []
  /// Sizes that each training step draws.
  public private(set) var randomSizes: [RandomSize] = []
  /// Every application of a layer of a model, in order.
  public var layerOutputs: [LayerOutput] = []
  /// What tensors that hold a shape are known to hold, so that they can be used as one.
  var shapeContents: [Value: CallValue] = [:]

  /// What stands for the draws of the functions of the layer being lowered.
  var randomDraws = RandomDraws.sample

  /// The format results are rounded to, that of the layer being lowered; `nil` for float32.
  var format: FloatFormat?
  /// The formats narrower than float32 that layers' results are in.
  var formats: [Value: FloatFormat] = [:]

  /// What layers compute with in place of a variable, by parameter name: its quantized values.
  var standIns: [String: Value] = [:]

  public var nesting = 0
  public var wrappers: [ActivityRecord.Wrapper] = []
  public var nestedFirstInSequential = true
  public var hasFixedBatch = false
  private var randomStreams = 0
  private var path: [String] = []
  private var specs: [String: WeightSpec] = [:]
  private var prefix = ""

  public init(isTraining: Bool, batchNormalization: BatchNormalizationSemantics = .init()) {
    self.graph = Graph()
    self.isTraining = isTraining
    self.batchNormalization = batchNormalization
  }

  /// The path of the layer being lowered: `encoder/dense_1`.
  public var layerPath: String { path.joined(separator: "/") }

  /// Runs `body` inside a layer's scope: names on the path, its weights in reach under `parameterPrefix`.
  public mutating func inLayer<Result>(
    named name: String?, parameterPrefix: String, specs newSpecs: [WeightSpec], trainable: Bool,
    _ body: (inout LoweringContext) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let saved = (path, specs, prefix, isTrainable, graph.scope)
    if let name { path.append(name) }
    prefix = parameterPrefix
    specs = [:]
    for spec in newSpecs { specs[spec.key] = spec }
    isTrainable = isTrainable && trainable
    graph.scope = layerPath
    defer { (path, specs, prefix, isTrainable, graph.scope) = saved }
    let current = layerPath
    do {
      return try body(&self)
    } catch {
      throw error.inLayer(current)
    }
  }

  /// Runs `body` for a layer held by the current one: its weights are those below `holder`.
  public mutating func inSublayer<Result>(
    _ sublayer: Sublayer, named name: String? = nil,
    _ body: (inout LoweringContext) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    var inner: [WeightSpec] = []
    for spec in specs.values where spec.holder == sublayer.holder || spec.holder.hasPrefix(sublayer.holder + "/") {
      var spec = spec
      spec.holder = String(spec.holder.dropFirst(sublayer.holder.count + (spec.holder == sublayer.holder ? 0 : 1)))
      spec.path = String(spec.path.dropFirst(sublayer.holder.count + 1))
      inner.append(spec)
    }
    return try inLayer(
      named: name, parameterPrefix: prefix + sublayer.holder + "/", specs: inner, trainable: sublayer.trainable, body)
  }

  /// The parameter for a variable of the current layer, by its role or `holder/role` key.
  public mutating func weight(_ key: String) throws(ModelError) -> Value {
    guard let spec = specs[key] else { throw ModelError(.missingWeight(key)) }
    let name = prefix + key
    if let value = standIns[name] { return value }
    if graph.parameter(named: name) == nil { parameters.append((name, spec, isTrainable && spec.trainable)) }
    return try rounded(graph.addParameter(name, TensorType(.float32, Shape(spec.shape))))
  }

  public func hasWeight(_ key: String) -> Bool { specs[key] != nil }

  /// The full parameter name of a variable of the current layer.
  public func parameterName(_ key: String) -> String { prefix + key }

  /// A variable of the current layer that begins at zero and is in no file.
  public mutating func stateParameter(_ key: String, shape: [Int]) -> Value {
    let name = prefix + key
    if graph.parameter(named: name) == nil { stateParameters.append((name, shape)) }
    return graph.addParameter(name, TensorType(.float32, Shape(shape)))
  }

  /// Adds an operation with one result.
  public mutating func op(_ op: Op, _ operands: Value...) throws(ModelError) -> Value {
    try ops(op, operands)[0]
  }

  /// Adds an operation and gives all its results.
  public mutating func ops(_ op: Op, _ operands: [Value]) throws(ModelError) -> [Value] {
    var results: [Value]
    do {
      results = try graph.add(op, operands)
    } catch {
      throw ModelError(.graph(error))
    }
    guard format != nil, op.needsRounding else { return results }
    for index in results.indices { results[index] = try rounded(results[index]) }
    return results
  }

  /// A number, which becomes one of the format computed in.
  public mutating func constant(_ value: Float) -> Value {
    graph.addConstant(TensorData(format?.rounded(value) ?? value))
  }

  public mutating func constant(_ data: TensorData) -> Value { graph.addConstant(data) }

  public func shape(_ value: Value) -> Shape { graph.shape(value) }

  /// A vector of as many elements as a size drawn anew in each training step.
  mutating func randomSize(of base: Int, _ factor: DrawRange) throws(ModelError) -> Value {
    let size = RandomSize(
      name: "keraskit>size_\(randomSizes.count)", base: base, lower: factor.lower, upper: factor.upper)
    randomSizes.append(size)
    return graph.addInput(size.name, TensorType(.float32, Shape([nil])))
  }

  /// A number for a random op, different at each call and the same in each lowering of the same model.
  public mutating func nextRandomStream() -> Int {
    defer { randomStreams += 1 }
    return randomStreams
  }
}
