import KerasCore

/// A new classifier in place of a model's last one, on the features before it.
public struct HeadReplacement: Sendable, Hashable {
  public var classes: Int
  /// The loss of the training, if it is decided; else one is chosen.
  public var loss: String?
  /// Seeds the new weights.
  public var seed: UInt64

  public init(classes: Int, loss: String? = nil, seed: UInt64 = 0) {
    self.classes = classes
    self.loss = loss
    self.seed = seed
  }
}

/// What became of a model's classifier.
public struct ReplacedHead: Sendable, Hashable {
  /// The path of the layer with the new kernel: `predictions`, `top/dense_2`.
  public var layer: String
  public var className: String
  /// The classes it told before; `nil` where the model had no classifier and one was added.
  public var oldClasses: Int?
  public var classes: Int
  /// `softmax`, `sigmoid` or `linear`, on the layer itself or on one after it.
  public var activation: String
  public var loss: String
  /// Whether the file named no optimizer, so that Adam was taken.
  public var choseOptimizer: Bool
}

extension LoadedModel {
  /// Puts a new classifier on the features before the last Dense or convolution, with weights by seeded initializers.
  ///
  /// The kernel is GlorotUniform's, the bias zero. Softmax with a categorical crossentropy for several classes, sigmoid
  /// with the binary one for a single output or where the model told several labels at once; metrics become the
  /// accuracy, and the optimizer's state is left. A model without a classifier, such as one of `keras.applications`
  /// without top, is given global average pooling and a Dense. Throws `EditError.head` for models of several outputs and
  /// where what ends the model is no such classifier. The format of the source cannot hold the result.
  public mutating func replaceHead(_ request: HeadReplacement) throws(EditError) -> ReplacedHead {
    guard request.classes > 0 else { throw .head("\(request.classes) classes") }
    guard network.outputReferences.count == 1 else {
      throw .head(
        "the model has \(network.outputReferences.count) outputs: \(network.outputNames.joined(separator: ", "))")
    }
    var tail = ModelTail(canonical.config, usesCrossentropy: lossName.contains("crossentropy"))
    try tail.findClassifier()
    let choice = HeadChoice(
      request, oldLoss: lossName, oldActivation: tail.lastActivation, oldClasses: tail.classes)
    var replaced = ReplacedHead(
      layer: "", className: "Dense", oldClasses: tail.classes, classes: request.classes,
      activation: choice.activation, loss: choice.loss, choseOptimizer: false)
    let config: JSON
    if let head = tail.classifier {
      config = try tail.replaced(classes: request.classes, activation: choice.activation)
      replaced.layer = head.path
      replaced.className = head.className
    } else {
      let rank = try outputRank()
      (config, replaced.layer) = try tail.appended(
        classes: request.classes, activation: choice.activation, rank: rank)
    }
    let edited: Network
    do throws(ModelError) { edited = try Network(canonical: config) } catch { throw .model(error) }
    weights = try Self.weights(of: edited, from: weights, seed: request.seed)
    network = edited
    canonical.config = config
    var compile = canonical.compile ?? [:]
    compile["loss"] = .string(choice.loss)
    compile["loss_weights"] = .null
    compile["metrics"] = ["accuracy"]
    compile["weighted_metrics"] = .null
    if (compile["optimizer"] ?? .null).isNull {
      replaced.choseOptimizer = true
      compile["optimizer"] = KerasObject.json(
        module: "keras.optimizers", className: "Adam", config: ["name": "adam", "learning_rate": 0.001])
    }
    canonical.compile = compile
    // Its slots have the old kernel's shape.
    source.optimizerWeights = []
    optimizerState = nil
    sourceLacks.append("the new classifier '\(replaced.layer)'")
    return replaced
  }

  private var lossName: String {
    let loss = canonical.compile?["loss"] ?? .null
    let name = loss.stringValue ?? loss["class_name"]?.stringValue ?? loss["config"]?.stringValue ?? loss.text()
    return SavedLayer.snakeCase(name)
  }

  /// The rank of the only output, with the batch.
  private func outputRank() throws(EditError) -> Int {
    do throws(ModelError) {
      let graph = try network.lowered().graph
      return graph.outputs.first.map { graph.shape($0).rank } ?? 0
    } catch {
      throw .model(error)
    }
  }

  /// The weights that still fit, and new ones for all variables that are new or have another shape.
  private static func weights(
    of network: Network, from old: [String: TensorData], seed: UInt64
  ) throws(EditError) -> [String: TensorData] {
    // An architecture without weights stays one.
    guard !old.isEmpty else { return [:] }
    var weights: [String: TensorData] = [:]
    do {
      for (name, spec, _, _) in try network.parameterSpecs() {
        if let known = old[name], known.shape == spec.shape {
          weights[name] = known
          continue
        }
        let initializer: JSON =
          spec.role == "kernel" ? "glorot_uniform" : spec.role == "bias" ? "zeros" : spec.initializer
        let fresh = try InitialValue.make(initializer, shape: spec.shape, name: name, seed: seed)
        weights[name] = try old[name].map { try fresh.converted(to: $0.dtype) } ?? fresh
      }
    } catch let error as ModelError {
      throw .model(error)
    } catch {
      throw .head("\(error)")
    }
    return weights
  }
}

/// The activation and loss that go together.
private struct HeadChoice {
  let activation: String
  let loss: String

  init(_ request: HeadReplacement, oldLoss: String, oldActivation: String?, oldClasses: Int?) {
    if let loss = request.loss {
      self.loss = loss
      let name = SavedLayer.snakeCase(loss)
      activation =
        name.contains("binary") ? "sigmoid" : name.contains("categorical") ? "softmax" : oldActivation ?? "linear"
      return
    }
    let toldLabels = oldActivation == "sigmoid" && oldLoss.hasPrefix("binary_crossentropy") && (oldClasses ?? 1) > 1
    if request.classes == 1 || toldLabels {
      (activation, loss) = ("sigmoid", "binary_crossentropy")
    } else {
      activation = "softmax"
      loss =
        oldLoss.hasPrefix("categorical_crossentropy") ? "categorical_crossentropy" : "sparse_categorical_crossentropy"
    }
  }
}
