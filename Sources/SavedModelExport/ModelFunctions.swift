import KerasCore
import KerasExport
import KerasGraph
import KerasModel

/// A model as functions of TensorFlow: the one that computes it, and those of its loops.
struct ModelFunctions {
  /// An input or output as callers know it.
  struct Place {
    var keyword: String
    var type: ElementType
    var shape: Shape
  }

  let parts: ModelParts
  let inputs: [Place]
  let outputs: [Place]
  /// Takes the inputs, then a variable for each of `variables`; not among `parts.functions`.
  let main: SMFunction
  /// Positions among the parts' variables.
  let variables: [Int]
  let notes: [ExportNote]

  /// Throws `ExportError` naming the layer that TensorFlow cannot express.
  init(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    let source = try ExportGraph(
      model, allowsRandom: true, foldsWeights: options.weightFormat == .float32)
    let parts = ModelParts(weightFormat: options.weightFormat)
    let function = FunctionBuilder(parts.functionName("serve"))
    let emission = GraphEmission(source.graph, parameters: source.parameters, function: function, parts: parts)
    // Categories may be numbers beyond int32.
    let categories = source.graph.categoryInputs
    var notes = source.notes
    var taken: Set<String> = []
    var inputs: [Place] = []
    for (index, name) in source.inputNames.enumerated() {
      guard let value = source.graph.input(named: name) else { continue }
      let keyword = NodeName.unique(NodeName.keyword(name), &taken)
      if keyword != name { notes.append(ExportNote(.warning, "the input '\(name)' is called '\(keyword)'")) }
      let type = source.graph.type(value)
      let place = Place(
        keyword: keyword, type: categories.contains(name) ? .int64 : ElementType(value: type.dtype), shape: type.shape)
      emission.define(value, function.argument("input_\(index)", place.type, place.shape))
      inputs.append(place)
    }
    try emission.emitAll()
    var results: [(name: String, tensor: Tensor)] = []
    for (index, value) in source.graph.outputs.enumerated() {
      emission.scope = ""
      do {
        results.append(("output_\(index)", emission.node("Identity", [try emission.tensor(value)])))
      } catch let error as ExportError {
        throw error
      } catch {
        throw ExportError(.malformed("the output '\(source.outputNames[index])': \(error)"))
      }
    }
    outputs = results.indices.map {
      Place(
        keyword: results[$0].name, type: results[$0].tensor.type,
        shape: source.graph.shape(source.graph.outputs[$0]))
    }
    if outputs.count > 1 {
      let names = zip(outputs, source.outputNames).map { "\($0.keyword) ('\($1)')" }.joined(separator: ", ")
      notes.append(ExportNote(.warning, "the outputs are called, as Keras' export calls them, \(names)"))
    }
    main = function.function(results: results, keywords: inputs.map(\.keyword))
    variables = emission.usedVariables
    self.inputs = inputs
    self.parts = parts
    self.notes = notes + parts.notes
  }
}
