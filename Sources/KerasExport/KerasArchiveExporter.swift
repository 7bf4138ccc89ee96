import KerasCore
import KerasFile
import KerasModel

/// Writes `.keras` archives that Keras 3 loads, compiled where the source was.
public struct KerasArchiveExporter: Exporter {
  public static let format = "keras"
  public static let name = "Keras 3 archive"
  public static let suffixes = [".keras"]

  public init() {}

  /// 8-bit weights are those of Keras' own quantized layers.
  public static func rounded(
    _ model: LoadedModel, options: ExportOptions
  ) throws(ExportError) -> (model: LoadedModel, values: [String: TensorData])? {
    options.weightFormat == .int8 ? try Int8Layers.quantized(model) : nil
  }

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try Keras3Model(model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let keras3 = try Keras3Model(model, options: options)
    let writer = try Self.contents(of: keras3, record: options.record(keras3.notes, keras3.model))
    do {
      try writer.write(to: path)
    } catch {
      throw ExportError(.file(error))
    }
    return keras3.notes
  }

  /// The variables at the places where a reader of these paths looks for them.
  static func objects(
    _ variables: [Keras3Model.Variable], at paths: ObjectPaths
  ) throws(ExportError) -> [KerasArchiveWriter.StoredObject] {
    var objects = paths.objects.map { KerasArchiveWriter.StoredObject(path: $0.object, name: $0.name) }
    var indices: [String: Int] = [:]
    for (index, object) in objects.enumerated() { indices[object.path] = index }
    for variable in variables {
      guard let (object, role) = paths.object(of: variable.name) else {
        throw ExportError(.malformed("no layer owns the variable \(variable.name)"))
      }
      if indices[object] == nil {
        indices[object] = objects.count
        objects.append(KerasArchiveWriter.StoredObject(path: object))
      }
      guard let index = indices[object] else { continue }
      // SpectralNormalization stores the kernel of the layer inside once more, before its own variable.
      if role == "vector_u" {
        let inner = variable.name.dropLast(role.count) + "layer/"
        let kernel = variables.first { $0.name == inner + "kernel" || $0.name == inner + "embeddings" }
        if let kernel { objects[index].arrays.append(kernel.tensor) }
      }
      objects[index].arrays.append(variable.tensor)
    }
    return objects
  }

  /// What goes into the archive.
  static func contents(of keras3: Keras3Model, record: JSON?) throws(ExportError) -> KerasArchiveWriter {
    var objects = try objects(keras3.variables, at: ObjectPaths(keras3.config))
    var config = keras3.config.keras3JSON
    if let compile = keras3.compile { config["compile_config"] = compile }
    let optimizer = keras3.optimizer.map {
      KerasArchiveWriter.StoredObject(path: "optimizer", name: $0.name, arrays: $0.arrays)
    }
    for inner in keras3.optimizer?.inner ?? [] {
      objects.append(KerasArchiveWriter.StoredObject(path: inner.path, name: inner.name, arrays: inner.arrays))
    }
    return KerasArchiveWriter(
      config: config, objects: objects, optimizer: optimizer, kerasVersion: Keras3Model.kerasVersion,
      record: record)
  }
}
