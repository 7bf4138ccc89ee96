import KerasCore
import KerasGraph

public enum InterpreterError: Error, Equatable {
  case missingParameter(String)
  case wrongShape(name: String, expected: [Int], found: [Int])
  case indexOutOfRange(Int, rows: Int)
  case unknownShape(op: String)
  case notInVocabulary(Double)
}

/// Runs op graphs in double precision with the plainest possible loops: the oracle that engines are tested against.
public enum Interpreter {
  /// The values of the graph's outputs, each as a tensor of doubles.
  ///
  /// Inputs may have any shapes the graph accepts. Random ops draw from `seed` and their stream; only their distribution
  /// means anything, not the numbers.
  public static func run(
    _ graph: Graph, inputs: [String: Tensor] = [:], parameters: [String: Tensor] = [:], seed: UInt64 = 0
  ) throws -> [Tensor] {
    try run(graph, fetching: graph.outputs, inputs: inputs, parameters: parameters, seed: seed)
  }

  /// The values of any results inside the graph.
  public static func run(
    _ graph: Graph, fetching fetched: [Value], inputs: [String: Tensor] = [:], parameters: [String: Tensor] = [:],
    seed: UInt64 = 0
  ) throws -> [Tensor] {
    var inputTypes: [String: TensorType] = [:]
    for (name, tensor) in inputs {
      guard let value = graph.input(named: name) else { continue }
      inputTypes[name] = TensorType(graph.type(value).dtype, Shape(tensor.shape))
      guard graph.shape(value).accepts(tensor.shape) else {
        throw InterpreterError.wrongShape(
          name: name, expected: graph.shape(value).dimensions.map { $0 ?? -1 }, found: tensor.shape)
      }
    }
    // An input that nothing fetched depends on need not be given.
    for name in graph.inputNames where inputTypes[name] == nil {
      if let value = graph.input(named: name), !isNeeded(value.node, for: fetched, in: graph) {
        inputTypes[name] = graph.type(value)
      }
    }
    let concrete = try graph.specialized(inputs: inputTypes)
    var results: [Int: [Tensor]] = [:]
    for index in neededNodes(for: fetched, in: concrete) {
      let node = concrete.nodes[index]
      let operands = node.operands.compactMap { results[$0.node]?[$0.output] }
      let types = node.operands.map { concrete.type($0) }
      results[index] = try evaluate(node, operands, of: types, inputs, parameters, seed)
    }
    return fetched.compactMap { results[$0.node]?[$0.output] }
  }

  private static func isNeeded(_ node: Int, for fetched: [Value], in graph: Graph) -> Bool {
    neededNodes(for: fetched, in: graph).contains(node)
  }

  private static func neededNodes(for fetched: [Value], in graph: Graph) -> [Int] {
    var needed = [Bool](repeating: false, count: graph.nodes.count)
    for value in fetched { needed[value.node] = true }
    for index in graph.nodes.indices.reversed() where needed[index] {
      for operand in graph.nodes[index].operands { needed[operand.node] = true }
    }
    return needed.indices.filter { needed[$0] }
  }

  /// An element as a category; a string is held as the whole number it reads as.
  private static func category(_ value: Double, of type: TensorType) -> CategoryKey {
    type.dtype == .string ? .text(String(Int(value))) : .integer(Int64(value))
  }

  /// Operands as a program's own functions take them.
  private static func all(_ operands: [Tensor]) -> [CustomFunction.Operand] {
    operands.map { CustomFunction.Operand(shape: $0.shape, values: $0.values) }
  }

  private static func evaluate(
    _ node: Node, _ operands: [Tensor], of types: [TensorType], _ inputs: [String: Tensor],
    _ parameters: [String: Tensor], _ seed: UInt64
  ) throws -> [Tensor] {
    var shapes: [[Int]] = []
    for type in node.types {
      guard let shape = type.shape.concrete else { throw InterpreterError.unknownShape(op: node.op.name) }
      shapes.append(shape)
    }
    let shape = shapes[0]
    switch node.op {
    case .input(let name): return [inputs[name] ?? Tensor(shape, filledWith: 0)]
    case .parameter(let name):
      guard let tensor = parameters[name] else { throw InterpreterError.missingParameter(name) }
      guard tensor.shape == shape else {
        throw InterpreterError.wrongShape(name: name, expected: shape, found: tensor.shape)
      }
      return [tensor]
    case .constant(let data): return [try Tensor(data)]
    case .stopGradient: return [operands[0]]
    case .custom(let function): return [Tensor(shape, try function.result(all(operands), shape: shape))]
    case .customGradient(let function):
      let given = all(operands)
      let gradients = try function.gradients(
        Array(given.dropLast(2)), result: given[given.count - 2], gradient: given[given.count - 1])
      return shapes.indices.map { Tensor(shapes[$0], gradients[$0]) }
    case .unary(let function): return [Tensor(shape, operands[0].values.map { function.evaluate($0) })]
    case .binary(let function): return [zip(operands[0], operands[1], shape, function.evaluate)]
    case .compare(let comparison):
      return [zip(operands[0], operands[1], shape) { comparison.holds($0, $1) ? 1 : 0 }]
    case .select:
      let (condition, a, b) = (
        operands[0].broadcast(to: shape), operands[1].broadcast(to: shape), operands[2].broadcast(to: shape)
      )
      return [Tensor(shape, a.values.indices.map { condition.values[$0] != 0 ? a.values[$0] : b.values[$0] })]
    case .cast(let dtype): return [Tensor(shape, operands[0].values.map { cast($0, to: dtype) })]
    case .matmul(let transposeA, let transposeB):
      return [matmul(operands[0], operands[1], transposeA, transposeB, shape)]
    case .convolution(let convolution):
      return [try evaluateConvolution(convolution, operands[0], operands[1], shape)]
    case .convolutionInputGradient(let convolution, _):
      return [try evaluateInputGradient(convolution, gradient: operands[0], kernel: operands[1], shape)]
    case .convolutionKernelGradient(let convolution, _):
      return [try evaluateKernelGradient(convolution, x: operands[0], gradient: operands[1], shape)]
    case .pool(let pooling): return [try evaluatePool(pooling, operands[0], shape)]
    case .poolGradient(let pooling): return [try evaluatePoolGradient(pooling, x: operands[0], gradient: operands[2])]
    case .reduce(let reduction, let axes, _): return [reduce(reduction, operands[0], axes, shape)]
    case .argMax(let axis): return [argMax(operands[0], axis, shape)]
    case .softmax(let axis): return [alongAxis(operands[0], axis, softmax)]
    case .logSoftmax(let axis): return [alongAxis(operands[0], axis, logSoftmax)]
    case .softmaxGradient(let axis): return [softmaxGradient(operands[0], operands[1], axis)]
    case .cumulativeSum(let axis, let reverse):
      return [alongAxis(operands[0], axis) { cumulativeSum($0, reverse: reverse) }]
    case .reshape: return [Tensor(shape, operands[0].values)]
    case .broadcast: return [operands[0].broadcast(to: shape)]
    case .transpose(let permutation): return [transpose(operands[0], permutation, shape)]
    case .concatenate(let axis): return [concatenate(operands, axis, shape)]
    case .slice(let starts, let limits, let strides): return [slice(operands[0], starts, limits, strides, shape)]
    case .sliceGradient(let starts, let limits, let strides):
      return [sliceGradient(operands[0], starts, limits, strides, shape)]
    case .pad(let before, _, let value): return [pad(operands[0], before, Double(value), shape)]
    case .reverse(let axes): return [reverse(operands[0], axes)]
    case .gatherRows: return [try gatherRows(table: operands[0], indices: operands[1], shape)]
    case .scatterAddRows: return [try scatterAddRows(gradient: operands[0], indices: operands[1], shape)]
    case .iota(let axis): return [Tensor.generate(shape) { Double($0[axis]) }]
    case .dimension(let axis, _): return [Tensor(scalar: Double(operands[0].shape[axis]))]
    case .random(let distribution, let stream):
      return [random(distribution, seed: seed, stream: stream, shape)]
    case .lookup(let lookup):
      let numbering = lookup.numbering()
      return [
        Tensor(
          shape,
          try operands[0].values.map { value in
            guard let number = numbering(category(value, of: types[0])) else {
              throw InterpreterError.notInVocabulary(value)
            }
            return Double(number)
          })
      ]
    case .encodeText(let text):
      let width = max(operands[0].shape.last ?? 1, 1)
      let numbering = text.lookup.numbering()
      let samples = stride(from: 0, to: operands[0].values.count, by: width).map { start in
        operands[0].values[start..<start + width].map { String(Int($0)) }
      }
      return [Tensor(shape, samples.flatMap { text.encoded($0, numbering).map { Double($0) } })]
    case .hash(let hash):
      return [Tensor(shape, operands[0].values.map { Double(hash.bin(of: category($0, of: types[0]))) })]
    case .cross(let cross):
      return [
        Tensor(
          shape,
          operands[0].values.indices.map { index in
            Double(cross.bin(operands.indices.map { category(operands[$0].values[index], of: types[$0]) }))
          })
      ]
    case .recurrence(let recurrence): return evaluateRecurrence(recurrence, operands)
    case .recurrenceGradient(let recurrence): return try evaluateRecurrenceGradient(recurrence, operands)
    }
  }
}
