import KerasCore
import KerasFile
import KerasModel

/// Writes HDF5 models in the layout of Keras 3's own `model.save("x.h5")`.
public struct KerasH5Exporter: Exporter {
  public static let name = "Keras 3 HDF5"
  public static let suffixes = [".h5", ".hdf5"]

  public init() {}

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
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
    let config = keras3.config.keras3JSON
    let writer = LegacyHDF5Writer(
      modelConfig: ["class_name": config["class_name"] ?? .null, "config": config["config"] ?? .null],
      trainingConfig: keras3.compile.map { Self.trainingConfig($0) }, kerasVersion: Keras3Model.kerasVersion,
      layers: layers)
    do {
      try writer.write(to: path)
    } catch {
      throw ExportError(.file(error))
    }
    return keras3.notes
  }

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
