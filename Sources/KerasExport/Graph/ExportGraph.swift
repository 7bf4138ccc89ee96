import KerasCore
import KerasGraph
import KerasModel

/// A model's inference graph as an exporter that writes ops takes it: optimised, with its weights, nothing else to ask.
///
/// Axes whose size is unknown (`nil`) are the batch, and whatever else the model leaves open. Nodes are named by
/// `Node.scope`, the path of the layer that made them.
public struct ExportGraph: Sendable {
  /// `outputs` are the model's in order; parameters that were folded with others are constants in it.
  public var graph: Graph
  /// float32 or int32 arrays of the parameters that the graph still has.
  public var parameters: [String: TensorData]
  public var inputNames: [String]
  public var outputNames: [String]
  /// What formats without layers lose of any model.
  public var notes: [ExportNote]

  /// The graph of a model, with its weights folded where that saves operations.
  ///
  /// Without `foldsWeights` every parameter stays what it is, to be stored in another format: a kernel that another
  /// layer was folded into would be rounded to other numbers than the layer's own. Throws `ExportError` naming the layer
  /// that makes what no format of ops can hold: a program's own function, random numbers unless `allowsRandom`.
  public init(
    _ model: LoadedModel, allowsRandom: Bool = false, foldsWeights: Bool = true
  ) throws(ExportError) {
    let lowered: LoweredModel
    do {
      lowered = try model.network.lowered(training: false, batchNormalization: model.semantics.batchNormalization)
    } catch {
      throw ExportError(.model(error))
    }
    (inputNames, outputNames) = (lowered.inputNames, Self.unique(lowered.outputNames))
    notes = Self.losses(of: model, lowered)
    do {
      var known: [String: TensorData] = [:]
      for (name, data) in model.weights { known[name] = try Self.plain(data) }
      for (name, shape) in lowered.stateParameters { known[name] = try TensorData.filled(0, shape: shape) }
      let optimized = try lowered.graph.optimizedForInference(parameters: foldsWeights ? known : [:])
      graph = optimized
      parameters = known.filter { optimized.parameter(named: $0.key) != nil }
    } catch let error as GraphError {
      throw ExportError(.notExpressible(what: "the graph", reason: error.description), layer: error.scope)
    } catch {
      throw ExportError(.malformed("the weights: \(error)"))
    }
    for node in graph.nodes {
      switch node.op {
      case .custom(let function), .customGradient(let function):
        throw ExportError(
          .notExpressible(
            what: "the function '\(function.name)'",
            reason: "it is computed by code that the format has no operations for"),
          layer: node.scope)
      case .random where !allowsRandom:
        throw ExportError(
          .notExpressible(what: "a random draw in predictions", reason: "the format has no random numbers"),
          layer: node.scope)
      default: continue
      }
    }
  }

  /// The value of a parameter or constant, if `value` is one.
  public func constant(_ value: Value) -> TensorData? {
    switch graph.nodes[value.node].op {
    case .constant(let data): data
    case .parameter(let name): parameters[name]
    default: nil
    }
  }

  /// Stored float types as float32, whole numbers as int32.
  private static func plain(_ data: TensorData) throws(TensorDataError) -> TensorData {
    if data.dtype == .string || data.dtype == .bool { return data }
    return try data.converted(to: data.dtype.isInteger ? .int32 : .float32)
  }

  private static func losses(of model: LoadedModel, _ lowered: LoweredModel) -> [ExportNote] {
    var notes: [ExportNote] = []
    if !model.source.optimizerWeights.isEmpty || model.optimizerState != nil {
      notes.append(ExportNote(.lost, "the optimizer's state: the format holds inference only"))
    }
    if model.canonical.compile != nil {
      notes.append(ExportNote(.lost, "the training config (optimizer, loss, metrics): the format holds inference only"))
    }
    if !lowered.activities.isEmpty || hasRegularizer(model.canonical.config) {
      notes.append(ExportNote(.lost, "regularizers: the format holds inference only"))
    }
    if !lowered.stateParameters.isEmpty {
      notes.append(ExportNote(.warning, "states of stateful layers begin at zero in every call"))
    }
    return notes
  }

  private static func hasRegularizer(_ json: JSON) -> Bool {
    switch json {
    case .array(let elements): elements.contains { hasRegularizer($0) }
    case .object(let members):
      members.contains { $0.key.hasSuffix("_regularizer") && !$0.value.isNull || hasRegularizer($0.value) }
    default: false
    }
  }

  /// Names with the first number appended that makes them different.
  private static func unique(_ names: [String]) -> [String] {
    var taken: Set<String> = []
    return names.map { name in
      var (result, number) = (name, 1)
      while !taken.insert(result).inserted {
        result = "\(name)_\(number)"
        number += 1
      }
      return result
    }
  }
}
