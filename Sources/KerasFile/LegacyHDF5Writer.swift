import HDF5
import KerasCore

/// Writes HDF5 models in the layout of Keras 2 and of Keras 3's `model.save("x.h5")`, or weights alone.
public struct LegacyHDF5Writer: Sendable {
  public struct NamedArray: Sendable {
    /// As in `weight_names`: `dense_1/kernel`.
    public var name: String
    public var tensor: TensorData

    public init(name: String, tensor: TensorData) {
      self.name = name
      self.tensor = tensor
    }
  }

  /// A layer's weights in Keras' order; a layer without weights has none, but is listed.
  public struct Layer: Sendable {
    public var name: String
    public var arrays: [NamedArray]

    public init(name: String, arrays: [NamedArray]) {
      self.name = name
      self.arrays = arrays
    }
  }

  /// The architecture; without it a weights-only file is written (`save_weights`), its layers at the root.
  public var modelConfig: JSON?
  public var trainingConfig: JSON?
  /// The stamps `keras_version` and `backend`; Keras 1 wrote no backend.
  public var kerasVersion: String?
  public var backend: String?
  /// In model order.
  public var layers: [Layer]
  /// Weights that belong to the model itself.
  public var topLevelArrays: [NamedArray]
  public var optimizerArrays: [NamedArray]
  /// A text for the root's attribute `keraskit`.
  public var record: JSON?

  public init(
    modelConfig: JSON?, trainingConfig: JSON? = nil, kerasVersion: String?, backend: String? = "tensorflow",
    layers: [Layer], topLevelArrays: [NamedArray] = [], optimizerArrays: [NamedArray] = [], record: JSON? = nil
  ) {
    self.record = record
    self.modelConfig = modelConfig
    self.trainingConfig = trainingConfig
    self.kerasVersion = kerasVersion
    self.backend = backend
    self.layers = layers
    self.topLevelArrays = topLevelArrays
    self.optimizerArrays = optimizerArrays
  }

  /// Writes the file, which appears at `path` only when it is complete.
  public func write(to path: String) throws(KerasFileError) {
    do {
      let file = try AtomicFile(replacing: path)
      try writeHDF5(to: file.temporaryPath)
      try file.commit()
    } catch let error as FileError {
      throw KerasFileError(error, file: path)
    } catch let error as HDF5Error {
      throw KerasFileError(error, file: path)
    } catch {
      throw KerasFileError(file: path, .unwritable("\(error)"))
    }
  }

  private func writeHDF5(to path: String) throws(HDF5Error) {
    let hdf5 = try HDF5Writer(path: path)
    var root = "/"
    if let modelConfig {
      root = "/model_weights"
      try writeStamps(to: hdf5, "/")
      try hdf5.setText(modelConfig.text(), attribute: "model_config", of: "/")
      if let trainingConfig { try hdf5.setText(trainingConfig.text(), attribute: "training_config", of: "/") }
    }
    // Keras 1 stamped the file only: Keras 2 takes a group without a stamp for one of Keras 1.
    let isKeras1 = kerasVersion?.hasPrefix("1.") == true
    if !(isKeras1 && modelConfig != nil) { try writeStamps(to: hdf5, root) }
    try hdf5.setNames(layers.map(\.name), attribute: "layer_names", of: root)
    let prefix = root == "/" ? "" : root
    for layer in layers { try Self.write(layer.arrays, to: hdf5, group: "\(prefix)/\(layer.name)") }
    if !isKeras1 { try Self.write(topLevelArrays, to: hdf5, group: "\(prefix)/top_level_model_weights") }
    if !optimizerArrays.isEmpty { try Self.write(optimizerArrays, to: hdf5, group: "/optimizer_weights") }
    if let record { try hdf5.setText(record.text(), attribute: "keraskit", of: "/") }
    try hdf5.finish()
  }

  private func writeStamps(to hdf5: HDF5Writer, _ group: String) throws(HDF5Error) {
    if let kerasVersion { try hdf5.setText(kerasVersion, attribute: "keras_version", of: group) }
    if let backend { try hdf5.setText(backend, attribute: "backend", of: group) }
  }

  private static func write(_ arrays: [NamedArray], to hdf5: HDF5Writer, group: String) throws(HDF5Error) {
    try hdf5.makeGroup(group)
    try hdf5.setNames(arrays.map(\.name), attribute: "weight_names", of: group)
    for array in arrays { try hdf5.write(array.tensor, at: "\(group)/\(array.name)") }
  }
}
