import KerasCore
import KerasEngine
import KerasGraph
import Synchronization
import Testing

/// Weights that lie in a file until a plan brings them into its own order.
@Suite struct UnreadParameterTests {
  /// Counts what is read of an array, and how much at once.
  private final class Source: Sendable {
    let data: TensorData
    let wholeReads = Atomic(0)
    let partReads = Atomic(0)
    let largestPart = Atomic(0)

    init(_ shape: [Int], seed: UInt64) throws {
      var random = SplitMix64(state: seed)
      let count = shape.reduce(1, *)
      data = try TensorData(shape: shape, floats: (0..<count).map { _ in Float(Int(random.next() % 2001)) / 1000 - 1 })
    }

    func parameter(inParts: Bool) -> UnreadParameter {
      var parameter = UnreadParameter(shape: data.shape) {
        self.wholeReads.add(1, ordering: .relaxed)
        return self.data
      }
      guard inParts else { return parameter }
      parameter.readPart = { start, target in
        self.partReads.add(1, ordering: .relaxed)
        self.largestPart.max(target.count, ordering: .relaxed)
        self.data.bytes.withUnsafeBytes { target.copyMemory(from: .init(rebasing: $0[start..<start + target.count])) }
      }
      return parameter
    }
  }

  private struct Failure: Error, CustomStringConvertible {
    var description: String { "the disk is gone" }
  }

  private func product(_ inner: Int, _ columns: Int) throws -> Graph {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, .some(inner)]))
    let w = graph.addParameter("w", TensorType(.float32, Shape([inner, columns])))
    graph.outputs = try graph.add(.matmul(transposeA: false, transposeB: false), [x, w])
    return graph
  }

  private func rows(_ count: Int, _ inner: Int) throws -> [String: TensorData] {
    ["x": try TensorData(shape: [count, inner], floats: (0..<count * inner).map { Float($0 % 13) / 13 })]
  }

  @Test(arguments: [false, true]) func itIsReadOnceForPlansOfOneOrderAndNotKeptBesideIt(inParts: Bool) throws {
    let source = try Source([200, 130], seed: 1)
    let (store, held) = (ParameterStore(), ParameterStore())
    store.set("w", source.parameter(inParts: inParts))
    try held.set("w", source.data)
    let (unread, plain) = (
      Executor(try product(200, 130), parameters: store), Executor(try product(200, 130), parameters: held)
    )
    for count in [1, 2, 5, 1] {
      let data = try rows(count, 200)
      #expect(try unread.run(data) == plain.run(data))
      // Two blocks of 64 columns and one of 16: nothing but the packed order.
      #expect(try unread.plan(for: ["x": [count, 200]]).weightByteCount == 144 * 200 * 4)
    }
    #expect(source.wholeReads.load(ordering: .relaxed) + source.partReads.load(ordering: .relaxed) == 1)
  }

  @Test func aLargeMatrixIsPackedInParts() throws {
    let source = try Source([9000, 130], seed: 2)
    let (store, held) = (ParameterStore(), ParameterStore())
    store.set("w", source.parameter(inParts: true))
    try held.set("w", source.data)
    let data = try rows(2, 9000)
    #expect(
      try Executor(product(9000, 130), parameters: store).run(data)
        == Executor(product(9000, 130), parameters: held).run(data))
    #expect(source.wholeReads.load(ordering: .relaxed) == 0)
    #expect(source.partReads.load(ordering: .relaxed) > 4)
    #expect(source.largestPart.load(ordering: .relaxed) <= 1 << 20)
  }

  @Test func aRowTakesItsElementsWhereTheyAreRead() throws {
    // A gather reads the table as it is: one copy, straight from the source.
    let source = try Source([50, 8], seed: 3)
    let store = ParameterStore()
    store.set("table", source.parameter(inParts: true))
    var graph = Graph()
    let index = graph.addInput("index", TensorType(.int32, [nil]))
    let table = graph.addParameter("table", TensorType(.float32, [50, 8]))
    graph.outputs = try graph.add(.gatherRows, [table, index])
    let plan = try Executor(graph, parameters: store).plan(for: ["index": [3]])
    let found = try plan.run(["index": TensorData(shape: [3], int32s: [49, 0, 7])])[0]
    #expect(try found == TensorData(joining: [49, 0, 7].map { try source.data.rows($0..<$0 + 1) }))
    #expect(plan.weightByteCount == 50 * 8 * 4)
    #expect(source.wholeReads.load(ordering: .relaxed) == 0)
  }

  @Test(arguments: [1, 100]) func whatCannotBeReadIsAnErrorWithItsName(count: Int) throws {
    let store = ParameterStore()
    store.set("w", UnreadParameter(shape: [20, 30], read: { throw Failure() }))
    let error = #expect(throws: EngineError.self) {
      try Executor(product(20, 30), parameters: store).run(rows(count, 20))
    }
    #expect(error?.cause == .unreadableParameter("w", reason: "the disk is gone"))
    // Of another shape than it was said to have.
    store.set("w", UnreadParameter(shape: [20, 30], read: { try TensorData.filled(1, shape: [30, 20]) }))
    #expect(throws: EngineError.self) { try Executor(product(20, 30), parameters: store).run(rows(count, 20)) }
  }

  @Test func oneThatIsChangedBelongsToTheStore() throws {
    let source = try Source([20, 30], seed: 4)
    let store = ParameterStore()
    store.set("w", source.parameter(inParts: false))
    let executor = Executor(try product(20, 30), parameters: store, mutableParameters: true)
    let data = try rows(3, 20)
    let before = try executor.run(data)[0].floats()
    try store.withMutableFloats("w") { floats in for index in floats.indices { floats[index] *= 2 } }
    for (new, old) in zip(try executor.run(data)[0].floats(), before) { #expect(new == 2 * old) }
    try store.set("w", source.data)
    #expect(try executor.run(data)[0].floats() == before)
    #expect(source.wholeReads.load(ordering: .relaxed) == 1)
  }
}
