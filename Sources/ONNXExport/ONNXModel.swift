import Foundation
import KerasCore
import KerasExport
import KerasGraph
import KerasModel

/// A model as ONNX' messages.
struct ONNXModel {
  private(set) var proto: ONNXModelProto
  var notes: [ExportNote]

  /// Throws `ExportError` naming the layer that ONNX cannot express.
  init(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    let opset = try Opset(options.opset)
    let source = try ExportGraph(
      model, allowsRandom: true, foldsWeights: options.weightFormat == .float32)
    let outputNames = Self.outputNames(source)
    let parts = ModelParts(
      opset: opset, weightFormat: options.weightFormat, reserved: source.inputNames + outputNames)
    let emission = GraphEmission(source.graph, parameters: source.parameters, parts: parts)
    let dimensions = DimensionNames(source)
    // Categories may be numbers beyond int32.
    let categories = source.graph.categoryInputs

    var graph = ONNXGraphProto()
    graph.name = model.network.name
    for name in source.inputNames {
      guard let value = source.graph.input(named: name) else { continue }
      emission.define(value, name)
      let isWide = categories.contains(name)
      if isWide { emission.wide.insert(value) }
      graph.input.append(
        ONNXValueInfoProto(
          name, source.graph.type(value), dimensionNames: dimensions.ofInput(name), element: isWide ? .int64 : nil))
    }
    try emission.emitAll()
    var outputs = OutputNaming(emission)
    for (index, value) in source.graph.outputs.enumerated() {
      try outputs.give(outputNames[index], to: value)
      graph.output.append(
        ONNXValueInfoProto(
          outputNames[index], source.graph.type(value), dimensionNames: dimensions.ofOutput(index)))
    }
    graph.node = outputs.nodes()
    graph.initializer = parts.initializers

    proto = ONNXModelProto()
    proto.irVersion = opset.irVersion
    proto.producerName = "keraskit"
    proto.docString = "Converted by KerasKit"
    proto.opsetImport = [Self.operatorSet("", opset.version)]
    // Version 2 brought the lookups of texts and whole numbers; every runtime of these opsets has it.
    if parts.usesMachineLearning { proto.opsetImport.append(Self.operatorSet("ai.onnx.ml", 2)) }
    proto.graph = graph
    notes = source.notes + parts.notes
    for (name, written) in zip(source.outputNames, outputNames) where name != written {
      notes.append(ExportNote(.rewritten, "the output '\(name)' is called '\(written)': an input has its name"))
    }
  }

  /// Adds a text to the model's metadata.
  mutating func add(_ text: String, as key: String) {
    var entry = ONNXStringStringEntryProto()
    (entry.key, entry.value) = (key, text)
    proto.metadataProps.append(entry)
  }

  /// The bytes that the weights take.
  var weightBytes: Int { proto.graph.initializer.reduce(0) { $0 + $1.rawData.count } }

  /// Writes weights of `smallest` bytes or more to a file that the model then names.
  mutating func moveWeights(to file: AtomicFile, location: String, atLeast smallest: Int) throws(FileError) {
    var offset = 0
    for index in proto.graph.initializer.indices where proto.graph.initializer[index].rawData.count >= smallest {
      // A multiple of the page's size lets runtimes map the file.
      let padding = (4096 - offset % 4096) % 4096
      try file.write([UInt8](repeating: 0, count: padding))
      offset += padding
      let bytes = [UInt8](proto.graph.initializer[index].rawData)
      try file.write(bytes)
      proto.graph.initializer[index].clearRawData()
      proto.graph.initializer[index].dataLocation = 1
      proto.graph.initializer[index].externalData = [
        ("location", location), ("offset", String(offset)), ("length", String(bytes.count)),
      ].map { key, value in
        var entry = ONNXStringStringEntryProto()
        (entry.key, entry.value) = (key, value)
        return entry
      }
      offset += bytes.count
    }
  }

  private static func operatorSet(_ domain: String, _ version: Int) -> ONNXOperatorSetIdProto {
    var set = ONNXOperatorSetIdProto()
    (set.domain, set.version) = (domain, Int64(version))
    return set
  }

  /// The model's, with `_output` appended where an input has the name.
  private static func outputNames(_ source: ExportGraph) -> [String] {
    var taken = Set(source.inputNames + source.outputNames)
    return source.outputNames.map { name in
      guard source.inputNames.contains(name) else { return name }
      var result = "\(name)_output"
      while !taken.insert(result).inserted { result += "_output" }
      return result
    }
  }
}
