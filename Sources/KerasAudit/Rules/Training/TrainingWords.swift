import KerasCore
import KerasGraph
import KerasModel
import OrderedCollections

/// The training config of a file as saved, taken apart: which losses, metrics and optimizer it names, and where.
struct TrainingWords {
  /// A loss or metric.
  struct Function {
    /// In Keras 3: `mean_squared_error`.
    var name: String
    /// As written: `mse`.
    var saved: String
    /// An object's fields.
    var config: JSON
    var location: SourceLocation
    /// The number of the output it is for; `nil` for all.
    var output: Int?
  }

  struct Optimizer {
    /// In Keras 3: `Adam`.
    var name: String
    var fields: OrderedDictionary<String, JSON>
    var location: SourceLocation
    /// Name and fields as saved, for the choice between tf.keras' families.
    var saved: JSON

    func number(_ keys: String...) -> Double? { keys.lazy.compactMap { fields[$0]?.doubleValue }.first }

    /// The place of a field, or of the optimizer.
    func place(_ keys: String...) -> SourceLocation {
      guard let key = keys.first(where: { fields[$0] != nil }), var pointer = location.pointer else { return location }
      if saved["config"]?.objectValue != nil { pointer = pointer.appending("config") }
      return SourceLocation(file: location.file, container: location.container, pointer: pointer.appending(key))
    }
  }

  /// The model's outputs; none if the model cannot be lowered (a layer is unknown, or a shape).
  let outputs: [OutputFacts]
  var losses: [Function] = []
  var metrics: [Function] = []
  var weightedMetrics: [Function] = []
  var optimizer: Optimizer?
  /// Keras 0.3 to tf.keras 2.1: how sample weights are meant.
  var sampleWeightMode: (value: JSON, location: SourceLocation)?
  /// Keras 0: which accuracy is meant.
  var classMode: (value: String, location: SourceLocation)?

  init?(_ subject: AuditSubject) {
    let source = subject.source
    // Keras 0 wrote loss and optimizer into the model's config.
    let isEmbedded =
      source.trainingConfig == nil && source.config?["class_name"] == nil && source.config?["loss"] != nil
    let base: [String] = source.trainingConfig == nil && !isEmbedded ? ["compile_config"] : []
    guard
      let config = source.trainingConfig ?? (isEmbedded ? source.config : source.config?["compile_config"]),
      config.objectValue?.isEmpty == false
    else { return nil }
    func place(_ path: [String]) -> SourceLocation {
      source.trainingConfig == nil
        ? subject.location(JSONPointer(base + path)) : subject.trainingLocation(JSONPointer(path))
    }
    outputs = OutputFacts.all(of: subject.canonical.config)
    let names = outputs.map(\.name)
    func functions(_ key: String) -> [Function] {
      var found: [Function] = []
      func visit(_ value: JSON, _ path: [String], _ output: Int?) {
        func add(_ saved: String, _ fields: JSON) {
          found.append(
            Function(
              name: CompileNames.function(saved), saved: saved, config: fields, location: place(path), output: output))
        }
        if let name = value.stringValue { return add(name, .null) }
        if let className = value["class_name"]?.stringValue {
          let fields = value["config"] ?? .null
          if className == "function", let name = fields.stringValue { return add(name, .null) }
          let function = fields["fn"]?["config"]?.stringValue ?? fields["fn"]?.stringValue
          if className.hasSuffix("Wrapper"), let function { return add(function, fields) }
          return add(className, fields)
        }
        if let list = value.arrayValue {
          for (index, element) in list.enumerated() {
            // Losses stand by output; metrics do where there are lists in the list.
            let isOwn = path.count == 1 && (key == "loss" || element.arrayValue != nil) && names.count > 1
            visit(element, path + [String(index)], isOwn ? index : output)
          }
        } else {
          for (name, member) in value.objectValue ?? [:] {
            visit(member, path + [name], names.firstIndex(of: name) ?? output)
          }
        }
      }
      visit(config[key] ?? .null, [key], nil)
      return found
    }
    losses = functions("loss")
    metrics = functions("metrics")
    weightedMetrics = functions("weighted_metrics")
    optimizer = Self.optimizer(config, place)
    for key in ["sample_weight_mode", "sample_weight_modes"] {
      guard let value = config[key], !value.isNull, value.objectValue?.isEmpty != true else { continue }
      sampleWeightMode = (value, place([key]))
    }
    if let mode = config["class_mode"]?.stringValue { classMode = (mode, place(["class_mode"])) }
  }

  private static func optimizer(_ config: JSON, _ place: ([String]) -> SourceLocation) -> Optimizer? {
    let key = config["optimizer_config"] == nil ? "optimizer" : "optimizer_config"
    guard var saved = config[key], !saved.isNull else { return nil }
    var path = [key]
    // The optimizer that a loss scale is put around is the one in question.
    for inner in ["inner_optimizer", "optimizer"] {
      guard let held = saved["config"]?[inner], held["class_name"] != nil else { continue }
      saved = held
      path += ["config", inner]
      break
    }
    if let name = saved.stringValue {
      return Optimizer(name: CompileNames.optimizer(name), fields: [:], location: place(path), saved: saved)
    }
    guard let name = (saved["class_name"] ?? saved["name"])?.stringValue else { return nil }
    let fields = saved["config"]?.objectValue ?? saved.objectValue ?? [:]
    return Optimizer(name: CompileNames.optimizer(name), fields: fields, location: place(path), saved: saved)
  }

  /// The losses of an output.
  func loss(of output: Int) -> Function? { losses.first { $0.output == output || $0.output == nil } }
}

/// An output as far as losses and metrics look at it.
struct OutputFacts {
  var name: String
  var lastDimension: Int?
  var hasMask: Bool
  /// The op that makes it is a sigmoid or softmax.
  var activation: String?
}

extension OutputFacts {
  /// Those of a canonical model; none if it cannot be lowered.
  static func all(of config: JSON) -> [OutputFacts] {
    guard let lowered = try? Network(canonical: config).lowered() else { return [] }
    return zip(lowered.outputNames, zip(lowered.graph.outputs, lowered.outputMasks)).map { name, output in
      let activation: String? =
        switch lowered.graph.nodes[output.0.node].op {
        case .softmax: "softmax"
        case .unary(.sigmoid): "sigmoid"
        default: nil
        }
      return OutputFacts(
        name: name, lastDimension: lowered.graph.shape(output.0).dimensions.last ?? nil, hasMask: output.1 != nil,
        activation: activation)
    }
  }
}

extension AuditSubject {
  /// The outputs of a compiled model.
  var outputs: [OutputFacts] { training?.outputs ?? [] }

  /// How training works in a release that reads this file's optimizer.
  func training(in release: Release, _ optimizer: TrainingWords.Optimizer? = nil) -> TrainingSemantics {
    .of(version: release.version, backend: release.backend, reading: optimizer?.saved)
  }
}
