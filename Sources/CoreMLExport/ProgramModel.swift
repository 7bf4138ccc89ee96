import KerasCore
import KerasExport
import KerasGraph
import KerasModel

/// A model as Core ML's messages, and the weights that are stored beside them.
struct ProgramModel {
  private(set) var proto = CoreMLModel()
  let weights: WeightFile
  private(set) var notes: [ExportNote]

  /// How large open axes may be: coremltools refuses ML programs without a bound.
  static let largestBatch = 1024
  static let largestAxis = 4096
  /// The key of names that had to be others, as JSON, in the metadata.
  static let namesKey = "keraskit.names"

  /// Throws `ExportError` naming the layer that Core ML cannot express.
  init(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    let source = try ExportGraph(model, allowsRandom: true, foldsWeights: options.weightFormat == .float32)
    let graph = source.graph
    let parts = ProgramParts(weightFormat: options.weightFormat)
    let main = BlockBuilder(parts)
    let emission = GraphEmission(graph, parameters: source.parameters, block: main)
    notes = source.notes

    var renamed: [String: JSON] = [:]
    var description = CoreMLModelDescription()
    func give(_ name: String, kind: String) -> String {
      let written = parts.names.name(name)
      if written != name { renamed[written] = ["name": .string(name), "is": .string(kind)] }
      return written
    }
    var inputs: [Tensor] = []
    for name in source.inputNames {
      guard let value = graph.input(named: name) else { continue }
      let type = graph.type(value).plain
      guard type.dtype != .string else {
        throw ExportError(.notExpressible(what: "the input '\(name)' of texts", reason: "Core ML's tensors hold none"))
      }
      guard type.shape.rank <= ProgramParts.rankLimit else {
        throw ExportError(
          .notExpressible(
            what: "the input '\(name)' of \(type.shape.rank) axes",
            reason: "Core ML's tensors have at most \(ProgramParts.rankLimit)"))
      }
      // Features are numbers, which a bool is 0 or 1 of.
      let given = Tensor(
        name: give(name, kind: "input"), type: TensorType(type.dtype == .bool ? .int32 : type.dtype, type.shape))
      inputs.append(given)
      emission.define(value, main.cast(given, to: type.dtype))
      description.input.append(Self.feature(given, of: name, isInput: true))
    }
    let names = source.outputNames.map { give($0, kind: "output") }
    try emission.emitAll()
    var outputs = OutputNames(main, inputs: inputs)
    for (name, value) in zip(source.outputNames.indices, graph.outputs) {
      let tensor = try outputs.give(names[name], to: value, in: emission)
      description.output.append(Self.feature(tensor, of: source.outputNames[name], isInput: false))
    }
    weights = parts.weights
    notes += parts.notes
    for name in renamed.keys.sorted() {
      guard let original = renamed[name]?["name"]?.stringValue, let kind = renamed[name]?["is"]?.stringValue else {
        continue
      }
      notes.append(
        ExportNote(.rewritten, "the \(kind) '\(original)' is called '\(name)': Core ML's names are words"))
    }
    if inputs.contains(where: { $0.shape.dimensions.contains(nil) }) {
      notes.append(
        ExportNote(
          .warning,
          "takes up to \(Self.largestBatch) samples at a time, and up to \(Self.largestAxis) elements along "
            + "other open axes: Core ML's programs need a bound"))
    }
    if parts.needsStoredTypes {
      notes.append(ExportNote(.warning, "weights in \(options.weightFormat.rawValue) need iOS 16 or macOS 13"))
    }

    description.metadata.shortDescription = "Converted by KerasKit from the Keras model '\(model.network.name)'"
    if let record = try options.record(notes) {
      description.metadata.userDefined[ExportOptions.recordKey] = record.text()
    }
    if !renamed.isEmpty {
      let originals = renamed.sorted { $0.key < $1.key }.map { ($0.key, $0.value["name"] ?? .null) }
      description.metadata.userDefined[Self.namesKey] = JSON.object(.init(uniqueKeysWithValues: originals)).text()
    }
    var function = CoreMLFunction()
    let opset = parts.needsStoredTypes ? "CoreML6" : "CoreML5"
    function.opset = opset
    function.inputs = inputs.map { CoreMLNamedValueType($0) }
    function.blockSpecializations[opset] = outputs.block(constants: parts.constants)
    proto.specificationVersion = parts.needsStoredTypes ? 7 : 6
    proto.description_p = description
    proto.mlProgram.version = 1
    proto.mlProgram.functions["main"] = function
  }

  /// What Core ML says of an input or output: numbers of that shape, with bounds for the axes that are open.
  private static func feature(_ tensor: Tensor, of original: String, isInput: Bool) -> CoreMLFeatureDescription {
    var feature = CoreMLFeatureDescription()
    feature.name = tensor.name
    if tensor.name != original { feature.shortDescription = original }
    var array = CoreMLArrayFeatureType()
    array.dataType = tensor.dtype == .int32 ? .int32 : .float32
    let sizes = tensor.shape.dimensions
    // Outputs of open shape state none, as coremltools writes them.
    if isInput || !sizes.contains(nil) { array.shape = sizes.map { Int64($0 ?? 1) } }
    if isInput, sizes.contains(nil) {
      array.shapeRange.sizeRanges = sizes.enumerated().map { axis, size in
        var range = CoreMLSizeRange()
        range.lowerBound = UInt64(clamping: size ?? 1)
        range.upperBound = Int64(size ?? (axis == 0 ? largestBatch : largestAxis))
        return range
      }
    }
    feature.type.multiArrayType = array
    return feature
  }
}
