import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

/// An operation on small random operands whose gradients are compared with finite differences.
struct GradientCase: Sendable, CustomTestStringConvertible {
  struct Operand: Sendable {
    var dtype: DType
    var value: Tensor
    /// Axes declared unknown when the case is run once more with a graph that is specialised only later.
    var unknownAxes: Set<Int>
    /// Whether a gradient flows to it.
    var isVariable = true
  }

  var op: Op
  var operands: [Operand]
  var note: String

  init(_ op: Op, _ operands: Operand..., note: String = "") {
    self.init(op, operands, note: note)
  }

  init(_ op: Op, _ operands: [Operand], note: String = "") {
    self.op = op
    self.operands = operands
    self.note = note
  }

  var testDescription: String {
    "\(op.name) " + operands.map { Shape($0.value.shape).description }.joined(separator: " ") + " \(note)"
  }

  /// Numbers that differ with the shape and the seed.
  static func float(
    _ shape: [Int], _ range: ClosedRange<Double> = -1...1, unknown: Set<Int> = [], seed: UInt64 = 1
  ) -> Operand {
    Operand(
      dtype: .float32, value: .random(shape, seed: seed &* 31 &+ UInt64(shape.count), in: range), unknownAxes: unknown)
  }

  static func values(_ values: [Double], shape: [Int]? = nil) -> Operand {
    Operand(dtype: .float32, value: Tensor(shape ?? [values.count], values), unknownAxes: [])
  }

  static func integers(_ values: [Double], shape: [Int], unknown: Set<Int> = []) -> Operand {
    Operand(dtype: .int32, value: Tensor(shape, values), unknownAxes: unknown)
  }

  static func mask(_ values: [Double], shape: [Int], unknown: Set<Int> = []) -> Operand {
    Operand(dtype: .bool, value: Tensor(shape, values), unknownAxes: unknown)
  }

  /// The operation's graph, the sum of its results weighted with random numbers, and the float operands.
  func graph(declaringUnknownAxes: Bool) throws -> (graph: Graph, loss: Value, variables: [Value]) {
    var graph = Graph()
    var variables: [Value] = []
    let values = operands.enumerated().map { index, operand in
      var shape = Shape(operand.value.shape)
      if declaringUnknownAxes { for axis in operand.unknownAxes { shape[axis] = nil } }
      let value = graph.addInput("operand\(index)", TensorType(operand.dtype, shape))
      if operand.dtype == .float32, operand.isVariable { variables.append(value) }
      return value
    }
    let results = try graph.add(op, values)
    var loss: Value?
    for (index, result) in results.enumerated() {
      let weights = graph.addInput("weights\(index)", graph.type(result))
      let weighted = try graph.add(.binary(.multiply), [result, weights])[0]
      let axes = Array(0..<graph.shape(result).rank)
      let sum = try graph.add(.reduce(.sum, axes: axes, keepDimensions: false), [weighted])[0]
      loss = try loss.map { try graph.add(.binary(.add), [$0, sum])[0] } ?? sum
    }
    return (graph, try #require(loss), variables)
  }

  /// Compares each gradient with the central difference quotient of the interpreter's loss.
  func check(declaringUnknownAxes: Bool, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
    var (graph, loss, variables) = try graph(declaringUnknownAxes: declaringUnknownAxes)
    let gradients = try graph.gradients(of: loss, with: variables)
    var inputs: [String: Tensor] = [:]
    var types: [String: TensorType] = [:]
    for (index, operand) in operands.enumerated() {
      inputs["operand\(index)"] = operand.value
      types["operand\(index)"] = TensorType(operand.dtype, Shape(operand.value.shape))
    }
    // The weights have the results' shapes.
    var plain = Graph()
    let results = try plain.add(
      op, operands.indices.map { plain.addInput("\($0)", types["operand\($0)"] ?? .init(.float32, [])) })
    for (index, result) in results.enumerated() {
      let shape = try #require(plain.shape(result).concrete, sourceLocation: sourceLocation)
      inputs["weights\(index)"] = .random(shape, seed: 77 + UInt64(index), in: 0.5...1.5)
    }

    let computed = try Interpreter.run(graph, fetching: gradients.compactMap { $0 }, inputs: inputs)
    var remaining = computed.makeIterator()
    let variableIndices = operands.indices.filter { operands[$0].dtype == .float32 && operands[$0].isVariable }
    let names = variableIndices.map { "operand\($0)" }
    for (name, gradient) in zip(names, gradients) {
      let value = try #require(inputs[name])
      let found = (gradient == nil ? nil : remaining.next()) ?? Tensor(value.shape, filledWith: 0)
      #expect(found.shape == value.shape, "\(name)", sourceLocation: sourceLocation)
      for position in value.values.indices {
        let step = 1e-5
        var (above, below) = (inputs, inputs)
        above[name]?.values[position] += step
        below[name]?.values[position] -= step
        let high = try Interpreter.run(graph, fetching: [loss], inputs: above)[0].values[0]
        let low = try Interpreter.run(graph, fetching: [loss], inputs: below)[0].values[0]
        let expected = (high - low) / (2 * step)
        let difference = abs(found.values[position] - expected)
        #expect(
          difference <= 1e-6 * max(1, abs(expected)),
          "\(name)[\(position)]: \(found.values[position]), finite difference \(expected)",
          sourceLocation: sourceLocation)
      }
    }
  }
}
