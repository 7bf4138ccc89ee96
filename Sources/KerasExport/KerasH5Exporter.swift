import KerasCore
import KerasFile
import KerasModel

/// Writes HDF5 models in the layout of Keras 3's own `model.save("x.h5")`, or that of tf.keras 2.15 where
/// `ExportOptions.release` asks for one of its line.
public struct KerasH5Exporter: Exporter {
  public static let format = "h5"
  public static let name = "Keras HDF5"
  public static let suffixes = [".h5", ".hdf5"]

  public init() {}

  /// 8-bit weights are those of Keras 3's own quantized layers, which its HDF5 files hold too (measured with 3.15.1).
  public static func rounded(
    _ model: LoadedModel, options: ExportOptions
  ) throws(ExportError) -> (model: LoadedModel, values: [String: TensorData])? {
    try Keras2Release.isAsked(by: options) ? nil : KerasArchiveExporter.rounded(model, options: options)
  }

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    if try Keras2Release.isAsked(by: options) {
      _ = try Keras2Model(model, options: options)
    } else {
      _ = try Keras3Model(model, options: options)
    }
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    if try Keras2Release.isAsked(by: options) { return try exportKeras2(model, to: path, options: options) }
    let keras3 = try Keras3Model(model, options: options)
    var layers: [LegacyHDF5Writer.Layer] = []
    for layer in keras3.config.layers where !(keras3.config.isSequential && layer.className == "InputLayer") {
      let own = keras3.variables.filter { $0.name.hasPrefix(layer.name + "/") }
      // Keras lists a layer's trained variables first, those of layers inside it included.
      let ordered = own.filter(\.trainable) + own.filter { !$0.trainable }
      layers.append(
        LegacyHDF5Writer.Layer(
          name: layer.name, arrays: ordered.map { LegacyHDF5Writer.NamedArray(name: $0.name, tensor: $0.tensor) }))
    }
    var (compile, notes) = (keras3.compile, keras3.notes)
    if let config = compile, !Self.isFound(config) {
      compile = nil
      notes.append(
        ExportNote(.lost, "the training config: Keras 3 finds its optimizer in no HDF5 file; .keras keeps it"))
    } else if keras3.optimizer != nil {
      // Keras 3.15.1 builds the optimizer for no variables before it reads the state (legacy_h5_format.py), and the model
      // then cannot be trained: even its own files.
      notes.append(
        ExportNote(
          .lost, "the optimizer's state: Keras 3 cannot train a model loaded from HDF5 with one; .keras keeps it"))
    }
    let config = keras3.config.keras3JSON
    let writer = try LegacyHDF5Writer(
      modelConfig: ["class_name": config["class_name"] ?? .null, "config": config["config"] ?? .null],
      trainingConfig: compile.map { Self.trainingConfig($0) }, kerasVersion: Keras3Model.kerasVersion,
      layers: layers, record: options.record(notes, keras3.model))
    do {
      try writer.write(to: path)
    } catch {
      throw ExportError(.file(error))
    }
    return notes
  }

  private func exportKeras2(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let keras2 = try Keras2Model(model, options: options)
    let notes = keras2.notes + Keras2Release.notes(options)
    let writer = keras2.writer(record: try options.record(notes, keras2.loaded))
    do {
      try writer.write(to: path)
    } catch {
      throw ExportError(.file(error))
    }
    return notes
  }

  /// Whether Keras 3.15's HDF5 loader finds the optimizer, which it looks for among fewer classes than the archive's does.
  private static func isFound(_ compile: JSON) -> Bool { compile["optimizer"]?["class_name"] != "Lamb" }

  /// The older form: the optimizer as `optimizer_config`, without its module.
  private static func trainingConfig(_ compile: JSON) -> JSON {
    var result: JSON = [:]
    for key in [
      "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution", "jit_compile",
    ] {
      result[key] = compile[key] ?? .null
    }
    let optimizer = compile["optimizer"]
    result["optimizer_config"] = [
      "class_name": optimizer?["class_name"] ?? .null, "config": optimizer?["config"] ?? .null,
    ]
    return result
  }
}
