import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

/// What happens where a gradient is a choice: TensorFlow's.
@Suite struct GradientConventionTests {
  private func gradients(_ op: Op, _ operands: Tensor...) throws -> [[Double]?] {
    var graph = Graph()
    var inputs: [String: Tensor] = [:]
    let values = operands.enumerated().map { index, operand in
      inputs["\(index)"] = operand
      return graph.addInput("\(index)", TensorType(.float32, Shape(operand.shape)))
    }
    let loss = try graph.add(op, values)[0]
    return try graph.gradients(of: loss, with: values).map { gradient in
      try gradient.map { try Interpreter.run(graph, fetching: [$0], inputs: inputs)[0].values }
    }
  }

  @Test func reluAndAbsoluteHaveZeroAtZero() throws {
    #expect(try gradients(.unary(.relu), Tensor([3], [-1, 0, 1])) == [[0, 0, 1]])
    #expect(try gradients(.unary(.absolute), Tensor([3], [-1, 0, 1])) == [[-1, 0, 1]])
    #expect(try gradients(.unary(.leakyRelu(slope: 0.25)), Tensor([3], [-1, 0, 1])) == [[0.25, 0.25, 1]])
  }

  @Test func clippingPassesGradientsAtItsBounds() throws {
    let clip = Op.unary(.clip(minimum: -1, maximum: 2))
    #expect(try gradients(clip, Tensor([4], [-1.5, -1, 2, 2.5])) == [[0, 1, 1, 0]])
    let hardSigmoid = Op.unary(.hardSigmoid(scale: 0.25, offset: 0.5))
    #expect(try gradients(hardSigmoid, Tensor([4], [-2.1, -2, 2, 2.1])) == [[0, 0.25, 0.25, 0]])
  }

  @Test func extremeOfTwoEqualsGoesToTheFirst() throws {
    let (a, b) = (Tensor([3], [1, 2, 3]), Tensor([3], [2, 2, 2]))
    #expect(try gradients(.binary(.maximum), a, b) == [[0, 1, 1], [1, 0, 0]])
    #expect(try gradients(.binary(.minimum), a, b) == [[1, 1, 0], [0, 0, 1]])
  }

  @Test func reducedExtremeIsSharedAmongTies() throws {
    let maximum = Op.reduce(.maximum, axes: [0], keepDimensions: false)
    #expect(try gradients(maximum, Tensor([4], [3, 1, 3, 2])) == [[0.5, 0, 0.5, 0]])
  }

  @Test func pooledMaximumGoesToTheFirstOfTheWindow() throws {
    let pooling = Pooling(kind: .maximum, window: [2], strides: [2], padding: .valid(1))
    #expect(try gradients(.pool(pooling), Tensor([1, 4, 1], [5, 5, 1, 2])) == [[1, 0, 0, 1]])
  }

  @Test func powerWithNonPositiveBaseHasNoGradientInTheExponent() throws {
    let found = try gradients(.binary(.power), Tensor([2], [0, -2]), Tensor([2], [2, 2]))
    #expect(found == [[0, -4], [0, 0]])
  }

  @Test func unusedValuesHaveNoGradient() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, 3]))
    let unused = graph.addInput("unused", TensorType(.float32, [3]))
    let stopped = try graph.add(.stopGradient, [x])[0]
    let rounded = try graph.add(.unary(.floor), [x])[0]
    let loss = try graph.add(.binary(.add), [stopped, rounded])[0]
    #expect(try graph.gradients(of: loss, with: [x, unused]) == [nil, nil])
  }

  @Test func theLossItselfHasGradientOne() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2]))
    let gradient = try #require(try graph.gradients(of: x, with: [x])[0])
    #expect(try Interpreter.run(graph, fetching: [gradient], inputs: ["x": Tensor([2], [7, 8])])[0].values == [1, 1])
  }

  @Test func gradientsOfAValueUsedTwiceAddUp() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil]))
    let square = try graph.add(.binary(.multiply), [x, x])[0]
    let loss = try graph.add(.binary(.add), [square, x])[0]
    let gradient = try #require(try graph.gradients(of: loss, with: [x])[0])
    #expect(
      try Interpreter.run(graph, fetching: [gradient], inputs: ["x": Tensor([2], [3, -1])])[0].values == [7, -1])
  }

  @Test func integerLossesAreRefused() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.int32, [2]))
    #expect(throws: GraphError.self) { try graph.gradients(of: x, with: [x]) }
  }
}
