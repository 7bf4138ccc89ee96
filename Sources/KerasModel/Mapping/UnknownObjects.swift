import KerasCore
import KerasFile
import OrderedCollections

/// Looks through a canonical model for custom classes and functions before anything is built.
public enum UnknownObjects {
  /// Throws `.unknownObjects` with everything that has no meaning here, and the file's weights for it if there is a source.
  ///
  /// Layers that run a program are refused for that reason alone (`.unsupported`), endless nesting as `.malformedConfig`.
  public static func check(_ model: JSON, _ source: ModelSource? = nil) throws(ModelError) {
    var walk = Walk(source: source)
    walk.visit(model, path: [], depth: 0)
    if walk.isTooDeep {
      throw ModelError(.malformedConfig("layers are nested more than \(LayerRegistry.maximumNesting) deep"))
    }
    if let (name, place) = walk.program {
      let what = LayerRegistry.programs[name] ?? "a program"
      throw ModelError(.unsupported("\(name), which runs \(what): nothing from a file is ever executed"), layer: place)
    }
    let found = Array(walk.found.values)
    guard !found.isEmpty else { return }
    throw ModelError(
      .unknownObjects(found),
      layer: found.count == 1 && found[0].layers.count == 1
        ? found[0].layers[0] : nil)
  }

  /// All custom classes and functions, in the order of the file.
  public static func all(in model: JSON, _ source: ModelSource) -> [UnknownObject] {
    var walk = Walk(source: source)
    walk.visit(model, path: [], depth: 0)
    return Array(walk.found.values)
  }

  /// An error in the code of a Lambda, with all else that has no meaning here; any other error as it is.
  ///
  /// Said are also the other Lambdas whose code names what the file does not hold, and how `--map` replaces each.
  static func explained(_ error: ModelError, _ model: JSON, _ source: ModelSource?) -> ModelError {
    guard case .lambda(let reason) = error.cause, let layer = error.layer else { return error }
    var walk = Walk(source: source)
    walk.failure = (layer, reason)
    walk.visit(model, path: [], depth: 0)
    let found = Array(walk.found.values)
    guard !walk.isTooDeep, found.contains(where: { $0.layers.contains(layer) }) else { return error }
    return ModelError(.unknownObjects(found), layer: found.count == 1 ? layer : nil)
  }

  private struct Walk {
    let source: ModelSource?
    /// The Lambda that cannot be followed, and why; all are then looked through for names without a meaning.
    var failure: (layer: String, reason: String)?
    var found: OrderedDictionary<String, UnknownObject> = [:]
    /// The first layer that runs a program, and where it stands.
    var program: (className: String, layer: String)?
    var isTooDeep = false

    init(source: ModelSource?) { self.source = source }

    mutating func visit(_ object: JSON, path: [String], depth: Int) {
      if depth > LayerRegistry.maximumNesting { isTooDeep = true }
      guard !isTooDeep, let className = LayerRegistry.className(of: object) else { return }
      let config = object["config"] ?? .null
      let name = config["name"]?.stringValue ?? object["name"]?.stringValue ?? className.lowercased()
      let path = depth == 0 ? path : path + [name]
      let module = object["module"]?.stringValue
      let isKnown =
        module.map { OperationNode.owns(module: $0) } == true
        ? OperationNode.knows(className) : LayerRegistry.type(named: className) != nil
      if LayerRegistry.programs[className] != nil, program == nil {
        program = (className, path.joined(separator: "/"))
      } else if className == "Lambda" {
        if let problem = problem(ofLambda: config, path) { note(object, className, name, path, problem: problem) }
      } else if !isKnown, className != "function" {
        note(object, className, name, path)
      }
      for key in ["activation", "recurrent_activation"] where isKnown {
        let value = config[key] ?? .null
        if let function = ConfigUpgrade.functionName(value) {
          if !ActivationFunction.knows(function) { noteActivation(function, path) }
        } else if value["class_name"] != nil {
          visit(value, path: path, depth: depth + 1)
        }
      }
      for key in ["layers", "cells"] {
        for layer in config[key]?.arrayValue ?? [] { visit(layer, path: path, depth: depth + 1) }
      }
      for key in ["layer", "backward_layer", "cell", "encoder", "decoder"] {
        if let inner = config[key], inner["class_name"] != nil { visit(inner, path: path, depth: depth + 1) }
      }
    }

    private func problem(ofLambda config: JSON, _ path: [String]) -> String? {
      if let problem = LambdaLayer.problem(config) { return problem }
      guard let failure else { return nil }
      if failure.layer == path.joined(separator: "/") { return failure.reason }
      guard let names = try? LambdaFunction(config["function"] ?? .null)?.unknownNames, !names.isEmpty else {
        return nil
      }
      return "its code names \(names.joined(separator: ", ")), which the file does not hold"
    }

    private mutating func note(
      _ object: JSON, _ className: String, _ name: String, _ path: [String], problem: String? = nil
    ) {
      let place = path.joined(separator: "/")
      let stranger = KnownCustomClasses.strangerPrefix
      let className = className.hasPrefix(stranger) ? String(className.dropFirst(stranger.count)) : className
      let isLambda = className == "Lambda"
      let key = isLambda ? "lambda:" + place : "class:" + className
      if found[key] != nil {
        found[key]?.layers.append(place)
        return
      }
      let pointer = JSONPointer(parsing: object["source_pointer"]?.stringValue ?? "")
      let saved = source?.config?[pointer]
      var fields = saved?["config"]?.objectValue ?? object["config"]?.objectValue ?? [:]
      for field in ["name", "trainable", "dtype", "batch_input_shape", "input_dtype"] { fields[field] = nil }
      var unknown = UnknownObject(
        kind: isLambda ? .lambda : .layer, name: isLambda ? name : className, layers: [place], fields: fields,
        weights: weights(of: path))
      if isLambda {
        unknown.details = LambdaDescription(object).details + (problem.map { [$0] } ?? [])
        unknown.fields = [:]
      }
      found[key] = unknown
    }

    private mutating func noteActivation(_ function: String, _ path: [String]) {
      let place = path.joined(separator: "/")
      found[
        "function:" + function,
        default: UnknownObject(
          kind: .activation, name: function, layers: [], fields: [:], weights: []
        )
      ].layers.append(place)
    }

    /// The arrays that the file holds for the layer, with their shapes.
    private func weights(of path: [String]) -> [String] {
      source?.arrays(ofLayerAt: path).map { "\($0.name) \(Shape($0.shape))" } ?? []
    }
  }
}
