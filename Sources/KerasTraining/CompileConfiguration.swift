import KerasCore
import KerasModel

/// What a model was compiled with: loss and weight per output, metrics per output, and the optimizer's config.
///
/// Reads Keras 3's `compile_config`: a loss is a name, an object, a list, or a dictionary by output name; so are
/// `loss_weights` and the metrics.
public struct CompileConfiguration: Sendable {
  struct Output: Sendable {
    var loss: (any Loss)?
    var lossName: String
    var reduction: LossReduction
    var weight: Double
    var metrics: [MetricRequest]
  }

  struct MetricRequest: Sendable {
    /// As in the config, such as `accuracy`.
    var name: String
    var config: JSON
    var isWeighted: Bool
    /// What a mapping puts in its place.
    var expression: LossExpression?

    /// Under which Keras reports it.
    var reportedName: String { config["name"]?.stringValue ?? name }
  }

  var outputs: [Output]
  /// Canonical: a name or `{"class_name", "config"}`; `null` if there is none.
  public var optimizer: JSON
  /// Metrics asked for that this library does not compute.
  public private(set) var unknownMetrics: [String] = []

  /// Neither losses nor metrics, for a graph that is only looked into.
  init(withoutLoss outputNames: [String]) throws(TrainingError) {
    let reduction = try LossReduction(.null)
    outputs = outputNames.map { _ in Output(loss: nil, lossName: "", reduction: reduction, weight: 1, metrics: []) }
    optimizer = .null
  }

  /// `mappings` give custom functions a meaning.
  ///
  /// Throws `TrainingError` for unknown losses, all at once, and for one for an output the model does not have.
  public init(
    _ compile: JSON?, lossOverride: String? = nil, optimizerOverride: JSON? = nil, outputNames: [String],
    mappings: [ObjectMapping] = []
  ) throws(TrainingError) {
    guard compile != nil || lossOverride != nil else { throw .notCompiled }
    optimizer = optimizerOverride ?? Self.mapped(compile?["optimizer"] ?? .null, mappings)
    let losses = try Self.perOutput(
      lossOverride.map { .string($0) } ?? compile?["loss"] ?? .null, outputNames, spreads: true)
    let weights = try Self.perOutput(compile?["loss_weights"] ?? .null, outputNames, spreads: false)
    let metrics = Self.metricLists(compile?["metrics"] ?? .null, outputNames)
    let weighted = Self.metricLists(compile?["weighted_metrics"] ?? .null, outputNames)
    outputs = []
    var unknownLosses: [String] = []
    for index in outputNames.indices {
      let (name, config) = Self.identifier(Self.mapped(losses[index], mappings))
      var requests: [MetricRequest] = []
      for (list, isWeighted) in [(metrics[index], false), (weighted[index], true)] {
        for metric in list {
          let (metricName, metricConfig) = Self.identifier(Self.mapped(metric, mappings))
          guard let metricName else { continue }
          if let expression = try Self.expression(for: metricName, mappings) {
            requests.append(
              MetricRequest(name: metricName, config: .null, isWeighted: isWeighted, expression: expression))
          } else if MetricRegistry.isKnown(metricName) {
            requests.append(MetricRequest(name: metricName, config: metricConfig, isWeighted: isWeighted))
          } else {
            unknownMetrics.append(metricName)
          }
        }
      }
      var loss: (any Loss)?
      if let name, let expression = try Self.expression(for: name, mappings) {
        loss = ExpressionLoss(expression)
      } else if let name, LossRegistry.type(named: name) == nil {
        if !unknownLosses.contains(name) { unknownLosses.append(name) }
      } else if let name {
        loss = try LossRegistry.loss(named: name, config: config)
      }
      outputs.append(
        Output(
          loss: loss, lossName: name ?? "", reduction: try LossReduction(config),
          weight: weights[index].doubleValue ?? 1, metrics: requests))
    }
    if !unknownLosses.isEmpty {
      throw .unknownObjects(losses: unknownLosses, metrics: unknownMetrics, known: LossRegistry.names)
    }
    guard outputs.contains(where: { $0.loss != nil }) else { throw .notCompiled }
  }

  /// What a mapping to a name of Keras puts in place of a function or object.
  private static func mapped(_ json: JSON, _ mappings: [ObjectMapping]) -> JSON {
    guard let name = identifier(json).name, let mapping = mappings.last(where: { $0.name == name }),
      case .training(let known) = mapping.target
    else { return json }
    // An object keeps its fields: the learning rate of an optimizer of the file's own.
    guard json["config"]?.objectValue != nil else { return .string(known) }
    var object = json
    object["class_name"] = .string(known)
    object["registered_name"] = nil
    return object
  }

  private static func expression(
    for name: String, _ mappings: [ObjectMapping]
  ) throws(TrainingError) -> LossExpression? {
    guard let mapping = mappings.last(where: { $0.name == name }), case .expression(let text) = mapping.target else {
      return nil
    }
    do {
      return try LossExpression(text)
    } catch {
      throw .unsupported(field: name, reason: "the expression '\(text)': \(error)")
    }
  }

  /// The name and config of a serialized function or object: `"mse"`, `{"class_name": "Huber", "config": {…}}`, or
  /// Keras 3's `{"class_name": "function", "config": "mse"}`.
  static func identifier(_ json: JSON) -> (name: String?, config: JSON) {
    if let name = json.stringValue { return (name, .null) }
    guard let className = json["class_name"]?.stringValue else { return (nil, .null) }
    let config = json["config"] ?? .null
    if let function = config.stringValue { return (function, .null) }
    if let function = config["fn"], className.hasSuffix("Wrapper"), case (let name?, _) = identifier(function) {
      return (name, config)
    }
    return (className.split(separator: ">").last.map(String.init) ?? className, config)
  }

  private static func isIdentifier(_ json: JSON) -> Bool { json.stringValue != nil || json["class_name"] != nil }

  private static func perOutput(_ json: JSON, _ names: [String], spreads: Bool) throws(TrainingError) -> [JSON] {
    if json.isNull { return names.map { _ in .null } }
    if let list = json.arrayValue {
      guard list.count == names.count else {
        throw .outputs(expected: names, found: list.map { identifier($0).name ?? $0.text() })
      }
      return list
    }
    if isIdentifier(json) || json.doubleValue != nil {
      return names.indices.map { spreads || $0 == 0 ? json : .null }
    }
    if let byName = json.objectValue {
      // Keras appends `_1` … or the layer's path to outputs of one name; those are matched by their own name only.
      guard byName.keys.allSatisfy({ names.contains($0) }) else {
        throw .outputs(expected: names, found: Array(byName.keys))
      }
      return names.map { byName[$0] ?? .null }
    }
    throw .unsupported(field: "loss", reason: "received \(json.text())")
  }

  /// Metrics as one list for every output, a list of lists, or a dictionary by output.
  private static func metricLists(_ json: JSON, _ names: [String]) -> [[JSON]] {
    if let list = json.arrayValue {
      if list.count == names.count, list.contains(where: { $0.arrayValue != nil }) {
        return list.map { $0.arrayValue ?? ($0.isNull ? [] : [$0]) }
      }
      let flat = list.flatMap { $0.arrayValue ?? [$0] }
      return names.map { _ in flat }
    }
    if isIdentifier(json) { return names.map { _ in [json] } }
    if let byName = json.objectValue {
      return names.map { name in
        guard let entry = byName[name] else { return [] }
        return entry.arrayValue ?? [entry]
      }
    }
    return names.map { _ in [] }
  }
}
