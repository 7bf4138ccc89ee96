import KerasCore
import KerasFile
import KerasModel

/// Writes TensorFlow.js layers models: a folder with `model.json` and the weights in shards of 4 MB.
///
/// The topology is that of tf.keras 2.15, which `tf.loadLayersModel` reads as tensorflowjs 4.22 writes it.
public struct TFJSExporter: Exporter {
  public static let format = "tfjs"
  public static let name = "TensorFlow.js layers model"
  public static let suffixes = [".tfjs"]

  private static let shardSize = 4 * 1024 * 1024

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try contents(of: model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let (json, bytes, notes) = try contents(of: model, options: options)
    do {
      let folder = try AtomicFolder(replacing: path)
      try folder.write(Array(json.text().utf8), as: "model.json")
      for (index, name) in Self.shardNames(bytes.count).enumerated() {
        let first = index * Self.shardSize
        try folder.write(Array(bytes[first..<min(first + Self.shardSize, bytes.count)]), as: name)
      }
      try folder.commit()
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unwritable("\(error)"))))
    }
    return notes
  }

  /// Words that all releases of TensorFlow.js know: `Functional` came with 2.3, `silu` is `swish`.
  private static func named(_ config: JSON) -> JSON {
    switch config {
    case .array(let elements): return .array(elements.map { named($0) })
    case .object(var members):
      members = members.mapValues { named($0) }
      if members["class_name"] == "Functional" { members["class_name"] = "Model" }
      for key in ["activation", "recurrent_activation"] where members[key] == "silu" { members[key] = "swish" }
      return .object(members)
    default: return config
    }
  }

  public static func rounded(
    _ array: TensorData, in format: ExportOptions.WeightFormat
  ) throws(TensorDataError) -> TensorData {
    format == .int8 && format.applies(to: array) ? try TFJSWeight.rounded(array) : try format.rounded(array)
  }

  public static func recognizes(_ path: String) -> Bool {
    FolderListing.isFolder(path) && (try? FileContents(path: "\(path)/model.json")) != nil
  }

  public static func record(in path: String) throws(ExportError) -> JSON? {
    try ExportOptions.record(inFile: "\(path)/model.json")?["userDefinedMetadata"]?[ExportOptions.recordKey]
  }

  private static func shardNames(_ size: Int) -> [String] {
    let count = (size + shardSize - 1) / shardSize
    return (0..<count).map { "group1-shard\($0 + 1)of\(count).bin" }
  }

  private func contents(
    of model: LoadedModel, options: ExportOptions
  ) throws(ExportError) -> (json: JSON, bytes: [UInt8], notes: [ExportNote]) {
    var plain = options
    plain.weightFormat = .float32
    let keras2 = try Keras2Model(model, options: plain, target: .tensorFlowJS)
    try TFJSLayers.check(keras2.model)
    var entries: [JSON] = []
    var bytes: [UInt8] = []
    var taken: Set<String> = []
    for (name, variable) in keras2.layers.flatMap(\.variables) {
      guard taken.insert(name).inserted else {
        throw ExportError(
          .notExpressible(
            what: "two variables of the name '\(name)'", reason: "TensorFlow.js finds weights by name alone"))
      }
      let stored = try TFJSWeight(variable.tensor, format: options.weightFormat, name: name)
      entries.append(stored.entry(name))
      bytes += stored.bytes
    }
    let topology: JSON = [
      "keras_version": .string(Keras2Model.kerasVersion), "backend": "tensorflow",
      "model_config": Self.named(keras2.config),
    ]
    var json: JSON = [
      "format": "layers-model", "generatedBy": .string("keras v\(Keras2Model.kerasVersion)"), "convertedBy": "KerasKit",
      "modelTopology": topology,
      "weightsManifest": [
        ["paths": .array(Self.shardNames(bytes.count).map { .string($0) }), "weights": .array(entries)]
      ],
    ]
    var notes = keras2.notes
    if let training = keras2.trainingConfig { json["modelTopology"]?["training_config"] = training }
    if keras2.optimizer != nil {
      notes.append(ExportNote(.lost, "the optimizer's state: TensorFlow.js has no place for it"))
    }
    if let record = try options.record(notes) { json["userDefinedMetadata"] = [ExportOptions.recordKey: record] }
    return (json, bytes, notes)
  }
}
