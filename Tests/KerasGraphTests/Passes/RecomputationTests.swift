import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

/// The pass alone, with each node a step: results, order and what is kept of a chain of products.
@Suite struct RecomputationTests {
  private static let depth = 24

  /// Σ of a chain x ← tanh(x · w), and its gradients in all weights.
  private func chain() throws -> (graph: Graph, parameters: [String: Tensor]) {
    var graph = Graph()
    var parameters: [String: Tensor] = [:]
    var x = graph.addInput("x", TensorType(.float32, [8, 4]))
    var weights: [Value] = []
    for index in 0..<Self.depth {
      let weight = graph.addParameter("w\(index)", TensorType(.float32, [4, 4]))
      parameters["w\(index)"] = Tensor.random([4, 4], seed: UInt64(index))
      weights.append(weight)
      let product = try graph.add(.matmul(transposeA: false, transposeB: false), [x, weight])[0]
      x = try graph.add(.unary(.tanh), [product])[0]
    }
    let loss = try graph.add(.reduce(.sum, axes: [0, 1], keepDimensions: false), [x])[0]
    let gradients = try graph.gradients(of: loss, with: weights)
    graph.outputs = [loss] + gradients.compactMap(\.self)
    return (graph, parameters)
  }

  /// One step for each node but sources; nothing in this graph only renames a value.
  private func steps(_ graph: Graph) -> [RunStep] {
    graph.nodes.enumerated().compactMap { index, node in
      switch node.op {
      case .input, .parameter, .constant: nil
      default:
        RunStep(
          nodes: [index], reads: node.operands, writes: [Value(node: index)], isDivisible: false, isRepeatable: true)
      }
    }
  }

  @Test func resultsAreTheSameAndEachStepComesBehindWhatItReads() throws {
    let (graph, parameters) = try chain()
    let inputs = ["x": Tensor.random([8, 4], seed: 99)]
    let expected = try Interpreter.run(graph, inputs: inputs, parameters: parameters)
    for segments in [2, 3, 5, 8] {
      let found = try #require(try graph.recomputing(steps: steps(graph), loss: graph.outputs[0], segments: segments))
      let results = try Interpreter.run(found.graph, inputs: inputs, parameters: parameters)
      #expect(results.map(\.values) == expected.map(\.values))
      var stored: Set<Value> = []
      for step in found.steps {
        for node in step.nodes {
          for operand in found.graph.nodes[node].operands {
            switch found.graph.nodes[operand.node].op {
            case .input, .parameter, .constant: continue
            default: #expect(stored.contains(operand))
            }
          }
        }
        stored.formUnion(step.writes)
      }
      #expect(found.copyCount > Self.depth / 2 && found.copyCount <= 2 * Self.depth)
    }
  }

  @Test func fewResultsLiveFromTheForwardPartToTheBackward() throws {
    let (graph, _) = try chain()
    /// Forward results that the backward part, and copies, read.
    func kept(_ found: Recomputation) -> Int {
      let end = found.steps.firstIndex(where: \.isCopy) ?? 0
      let forward = Set(found.steps[..<end].filter { $0.source <= 2 * Self.depth }.flatMap(\.nodes))
      var read: Set<Int> = []
      for step in found.steps where step.isCopy || step.source > 2 * Self.depth {
        for node in step.nodes { read.formUnion(found.graph.nodes[node].operands.map(\.node)) }
      }
      return read.intersection(forward).count
    }
    let found = try #require(try graph.recomputing(steps: steps(graph), loss: graph.outputs[0], segments: 6))
    // Five cuts, and of the last segment of four layers each result.
    #expect(kept(found) <= 5 + 4 + 1)
  }

  @Test func whatCannotBeRepeatedIsKept() throws {
    let (graph, _) = try chain()
    let steps = steps(graph).map { step in
      var step = step
      step.isRepeatable = false
      return step
    }
    #expect(try graph.recomputing(steps: steps, loss: graph.outputs[0], segments: 4) == nil)
    #expect(try graph.recomputing(steps: self.steps(graph), loss: graph.outputs[0], segments: 1) == nil)
  }
}
