import HDF5
import KerasCore

/// Reads the HDF5 files of Keras 0 to 3: whole models, weights by layer, weights by path.
struct HDF5ModelReader {
  let hdf5: HDF5File
  let file: String
  /// The archive member that holds the HDF5 file, with a `#`; empty for a file of its own.
  var prefix = ""

  static func open(_ path: String) throws(KerasFileError) -> ModelSource {
    let hdf5: HDF5File
    do {
      hdf5 = try HDF5File(path: path)
    } catch {
      throw KerasFileError(error, file: path)
    }
    defer { hdf5.releasePages() }
    return try HDF5ModelReader(hdf5: hdf5, file: path).model()
  }

  private func model() throws(KerasFileError) -> ModelSource {
    var source = ModelSource(file: file, format: .hdf5Weights)
    let root = try weightsRoot()
    source.versionStamp = try text("keras_version", root)
    source.backend = try text("backend", root)
    source.config = try json("model_config")
    source.configContainer = "/ attribute model_config"
    source.trainingConfig = try json("training_config")
    source.trainingConfigContainer = "/ attribute training_config"
    if source.config != nil { source.format = .hdf5Model }
    // Not part of the model: what cannot be read of it is as if it were not there.
    source.record = try? json("keraskit")

    if let root {
      source.weights = .groups(try groups(in: root))
      try readOptimizer(into: &source)
    } else if try isPositional() {
      source.weights = .groups(try positionalGroups())
    } else {
      let stored = try StoredPaths(of: self)
      source.weights = .paths(stored.weights)
      source.optimizerWeights = stored.optimizer
      if !stored.isEmpty { source.format = .hdf5PathWeights }
      guard source.config != nil || !stored.isEmpty else {
        throw KerasFileError(
          file: file, .unknownFormat("it is HDF5, but holds neither model_config nor Keras weights"))
      }
      if stored.isEmpty { throw KerasFileError(file: file, .missing("/model_weights")) }
    }
    // tf.keras and JSON texts state the version inside the config too.
    source.versionStamp = source.versionStamp ?? source.config?["keras_version"]?.stringValue
    source.backend = source.backend ?? source.config?["backend"]?.stringValue
    source.version = source.versionStamp.flatMap { KerasVersion($0) }
    return source
  }

  /// The group that holds `layer_names`: the file's root, or `/model_weights` of a whole model.
  private func weightsRoot() throws(KerasFileError) -> String? {
    // Long lists are split: Keras' own test for `layer_names` misses `layer_names0`.
    for root in ["/", "/model_weights"] where try kind(root) == .group {
      for name in ["layer_names", "layer_names0"] where try hasAttribute(name, root) { return root }
    }
    return nil
  }

  // MARK: Keras 1 and later: groups by layer_names

  private func groups(in root: String) throws(KerasFileError) -> [WeightGroup] {
    guard let layers = try names("layer_names", root) else {
      throw KerasFileError(file: file, .missing("\(root) attribute layer_names"))
    }
    var groups: [WeightGroup] = []
    for layer in layers { groups.append(try group(layer, in: root)) }
    // Weights that belong to the model itself, of Keras 2.8 and later, are in no list.
    let own = "top_level_model_weights"
    if !layers.contains(own), try kind(join(root, own)) == .group {
      let group = try group(own, in: root)
      if !group.arrays.isEmpty { groups.append(group) }
    }
    return groups
  }

  private func group(_ layer: String, in root: String) throws(KerasFileError) -> WeightGroup {
    let path = join(root, layer)
    guard let weights = try names("weight_names", path) else {
      throw KerasFileError(file: file, .missing("\(path) attribute weight_names"))
    }
    return WeightGroup(name: layer, arrays: try arrays(weights, in: path))
  }

  private func arrays(_ names: [String], in group: String) throws(KerasFileError) -> [StoredArray] {
    var arrays: [StoredArray] = []
    for name in names { arrays.append(try array(name, at: join(group, name))) }
    return arrays
  }

  private func readOptimizer(into source: inout ModelSource) throws(KerasFileError) {
    let path = "/optimizer_weights"
    guard try kind(path) == .group else { return }
    do {
      source.optimizerWeights = try arrays(names("weight_names", path) ?? [], in: path)
    } catch {
      // The model is whole without its optimizer's state: training starts it anew.
      source.diagnostics.append(
        Diagnostic(
          rule: "optimizer-state-unreadable", severity: .warning,
          location: SourceLocation(file: file, container: path), message: "the optimizer's state is left out: \(error)")
      )
    }
  }

  // MARK: Keras 0: groups by number

  private func isPositional() throws(KerasFileError) -> Bool {
    if try hasAttribute("nb_layers", "/") { return true }
    guard try kind("/graph") == .group else { return false }
    return try hasAttribute("nb_params", "/graph")
  }

  /// `layer_k/param_n` of a Sequential, `graph/param_n` of a Graph model: no names at all.
  private func positionalGroups() throws(KerasFileError) -> [WeightGroup] {
    guard let count = try integer("nb_layers", "/") else { return [try positionalGroup("graph")] }
    guard (0...100_000).contains(count) else { throw KerasFileError(file: file, .tooLarge("nb_layers is \(count)")) }
    var groups: [WeightGroup] = []
    for index in 0..<count { groups.append(try positionalGroup("layer_\(index)")) }
    return groups
  }

  private func positionalGroup(_ name: String) throws(KerasFileError) -> WeightGroup {
    guard let count = try integer("nb_params", "/\(name)") else {
      throw KerasFileError(file: file, .missing("/\(name) attribute nb_params"))
    }
    guard (0...100_000).contains(count) else {
      throw KerasFileError(file: file, .tooLarge("nb_params of /\(name) is \(count)"))
    }
    return WeightGroup(name: name, arrays: try arrays((0..<count).map { "param_\($0)" }, in: "/\(name)"))
  }
}

// MARK: Access with this file's errors

extension HDF5ModelReader {
  func join(_ group: String, _ name: String) -> String { group == "/" ? "/\(name)" : "\(group)/\(name)" }

  /// An array as the file describes it, to be read later.
  func array(_ name: String, at path: String) throws(KerasFileError) -> StoredArray {
    let (file, prefix) = (file, prefix)
    let found = try reading { () throws(HDF5Error) in try hdf5.find(path) }
    let readPart: StoredArray.PartReader = { start, target throws(KerasFileError) in
      do throws(HDF5Error) {
        try found.read(at: start, into: target)
      } catch {
        throw KerasFileError(error, file: file, prefix: prefix)
      }
    }
    return StoredArray(
      name: name, path: prefix + path, dtype: found.dtype, shape: found.shape, readPart: found.isPlain ? readPart : nil
    ) { () throws(KerasFileError) -> TensorData in
      do throws(HDF5Error) {
        return try found.read()
      } catch {
        throw KerasFileError(error, file: file, prefix: prefix)
      }
    }
  }

  func kind(_ path: String) throws(KerasFileError) -> HDF5File.ObjectKind? {
    try reading { () throws(HDF5Error) in try hdf5.kind(of: path) }
  }

  func children(_ path: String) throws(KerasFileError) -> [String] {
    try reading { () throws(HDF5Error) in try hdf5.children(of: path) }
  }

  func names(_ attribute: String, _ path: String) throws(KerasFileError) -> [String]? {
    try reading { () throws(HDF5Error) in try hdf5.names(attribute, of: path) }
  }

  func integer(_ attribute: String, _ path: String) throws(KerasFileError) -> Int? {
    try reading { () throws(HDF5Error) in try hdf5.integer(attribute, of: path) }
  }

  func text(_ attribute: String, at path: String) throws(KerasFileError) -> String? {
    try reading { () throws(HDF5Error) in try hdf5.text(attribute, of: path) }
  }

  private func hasAttribute(_ attribute: String, _ path: String) throws(KerasFileError) -> Bool {
    try reading { () throws(HDF5Error) in try hdf5.hasAttribute(attribute, of: path) }
  }

  /// A stamp at the file's root, or at the weights' own group.
  private func text(_ attribute: String, _ weightsRoot: String?) throws(KerasFileError) -> String? {
    if let value = try text(attribute, at: "/") { return value }
    guard let weightsRoot, weightsRoot != "/" else { return nil }
    return try text(attribute, at: weightsRoot)
  }

  private func json(_ attribute: String) throws(KerasFileError) -> JSON? {
    guard let text = try text(attribute, at: "/") else { return nil }
    return try ModelFile.parseJSON(Array(text.utf8), file: file, container: "/ attribute \(attribute)")
  }

  private func reading<Value>(_ body: () throws(HDF5Error) -> Value) throws(KerasFileError) -> Value {
    do {
      return try body()
    } catch {
      throw KerasFileError(error, file: file, prefix: prefix)
    }
  }
}
