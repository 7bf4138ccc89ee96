import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct EngineErrorTests {
  @Test func anIndexOutsideItsTableNamesTheLayer() throws {
    var graph = Graph()
    let table = graph.addParameter("embedding/embeddings", TensorType(.float32, [4, 2]))
    let indices = graph.addInput("x", TensorType(.int32, [3]))
    graph.scope = "embedding"
    graph.outputs = try graph.add(.gatherRows, [table, indices])
    let store = ParameterStore()
    try store.set("embedding/embeddings", TensorData.filled(1, shape: [4, 2]))
    let plan = try Plan(graph, parameters: store)
    #expect(throws: EngineError(.indexOutOfRange(index: 4, rows: 4), scope: "embedding")) {
      try plan.run(["x": TensorData(shape: [3], int32s: [0, 3, 4])])
    }
    #expect(throws: EngineError(.indexOutOfRange(index: -1, rows: 4), scope: "embedding")) {
      try plan.run(["x": TensorData(shape: [3], int32s: [-1, 3, 4])])
    }
    #expect(try plan.run(["x": TensorData(shape: [3], int32s: [0, 3, 1])])[0].floats() == [1, 1, 1, 1, 1, 1])
  }

  @Test func missingAndMisshapenArraysAreNamed() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 3]))
    graph.scope = "dense"
    let w = graph.addParameter("dense/kernel", TensorType(.float32, [3, 2]))
    graph.outputs = try graph.add(.matmul(transposeA: false, transposeB: false), [x, w])
    let store = ParameterStore()
    #expect(throws: EngineError(.missingParameter("dense/kernel"), scope: "dense")) {
      try Plan(graph, parameters: store)
    }
    try store.set("dense/kernel", TensorData.filled(1, shape: [2, 3]))
    #expect(
      throws: EngineError(.parameterShape(name: "dense/kernel", expected: [3, 2], found: [2, 3]), scope: "dense")
    ) {
      try Plan(graph, parameters: store)
    }
    try store.set("dense/kernel", TensorData.filled(1, shape: [3, 2]))
    let plan = try Plan(graph, parameters: store)
    #expect(throws: EngineError(.missingInput("x"))) { try plan.run([:]) }
    #expect(throws: EngineError(.inputShape(name: "x", expected: [2, 3], found: [3, 2]))) {
      try plan.run(["x": TensorData.filled(1, shape: [3, 2])])
    }
    #expect(throws: EngineError(.missingParameter("bias"))) { try store.data("bias") }
  }

  @Test func unknownAndEnormousShapesAreRefused() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, 3]))
    graph.outputs = try graph.add(.unary(.relu), [x])
    #expect(throws: EngineError(.unknownShape(op: "input", [nil, 3]))) {
      try Plan(graph, parameters: ParameterStore())
    }
    var large = Graph()
    let y = large.addInput("y", TensorType(.float32, [1]))
    large.outputs = try large.add(.broadcast([.fixed(1 << 40), .fixed(1 << 40)]), [y])
    #expect(throws: EngineError(.tooLarge(op: "broadcast", [1 << 40, 1 << 40]))) {
      try Plan(large, parameters: ParameterStore())
    }
    var empty = Graph()
    let z = empty.addInput("z", TensorType(.float32, [0, 1 << 40, 1 << 40]))
    empty.outputs = try empty.add(.unary(.relu), [z])
    #expect(throws: EngineError(.tooLarge(op: "input", [0, 1 << 40, 1 << 40]))) {
      try Plan(empty, parameters: ParameterStore())
    }
    var wide = Graph()
    let w = wide.addInput("w", TensorType(.float32, [1 << 45]))
    wide.outputs = try wide.add(.unary(.relu), [w])
    #expect(throws: EngineError(.outOfMemory(elements: 1 << 45))) { try Plan(wide, parameters: ParameterStore()) }
  }

  @Test func executorsRefuseInputsThatDoNotFit() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, 3]))
    graph.outputs = try graph.add(.unary(.relu), [x])
    let executor = Executor(graph, parameters: ParameterStore())
    #expect(throws: EngineError(.missingInput("x"))) { try executor.run([:]) }
    #expect(throws: EngineError(.inputShape(name: "x", expected: [nil, 3], found: [2, 4]))) {
      try executor.run(["x": TensorData.filled(1, shape: [2, 4])])
    }
  }

  @Test func messagesSayWhatAndWhere() {
    let error = EngineError(.indexOutOfRange(index: 9, rows: 4), scope: "encoder/embedding")
    #expect(error.description == "layer 'encoder/embedding': index 9 is outside a table of 4 rows")
    let missing = EngineError(.missingParameter("dense/kernel"))
    #expect(missing.description == "there are no weights named 'dense/kernel'")
  }
}
