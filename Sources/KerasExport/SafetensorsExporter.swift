import KerasCore
import KerasFile
import KerasModel
import OrderedCollections

/// Writes safetensors files: every variable by its canonical path, the canonical config and the training config as texts
/// of the metadata.
///
/// The canonical form says all that any release computed, so no model is refused and nothing is rewritten; what only it
/// can say begins with `keraskit>`. `trained_by` names the release whose training the model has.
public struct SafetensorsExporter: Exporter {
  public static let format = "safetensors"
  public static let name = "safetensors with the canonical config"
  public static let suffixes = [".safetensors"]

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try contents(of: model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let (writer, notes) = try contents(of: model, options: options)
    do {
      try writer.write(to: path)
    } catch {
      throw ExportError(.file(error))
    }
    return notes
  }

  private func contents(
    of model: LoadedModel, options: ExportOptions
  ) throws(ExportError) -> (SafetensorsWriter, [ExportNote]) {
    let config = try ModelConfig(model.canonical.config, path: "")
    let arrays = try arrays(of: model, layers: config.layers, format: options.weightFormat)
    var metadata: OrderedDictionary<String, String> = [
      "format": "keras", "keras_version": Keras3Model.kerasVersion,
      "config": Self.withoutPointers(model.canonical.config).text(),
      "variables": JSON.array(arrays.map { .string($0.name) }).text(),
    ]
    if let compile = model.canonical.compile { metadata["compile_config"] = compile.text() }
    metadata["trained_by"] = model.semantics.name
    var notes: [ExportNote] = []
    if model.optimizerState != nil { notes.append(ExportNote(.lost, "the optimizer's state: training begins anew")) }
    if TrainingSemantics(named: model.semantics.name) != model.semantics, model.canonical.compile != nil {
      notes.append(
        ExportNote(.lost, "that its optimizer is one of tf.keras' legacy classes: read back, it is a current one"))
    }
    if let record = try options.record(notes, model) { metadata[ExportOptions.recordKey] = record.text() }
    return (SafetensorsWriter(arrays: arrays, metadata: metadata), notes)
  }

  /// The canonical config without the places in the file that it was read from.
  private static func withoutPointers(_ json: JSON) -> JSON {
    switch json {
    case .array(let elements): return .array(elements.map { withoutPointers($0) })
    case .object(var members):
      members["source_pointer"] = nil
      return .object(members.mapValues { withoutPointers($0) })
    default: return json
    }
  }

  /// Layer by layer, trained variables first, as HDF5 files of Keras hold them.
  private func arrays(
    of model: LoadedModel, layers: [LayerConfig], format: ExportOptions.WeightFormat
  ) throws(ExportError) -> [(name: String, tensor: TensorData)] {
    guard format != .int8 else {
      throw ExportError(
        .notExpressible(what: "weights as 8-bit integers", reason: "safetensors has no place for their scales"))
    }
    let target: DType? = [.float16: .float16, .bfloat16: .bfloat16][format]
    var variables: [(layer: String, name: String, tensor: TensorData, trainable: Bool)] = []
    do {
      for parameter in try model.network.parameterSpecs() {
        guard var tensor = model.weights[parameter.name] else { throw ModelError(.missingWeight(parameter.name)) }
        if let target, format.applies(to: tensor) { tensor = try tensor.converted(to: target) }
        let layer = String(parameter.name.prefix { $0 != "/" })
        variables.append((layer, parameter.name, tensor, parameter.spec.trainable && parameter.trainable))
      }
    } catch let error as ModelError {
      throw ExportError(.model(error))
    } catch {
      throw ExportError(.malformed("\(error)"))
    }
    var order: OrderedDictionary<String, [(name: String, tensor: TensorData)]> = [:]
    for trained in [true, false] {
      for variable in variables where variable.trainable == trained {
        order[variable.layer, default: []].append((variable.name, variable.tensor))
      }
    }
    let names = layers.map(\.name)
    return order.sorted {
      (names.firstIndex(of: $0.key) ?? names.count) < (names.firstIndex(of: $1.key) ?? names.count)
    }.flatMap(\.value)
  }
}
