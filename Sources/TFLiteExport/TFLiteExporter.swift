import KerasCore
import KerasExport
import KerasFile
import KerasGraph
import KerasModel

/// Writes `.tflite` files that TensorFlow Lite's and LiteRT's interpreters run with built-in operators alone.
///
/// The batch stays open (`resize_tensor_input`); the signature `serving_default` names inputs and outputs.
public struct TFLiteExporter: Exporter {
  public static let format = "tflite"
  public static let name = "TensorFlow Lite model"
  public static let suffixes = [".tflite"]

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try file(try ExportGraph(model), options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let source = try ExportGraph(model)
    let bytes = try file(source, options)
    do {
      try AtomicFile.write(bytes, to: path)
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unwritable(error.description))))
    }
    return source.notes
  }

  private func file(_ source: ExportGraph, _ options: ExportOptions) throws(ExportError) -> [UInt8] {
    let prepared = try RecurrenceUnrolling(source).result
    let model = ModelBuilder(weightFormat: options.weightFormat)
    let main = model.addSubgraph(named: "main")
    let emitter = GraphEmitter(graph: prepared.graph, parameters: prepared.parameters, builder: main)
    var signature = ModelBuilder.Signature(inputs: [], outputs: [])
    for name in prepared.inputNames {
      guard let value = prepared.graph.input(named: name) else { continue }
      let type = prepared.graph.type(value)
      guard type.dtype != .string else {
        throw ExportError(
          .notExpressible(what: "the input '\(name)' of texts", reason: "TensorFlow Lite's operators read no texts"))
      }
      let dtype: DType = type.dtype.isFloatingPoint ? .float32 : type.dtype == .bool ? .bool : .int32
      let tensor = main.addInput(name, TensorType(dtype, type.shape))
      emitter.bind(value, to: tensor)
      signature.inputs.append((name, tensor))
    }
    try emitter.emitAll()
    var taken = Set(main.inputs)
    for (name, value) in zip(prepared.outputNames, prepared.graph.outputs) {
      var tensor = try emitter.tensor(value)
      // An output is a tensor of its own, even where the model returns an input, a constant or one result twice.
      if !taken.insert(tensor).inserted || main.isConstant(tensor) {
        tensor = main.copy(tensor)
        taken.insert(tensor)
      }
      main.rename(tensor, name)
      main.outputs.append(tensor)
      signature.outputs.append((name, tensor))
    }
    return try model.file(signature: signature, record: options.record(source.notes))
  }
}
