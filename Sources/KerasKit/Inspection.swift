import KerasCore
import KerasFile
import KerasModel

/// A model as far as it can be described without running it; an architecture without weights will do.
public struct Inspection: Sendable {
  public let source: ModelSource
  public let canonical: CanonicalModel
  /// The model's layers with their shapes and parameters.
  public let layers: [LayerOutput]
  /// Every variable with its shape.
  public let variables: [(name: String, spec: WeightSpec, trainable: Bool)]
  /// Which stored array fills which variable; `nil` if the file holds no weights.
  public let assignment: WeightAssignment?
  public let diagnostics: [Diagnostic]

  /// Describes an opened file; throws what keeps it from being understood, naming file, layer and field.
  public init(_ source: ModelSource, options: LoadOptions = LoadOptions()) throws(KerasKitError) {
    let source = options.stamped(source)
    self.source = source
    do throws(ModelError) {
      let network: Network
      if case .none = source.weights {
        canonical = try EraUpgrade.upgrade(
          source, mappings: options.mappings, translatesLambdas: options.translatesLambdas)
        try UnknownObjects.check(canonical.config, source)
        network = try Network(canonical: canonical.config)
        assignment = nil
        diagnostics = source.diagnostics + canonical.diagnostics
      } else {
        let loaded = try LoadedModel.load(source: source, options: options)
        (canonical, network, diagnostics) = (loaded.canonical, loaded.network, loaded.diagnostics)
        assignment = loaded.assignment
      }
      layers = Self.outerFirst(try network.lowered(training: false).layerOutputs)
      variables = try network.parameterSpecs().map { ($0.name, $0.spec, $0.spec.trainable && $0.trainable) }
    } catch {
      throw .model(error.inFile(source.file))
    }
  }

  /// A model or wrapper before the layers inside it; lowering finishes it after them.
  private static func outerFirst(_ layers: [LayerOutput]) -> [LayerOutput] {
    var ordered: [LayerOutput] = []
    for layer in layers {
      let firstInner = ordered.lastIndex { !$0.path.hasPrefix(layer.path + "/") }.map { $0 + 1 } ?? 0
      ordered.insert(layer, at: firstInner)
    }
    return ordered
  }

  /// Every regularizer with the layer's path and the canonical field.
  public var regularizers: [(layer: String, field: String, config: JSON)] {
    var found: [(String, String, JSON)] = []
    func visit(_ layer: JSON, path: [String]) {
      let config = layer["config"] ?? .null
      for (field, value) in config.objectValue ?? [:] where field.hasSuffix("_regularizer") && !value.isNull {
        found.append((path.joined(separator: "/"), field, value))
      }
      if layer["class_name"] == "ActivityRegularization" {
        found.append(
          (path.joined(separator: "/"), "activity", ["l1": config["l1"] ?? 0.0, "l2": config["l2"] ?? 0.0]))
      }
      for inner in (config["layers"]?.arrayValue ?? []) + [config["layer"], config["cell"]].compactMap({ $0 }) {
        guard let name = inner["config"]?["name"]?.stringValue else { continue }
        visit(inner, path: path + [name])
      }
    }
    visit(canonical.config, path: [])
    return found
  }
}
