import KerasCore
import KerasEngine
import KerasGraph
import Synchronization
import Testing

/// Large batches are computed a few samples at a time, with the numbers of plain sums over each sample.
@Suite struct SlicingTests {
  /// Two convolutions with much between them and a dense layer, whose weights are more than its data if it has many
  /// columns; with `batch` as the size of axis 0, and with an unknown one.
  private func comparison(batch: Int, columns: Int = 20, mixing: Bool = false) throws -> (
    known: EngineComparison, general: Graph
  ) {
    var comparison = EngineComparison(seed: 5)
    let x = try comparison.input([batch, 96, 96, 4])
    let kernels = [try comparison.parameter([1, 1, 4, 8]), try comparison.parameter([1, 1, 8, 3])]
    let matrix = try comparison.parameter([1728, columns], in: -0.05...0.05)
    var general = Graph()
    let names = comparison.graph.nodes.compactMap { node -> (String, TensorType)? in
      if case .parameter(let name) = node.op { (name, node.types[0]) } else { nil }
    }
    let generalX = general.addInput("input0", TensorType(.float32, Shape([nil, 96, 96, 4])))
    let parameters = names.map { general.addParameter($0.0, $0.1) }
    comparison.graph.outputs = try outputs(of: x, kernels + [matrix], in: &comparison.graph, mixing: mixing)
    general.outputs = try outputs(of: generalX, parameters, in: &general, mixing: mixing)
    return (comparison, general)
  }

  /// With `mixing` samples meet before the end.
  private func outputs(
    of x: Value, _ parameters: [Value], in graph: inout Graph, mixing: Bool
  ) throws -> [Value] {
    let same = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])
    let first = try graph.add(.unary(.relu), graph.add(.convolution(same), [x, parameters[0]]))[0]
    let second = try graph.add(.convolution(same), [first, parameters[1]])[0]
    let pooled = try graph.add(
      .pool(Pooling(kind: .maximum, window: [4, 4], strides: [4, 4], padding: .valid(2))), [second])[0]
    let flat = try graph.add(.reshape([.inferred, .fixed(1728)]), [pooled])[0]
    let dense = try graph.add(.matmul(transposeA: false, transposeB: false), [flat, parameters[2]])[0]
    guard mixing else { return [dense, pooled] }
    let mean = try graph.add(.reduce(.mean, axes: [0], keepDimensions: true), [dense])[0]
    return [try graph.add(.binary(.subtract), [dense, mean])[0], pooled]
  }

  @Test(arguments: [(4, 1, 20, false), (5, 1, 20, true), (4, 2, 400, false), (7, 2, 20, true)])
  func agreesWithPlainSums(batch: Int, threads: Int, columns: Int, mixing: Bool) throws {
    let (known, general) = try comparison(batch: batch, columns: columns, mixing: mixing)
    let expected = try known.reference()
    let executor = Executor(general, parameters: try known.store(), options: EngineOptions(threads: threads))
    let plan = try executor.plan(for: ["input0": [batch, 96, 96, 4]])
    let whole = try known.plan(threads: threads)
    #expect(try #require(plan.samplesAtOnce) < batch)
    #expect(whole.samplesAtOnce == nil)
    #expect(plan.work == whole.work)
    for run in 1...2 {
      let results = try plan.run(known.inputs)
      #expect(results.count == expected.count)
      for (result, reference) in zip(results, expected) {
        #expect(result.shape == reference.shape)
        let error = try difference(result, reference)
        #expect(error <= 1e-5, "batch \(batch), \(threads) threads, run \(run): off by \(error)")
      }
    }
    #expect(try plan.profile().count == plan.stepDescriptions.count)
  }

  @Test func slicesNeedLessMemoryThanTheBatch() throws {
    let (known, general) = try comparison(batch: 32)
    let executor = Executor(general, parameters: try known.store(), options: EngineOptions(threads: 2))
    let plan = try executor.plan(for: ["input0": [32, 96, 96, 4]])
    #expect(try plan.arenaByteCount * 2 < known.plan(threads: 2).arenaByteCount)
  }

  @Test func smallBatchesAndChangingParametersAreLeftWhole() throws {
    let (known, general) = try comparison(batch: 1)
    let store = try known.store()
    let one = try Executor(general, parameters: store).plan(for: ["input0": [1, 96, 96, 4]])
    #expect(try one.arenaByteCount == known.plan().arenaByteCount)
    let (many, _) = try comparison(batch: 4)
    let changing = try Executor(general, parameters: store, mutableParameters: true)
      .plan(for: ["input0": [4, 96, 96, 4]])
    #expect(try changing.arenaByteCount == many.plan(mutableParameters: true).arenaByteCount)
  }

  @Test func changedParametersAreNoticed() throws {
    let (known, general) = try comparison(batch: 4)
    let store = try known.store()
    let executor = Executor(general, parameters: store)
    _ = try executor.run(known.inputs)
    var changed = known.parameters
    for (name, data) in changed {
      let other = try TensorData(shape: data.shape, floats: data.floats().map { -0.5 * $0 })
      changed[name] = other
      try store.set(name, other)
    }
    let input = try #require(known.inputs["input0"])
    let expected = try EngineComparison.replacing(known, input: input, parameters: changed).reference()
    for (result, reference) in zip(try executor.run(known.inputs), expected) {
      #expect(try difference(result, reference) <= 1e-5)
    }
  }

  @Test func wholeBatchesReadTheWeightsThatSlicesHave() throws {
    let (known, general) = try comparison(batch: 4)
    let store = try known.store()
    let matrix = try #require(known.parameters.first { $0.value.shape == [1728, 20] })
    let reads = Atomic(0)
    store.set(
      matrix.key,
      UnreadParameter(shape: matrix.value.shape) {
        reads.add(1, ordering: .relaxed)
        return matrix.value
      })
    let executor = Executor(general, parameters: store)
    #expect(try executor.plan(for: ["input0": [4, 96, 96, 4]]).samplesAtOnce != nil)
    #expect(try executor.plan(for: ["input0": [1, 96, 96, 4]]).samplesAtOnce == nil)
    #expect(reads.load(ordering: .relaxed) == 1)
  }

  @Test func aWrongShapeIsRefusedByName() throws {
    let (known, general) = try comparison(batch: 4)
    let executor = Executor(general, parameters: try known.store())
    #expect(throws: EngineError.self) { try executor.plan(for: ["input0": [4, 95, 96, 4]]) }
  }
}
