import KerasExport
import KerasGraph

/// Gives the tensors that hold a graph's outputs the outputs' names.
struct OutputNames {
  private let main: BlockBuilder
  private let inputs: [Tensor]
  /// New names by the old ones.
  private var renamed: [String: String] = [:]
  private var outputs: [Tensor] = []

  init(_ main: BlockBuilder, inputs: [Tensor]) { (self.main, self.inputs) = (main, inputs) }

  /// Names the tensor of an output, or a copy of it where it has a name already or is an input or a constant; bools are
  /// put out as 0 and 1.
  mutating func give(_ name: String, to value: Value, in emission: GraphEmission) throws(ExportError) -> Tensor {
    emission.scope = emission.graph.nodes[value.node].scope
    do {
      var tensor = try emission.tensor(value)
      guard tensor.dtype != .string else { throw emission.refused("an output of texts", "Core ML's tensors hold none") }
      if tensor.dtype == .bool { tensor = main.cast(tensor, to: .int32) }
      let isMade = main.operations.contains { $0.outputs.contains { $0.name == tensor.name } }
      if !isMade || renamed[tensor.name] != nil { tensor = main.unary("identity", tensor) }
      renamed[tensor.name] = name
      let output = Tensor(name: name, type: tensor.type)
      outputs.append(output)
      return output
    } catch let error as ExportError {
      throw error
    } catch {
      throw ExportError(.malformed("the output '\(name)': \(error)"))
    }
  }

  /// The program's block, with constants before all else.
  func block(constants: [CoreMLOperation]) -> CoreMLBlock {
    var proto = main.proto(inputs: [], outputs: outputs)
    proto.operations = constants + proto.operations.map { renaming($0) }
    return proto
  }

  private func renaming(_ operation: CoreMLOperation) -> CoreMLOperation {
    var operation = operation
    for (key, argument) in operation.inputs {
      for index in argument.arguments.indices {
        if let new = renamed[argument.arguments[index].name] { operation.inputs[key]?.arguments[index].name = new }
      }
    }
    for index in operation.outputs.indices {
      if let new = renamed[operation.outputs[index].name] { operation.outputs[index].name = new }
    }
    // A loop's blocks see the tensors around them.
    for index in operation.blocks.indices {
      operation.blocks[index].operations = operation.blocks[index].operations.map { renaming($0) }
      operation.blocks[index].outputs = operation.blocks[index].outputs.map { renamed[$0] ?? $0 }
    }
    return operation
  }
}
