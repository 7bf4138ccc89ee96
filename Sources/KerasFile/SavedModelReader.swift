import KerasCore
import OrderedCollections
import TensorBundle

/// Reads TensorFlow's SavedModel folders and checkpoints without TensorFlow: their objects, not their function graphs.
struct SavedModelReader {
  let file: String
  private let bundle: TensorBundle
  /// One object without children in a checkpoint of names.
  private let stored: ObjectGraph
  private let hasObjects: Bool

  /// Without `needsArchitecture`, a model that Keras did not describe gives its variables alone.
  static func open(
    folder: String, named path: String, needsArchitecture: Bool = true
  ) throws(KerasFileError) -> ModelSource {
    let savedModel = try ModelFile.contents(of: "\(folder)/saved_model.pb", file: path).array()
    var metadata: [UInt8]?
    if ModelFile.exists("\(folder)/keras_metadata.pb") {
      metadata = try ModelFile.contents(of: "\(folder)/keras_metadata.pb", file: path).array()
    }
    do {
      let objects = try ObjectGraph(savedModel: savedModel, kerasMetadata: metadata)
      let reader = try SavedModelReader(path, "\(folder)/variables/variables")
      return try reader.model(objects, savedModel, needsArchitecture)
    } catch let error as TensorBundleError {
      throw KerasFileError(error, file: path)
    } catch let error as KerasFileError {
      throw error
    } catch {
      throw KerasFileError(file: path, .damaged("\(error)"))
    }
  }

  /// Opens a checkpoint (`save_weights(save_format="tf")`), given its prefix.
  static func open(checkpoint prefix: String, named path: String) throws(KerasFileError) -> ModelSource {
    do {
      let reader = try SavedModelReader(path, prefix)
      var source = ModelSource(file: path, format: .checkpoint)
      source.weights = .groups(reader.hasObjects ? reader.layerGroups() : reader.namedGroups())
      source.optimizerWeights = reader.optimizer(order: [])
      source.backend = "tensorflow"
      return source
    } catch {
      throw KerasFileError(error, file: path)
    }
  }

  private init(_ file: String, _ prefix: String) throws(TensorBundleError) {
    self.file = file
    bundle = try TensorBundle(prefix: prefix)
    if let graph = try bundle.objectGraph() {
      (stored, hasObjects) = (graph, true)
    } else {
      (stored, hasObjects) = (try ObjectGraph.empty(), false)
    }
  }

  // MARK: SavedModel

  private func model(
    _ objects: ObjectGraph, _ savedModel: [UInt8], _ needsArchitecture: Bool
  ) throws(KerasFileError) -> ModelSource {
    guard let text = objects.nodes[0].metadata else {
      guard needsArchitecture else { return weightsAlone(objects) }
      let writer =
        objects.nodes[0]["_all_variables"] != nil || objects.nodes[0]["_trainable_variables"] != nil
        ? "an export for serving (Keras 3's model.export)" : "no Keras model, or exported (tf.saved_model.save, TF 1)"
      throw KerasFileError(
        file: file,
        .unsupported(
          "a SavedModel without Keras' description of the model, \(writer): it holds TensorFlow functions and variables, "
            + "but no architecture. Take the file that model.save wrote (.keras), or give the architecture "
            + "(model.to_json()) and take this folder for its weights: --config FILE.json --weights \(file)"))
    }
    let container = "keras_metadata.pb"
    let metadata = Self.plain(try ModelFile.parseJSON(Array(text.utf8), file: file, container: container))
    let config: JSON
    // A class of its own has an empty config, or what its author put there.
    if let model = metadata["model_config"], let fields = model["config"],
      (fields["layers"] ?? fields).arrayValue != nil
    {
      config = model
    } else if let className = metadata["class_name"], let fields = metadata["config"],
      fields["layers"]?.arrayValue != nil
    {
      config = ["class_name": className, "config": fields]
    } else {
      guard needsArchitecture else { return weightsAlone(objects) }
      let name = metadata["class_name"]?.stringValue.map { " \($0)" } ?? ""
      throw KerasFileError(
        file: file,
        .unsupported(
          "the model is a class\(name) of its own: its architecture is Python code, not in the file. Build the same layers "
            + "as a functional model, write its model.to_json() and take this folder for the weights: "
            + "--config FILE.json --weights \(file)"))
    }
    var source = ModelSource(
      file: file, format: .savedModel, config: config, configContainer: container,
      versionStamp: metadata["keras_version"]?.stringValue,
      backend: metadata["backend"]?.stringValue ?? "tensorflow")
    if let training = metadata["training_config"], !training.isNull {
      source.trainingConfig = training
      source.trainingConfigContainer = "\(container)#/training_config"
    }
    let places = objects.correspondence(to: stored)
    do {
      source.config = try SavedVocabularies(objects, savedModel, stored, places, bundle).filled(config)
    } catch {
      throw KerasFileError(error, file: file)
    }
    var groups: [WeightGroup] = []
    for layer in Self.layers(objects) {
      let description = objects.nodes[layer.node].metadata.flatMap { try? JSON(parsing: Array($0.utf8)) }
      guard let name = description?["name"]?.stringValue ?? description?["config"]?["name"]?.stringValue else {
        throw KerasFileError(file: file, .missing("the name of \(layer.name)"))
      }
      // `layer.weights`: trainable variables of all inner layers, then the others, as in HDF5.
      let variables = objects.nodes[layer.node]["variables"].map { objects.elements(of: $0) } ?? []
      var arrays: [StoredArray] = []
      for variable in variables {
        guard let place = places[variable], let array = array(place, objects.nodes[variable].fullName) else {
          throw KerasFileError(
            file: file, .missing("the value of \(objects.nodes[variable].fullName ?? "a variable of \(name)")"))
        }
        arrays.append(array)
      }
      groups.append(WeightGroup(name: name, arrays: arrays))
    }
    source.weights = .groups(groups)
    let trainable = objects.nodes[0]["trainable_variables"].map { objects.elements(of: $0) } ?? []
    source.optimizerWeights = optimizer(order: trainable.compactMap { places[$0] })
    return source
  }

  /// The variables of a model whose architecture is elsewhere, in groups by layer.
  private func weightsAlone(_ objects: ObjectGraph) -> ModelSource {
    var source = ModelSource(file: file, format: .checkpoint)
    source.backend = "tensorflow"
    let places = objects.correspondence(to: stored)
    let variables = objects.nodes[0]["variables"].map { objects.elements(of: $0) } ?? []
    var named: [(path: [String], array: StoredArray)] = []
    for variable in variables {
      let name = objects.nodes[variable].fullName ?? ""
      guard let place = places[variable], !name.hasSuffix("seed_generator_state"), let array = array(place, name) else {
        continue
      }
      named.append((name.split(separator: "/").map(String.init), array))
    }
    // Keras 3's paths; those of a Sequential model begin with its name.
    let first = named.first?.path.first
    let isPrefixed = named.allSatisfy { $0.path.count > 2 && $0.path.first == first }
    var groups: [WeightGroup] = []
    for (path, array) in named {
      let layer = path.dropFirst(isPrefixed ? 1 : 0).first ?? ""
      if let index = groups.firstIndex(where: { $0.name == layer }) {
        groups[index].arrays.append(array)
      } else {
        groups.append(WeightGroup(name: layer, arrays: [array]))
      }
    }
    source.weights = .groups(groups.isEmpty ? layerGroups() : groups)
    return source
  }

  /// `layer-0`, `layer-1` … of the root in order.
  private static func layers(_ objects: ObjectGraph) -> [(name: String, node: Int)] {
    numbered("layer-", objects)
  }

  private static func numbered(_ prefix: String, _ objects: ObjectGraph) -> [(name: String, node: Int)] {
    objects.nodes[0].children.compactMap { child in
      child.name.hasPrefix(prefix) ? Int(child.name.dropFirst(prefix.count)).map { ($0, child) } : nil
    }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// Tuples and shapes, which only this format marks, as the lists that JSON has elsewhere.
  private static func plain(_ value: JSON) -> JSON {
    switch value {
    case .array(let elements): return .array(elements.map(plain))
    case .object(let members):
      if let kind = members["class_name"]?.stringValue, ["__tuple__", "TensorShape"].contains(kind),
        let items = members["items"]
      {
        return plain(items)
      }
      return .object(members.mapValues(plain))
    default: return value
    }
  }

  // MARK: Checkpoints

  /// The arrays of `layer_with_weights-N` in order; a file of a custom class by its attributes' names.
  private func layerGroups() -> [WeightGroup] {
    var layers = Self.numbered("layer_with_weights-", stored)
    if layers.isEmpty {
      let others: Set<String> = ["optimizer", "save_counter", "keras_api", "_CHECKPOINTABLE_OBJECT_GRAPH"]
      layers = stored.nodes[0].children.filter { !others.contains($0.name) }
    }
    return layers.map { layer in
      WeightGroup(name: layer.name, arrays: stored.variables(below: layer.node).compactMap { array($0, nil) })
    }.filter { !$0.arrays.isEmpty }
  }

  /// Variables of a checkpoint of names (`tf.train.Saver`, Estimators) by the layer that their name begins with.
  ///
  /// Keys are in alphabetical order there: arrays are put into that of `layer.weights`. Optimizers' values are left out:
  /// `dense/kernel/Adam` by the variable that they belong to, others by having no layer or an optimizer's scope.
  private func namedGroups() -> [WeightGroup] {
    let order = [
      "embeddings", "depthwise_kernel", "pointwise_kernel", "kernel", "recurrent_kernel", "bias", "gamma", "beta",
      "moving_mean", "moving_variance",
    ]
    let scopes: Set<String> = ["training", "loss", "metrics", "Adam", "SGD", "RMSprop", "Adagrad", "global_step"]
    func rank(_ key: String) -> (Int, Int, String) {
      let parts = key.split(separator: "/")
      // Of two directions, forward comes first.
      let direction = parts.dropFirst().contains { $0.hasPrefix("backward") } ? 1 : 0
      return (direction, order.firstIndex(of: String(parts.last ?? "")) ?? order.count, key)
    }
    var groups: [String: [String]] = [:]
    for key in bundle.entries.keys {
      let parts = key.split(separator: "/")
      guard parts.count > 1, let layer = parts.first.map(String.init), !scopes.contains(layer) else { continue }
      let isSlot = parts.indices.dropFirst().contains {
        bundle.entries[parts[..<$0].joined(separator: "/")] != nil
      }
      if !isSlot { groups[layer, default: []].append(key) }
    }
    return groups.sorted { $0.key < $1.key }.map { layer, keys in
      let arrays = keys.sorted { rank($0) < rank($1) }.compactMap { key in
        bundle.entries[key].map { array(named: key, key, $0) }
      }
      return WeightGroup(name: layer, arrays: arrays)
    }
  }

  /// The count of steps, then each kind of slot over all variables in order, as HDF5 files have them.
  private func optimizer(order: [Int]) -> [StoredArray] {
    guard let root = stored.nodes[0]["optimizer"] else { return [] }
    let optimizer = stored.nodes[root]
    if let list = optimizer["_variables"] {
      // Optimizers of TensorFlow 2.11 and later keep a list; its order is HDF5's.
      let elements = stored.elements(of: list)
      let iterations = optimizer["_iterations"].map { elements.contains($0) ? [] : [$0] } ?? []
      let rate = optimizer["_learning_rate"]
      return (iterations + elements.filter { $0 != rate }).compactMap { array($0, nil) }
    }
    let rank = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let slots = Dictionary(grouping: optimizer.slots.enumerated(), by: \.element.name)
    var names: [String] = []
    for slot in optimizer.slots where !names.contains(slot.name) { names.append(slot.name) }
    var arrays = [optimizer["iter"]].compactMap { $0 }.compactMap { array($0, nil) }
    for name in names {
      let sorted = (slots[name] ?? []).sorted {
        (rank[$0.element.original] ?? order.count, $0.offset) < (rank[$1.element.original] ?? order.count, $1.offset)
      }
      arrays += sorted.compactMap { array($0.element.variable, nil) }
    }
    return arrays
  }

  private func array(_ node: Int, _ savedName: String?) -> StoredArray? {
    guard let key = stored.nodes[node].key, let entry = bundle.entries[key] else { return nil }
    let full = stored.nodes[node].fullName ?? ""
    let name = full.isEmpty ? savedName ?? key : full
    return array(named: name, key, entry)
  }

  private func array(named name: String, _ key: String, _ entry: TensorBundle.Entry) -> StoredArray {
    let (bundle, file) = (bundle, file)
    return StoredArray(name: name + ":0", path: key, dtype: entry.dtype, shape: entry.shape) {
      () throws(KerasFileError) -> TensorData in
      do throws(TensorBundleError) {
        return try bundle.read(key)
      } catch {
        throw KerasFileError(error, file: file)
      }
    }
  }
}

extension KerasFileError {
  init(_ error: TensorBundleError, file: String) {
    let cause: Cause =
      switch error.cause {
      case .damaged(let reason): .damaged("\(error.part): \(reason)")
      case .missing(let what): .missing("\(error.part): \(what)")
      case .tooLarge(let reason): .tooLarge("\(error.part): \(reason)")
      case .unsupported(let reason): .unsupported("\(error.part): \(reason)")
      }
    self.init(file: file, cause)
  }
}
