import KerasCore
import KerasFile
import KerasModel

/// Writes weights alone as Keras 3's `model.save_weights("x.weights.h5")` does, to be loaded into the converted model.
///
/// Where `ExportOptions.release` asks for tf.keras 2.15, as its `save_weights` does of the same name.
public struct WeightsH5Exporter: Exporter {
  public static let format = "weights"
  public static let name = "Keras weights"
  public static let suffixes = [".weights.h5"]

  public init() {}

  public static func rounded(
    _ model: LoadedModel, options: ExportOptions
  ) throws(ExportError) -> (model: LoadedModel, values: [String: TensorData])? {
    try KerasH5Exporter.rounded(model, options: options)
  }

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    try KerasH5Exporter().check(model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let lost = [ExportNote(.lost, "the architecture and the training config: the file holds weights alone")]
    let notes: [ExportNote]
    do {
      if try Keras2Release.isAsked(by: options) {
        let keras2 = try Keras2Model(model, options: options)
        let paths = ObjectPaths(keras2.model, hasPrivateParts: true)
        // 2.15 asks the model itself for variables too.
        let objects = try [.init(path: "")] + KerasArchiveExporter.objects(keras2.variables, at: paths)
        try KerasArchiveWriter(config: keras2.config, objects: objects, kerasVersion: Keras2Model.kerasVersion)
          .writeWeights(replacing: path)
        notes = keras2.notes + Keras2Release.notes(options) + lost
      } else {
        let keras3 = try Keras3Model(model, options: options)
        try KerasArchiveExporter.contents(of: keras3, record: nil).writeWeights(replacing: path)
        notes = keras3.notes + lost
      }
    } catch {
      throw ExportError(of: error)
    }
    return notes
  }
}
