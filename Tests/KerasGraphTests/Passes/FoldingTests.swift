import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

/// What is left of typical sequences of layers; that results stay equal is tested on random graphs and again here.
@Suite struct FoldingTests {
  private struct Model {
    var graph = Graph()
    var weights: [String: TensorData] = [:]
    let x: Value

    init(_ shape: Shape) { x = graph.addInput("x", TensorType(.float32, shape)) }

    mutating func weight(_ shape: [Int], in range: ClosedRange<Double> = -1...1) throws -> Value {
      let name = "w\(weights.count)"
      let values = Tensor.random(shape, seed: UInt64(weights.count + 5), in: range).values
      weights[name] = try TensorData(shape: shape, floats: values.map { Float($0) })
      return graph.addParameter(name, TensorType(.float32, Shape(shape)))
    }

    mutating func add(_ op: Op, _ operands: Value...) throws -> Value { try graph.add(op, operands)[0] }

    mutating func normalized(_ x: Value, _ shape: [Int]) throws -> Value {
      let epsilon = graph.addConstant(TensorData(0.001))
      let variance = try add(.binary(.add), try weight(shape, in: 0.5...2), epsilon)
      let scale = try add(.binary(.multiply), try add(.unary(.reciprocalSquareRoot), variance), try weight(shape))
      let centered = try add(.binary(.subtract), x, try weight(shape))
      return try add(.binary(.add), try add(.binary(.multiply), centered, scale), try weight(shape))
    }

    /// The names of the operations left for inference, after checking that they compute the same.
    mutating func operationsAfterFolding(_ result: Value, _ input: [Int]) throws -> [String] {
      graph.outputs = [result]
      let optimized = try graph.optimizedForInference(parameters: weights)
      let parameters = try weights.mapValues { try Tensor($0) }
      let data = ["x": Tensor.random(input, seed: 3)]
      let expected = try Interpreter.run(graph, inputs: data, parameters: parameters)[0]
      let found = try Interpreter.run(optimized, inputs: data, parameters: parameters)[0]
      #expect(found.shape == expected.shape)
      for (a, b) in zip(found.values, expected.values) { #expect(abs(a - b) < 1e-5) }
      return optimized.nodes.map(\.op.name).filter { !["input", "parameter", "constant"].contains($0) }
    }
  }

  @Test func rowsTakenFromKnownTablesAndSumsIntoThemAreKnown() throws {
    var model = Model([nil, 5, 3])
    let table = try model.weight([5, 3])
    let places = model.graph.addConstant(try TensorData(shape: [2, 2], int32s: [4, 0, 4, 2]))
    let rows = try model.add(.gatherRows, table, places)
    let sums = try model.add(.scatterAddRows, rows, places, table)
    let result = try model.add(.binary(.add), model.x, sums)
    #expect(try model.operationsAfterFolding(result, [2, 5, 3]) == ["add"])
  }

  @Test func aBiasOfSplitChannelsIsTheProducts() throws {
    var model = Model([nil, 8])
    let product = try model.add(.matmul(transposeA: false, transposeB: false), model.x, try model.weight([8, 12]))
    let heads = try model.add(.reshape([.ofOperand(0, axis: 0), .fixed(3), .fixed(4)]), product)
    let biased = try model.add(.binary(.add), try model.weight([3, 4]), heads)
    let result = try model.add(.binary(.divide), biased, model.graph.addConstant(TensorData(2)))
    #expect(try model.operationsAfterFolding(result, [2, 8]) == ["matmul", "add", "reshape"])
  }

  @Test func aScaleBehindTheSplitAndABiasBeforeItAreTheProducts() throws {
    var model = Model([nil, 8])
    let product = try model.add(.matmul(transposeA: false, transposeB: false), model.x, try model.weight([8, 12]))
    let biased = try model.add(.binary(.add), product, try model.weight([12]))
    let heads = try model.add(.reshape([.ofOperand(0, axis: 0), .fixed(1), .fixed(3), .fixed(4)]), biased)
    let result = try model.add(.binary(.multiply), heads, try model.weight([1, 3, 4]))
    #expect(try model.operationsAfterFolding(result, [2, 8]) == ["matmul", "add", "reshape"])
  }

  @Test func aSplitProductThatIsReadTwiceKeepsItsOwnNumbers() throws {
    var model = Model([nil, 8])
    let product = try model.add(.matmul(transposeA: false, transposeB: false), model.x, try model.weight([8, 12]))
    let heads = try model.add(.reshape([.ofOperand(0, axis: 0), .fixed(3), .fixed(4)]), product)
    let scaled = try model.add(.binary(.multiply), heads, try model.weight([3, 4]))
    let result = try model.add(.binary(.maximum), scaled, heads)
    #expect(try model.operationsAfterFolding(result, [2, 8]) == ["matmul", "reshape", "multiply", "maximum"])
  }

  @Test func aVectorThatIsOfSomeOfTheSplitChannelsStaysBehindTheSplit() throws {
    var model = Model([nil, 8])
    let product = try model.add(.matmul(transposeA: false, transposeB: false), model.x, try model.weight([8, 12]))
    let heads = try model.add(.reshape([.ofOperand(0, axis: 0), .fixed(3), .fixed(4)]), product)
    let result = try model.add(.binary(.add), heads, try model.weight([3, 1]))
    #expect(try model.operationsAfterFolding(result, [2, 8]) == ["matmul", "reshape", "add"])
  }

  @Test func aPlaceOutsideATableIsLeftToTheRun() throws {
    var model = Model([nil, 3])
    let table = try model.weight([5, 3])
    let places = model.graph.addConstant(try TensorData(shape: [1], int32s: [5]))
    let rows = try model.add(.gatherRows, table, places)
    model.graph.outputs = [try model.add(.binary(.add), model.x, rows)]
    let optimized = try model.graph.optimizedForInference(parameters: model.weights)
    #expect(optimized.nodes.contains { $0.op == .gatherRows })
  }

  @Test func aLargeKernelThatIsReadLaterIsFoldedLater() throws {
    var model = Model([nil, 5, 5, 32])
    let y = try model.add(.convolution(convolution), model.x, try model.weight([3, 3, 32, 32]))
    model.graph.outputs = [try model.normalized(y, [1, 1, 1, 32])]
    let (graph, weights) = (model.graph, model.weights)
    let reads = Locked<[String: Int]>([:])
    let known = KnownParameters(shapes: weights.mapValues(\.shape)) { name in
      reads.withLock { $0[name, default: 0] += 1 }
      return weights[name]
    }
    let optimized = try graph.optimizedForInference(parameters: known)
    #expect(reads.withLock { $0["w0"] } == nil)
    #expect(
      optimized.nodes.map(\.op.name).filter { !["input", "parameter", "constant"].contains($0) } == [
        "convolution", "add",
      ])
    var parameters = try weights.mapValues { try Tensor($0) }
    let data = ["x": Tensor.random([2, 5, 5, 32], seed: 3)]
    let expected = try Interpreter.run(graph, inputs: data, parameters: parameters)[0]
    for made in known.derived { parameters[made.name] = try Tensor(#require(made.read())) }
    let found = try Interpreter.run(optimized, inputs: data, parameters: parameters)[0]
    for (a, b) in zip(found.values, expected.values) { #expect(abs(a - b) < 1e-4) }
  }

  private let convolution = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])

  @Test func normalizationAfterConvolutionBecomesKernelAndBias() throws {
    var model = Model([nil, 5, 5, 2])
    let y = try model.add(.convolution(convolution), model.x, try model.weight([3, 3, 2, 4]))
    let biased = try model.add(.binary(.add), y, try model.weight([4]))
    let result = try model.add(.unary(.relu), try model.normalized(biased, [1, 1, 1, 4]))
    #expect(try model.operationsAfterFolding(result, [2, 5, 5, 2]) == ["convolution", "add", "relu"])
  }

  @Test func normalizationAfterDepthwiseConvolutionBecomesKernelAndBias() throws {
    var model = Model([nil, 5, 5, 2])
    let kernel = try model.add(
      .reshape([.fixed(3), .fixed(3), .fixed(1), .fixed(4)]), try model.weight([3, 3, 2, 2]))
    var depthwise = convolution
    depthwise.groups = 2
    let result = try model.normalized(try model.add(.convolution(depthwise), model.x, kernel), [4])
    #expect(try model.operationsAfterFolding(result, [2, 5, 5, 2]) == ["convolution", "add"])
  }

  @Test func normalizationAfterTransposedConvolutionBecomesKernelAndBias() throws {
    var model = Model([nil, 3, 3, 2])
    let strided = Convolution(strides: [2, 2], padding: .same, dilations: [1, 1])
    let op = Op.convolutionInputGradient(strided, outputSpatial: [6, 6])
    let y = try model.add(op, model.x, try model.weight([3, 3, 4, 2]))
    let result = try model.normalized(y, [4])
    #expect(try model.operationsAfterFolding(result, [2, 3, 3, 2]) == ["convolutionInputGradient", "add"])
  }

  @Test func normalizationAroundMatmulBecomesKernelAndBias() throws {
    var model = Model([nil, 3])
    let before = try model.normalized(model.x, [3])
    let y = try model.add(.matmul(transposeA: false, transposeB: false), before, try model.weight([3, 4]))
    let result = try model.normalized(try model.add(.binary(.add), y, try model.weight([4])), [4])
    #expect(try model.operationsAfterFolding(result, [2, 3]) == ["matmul", "add"])
  }

  @Test func normalizationBeforeConvolutionFoldsOnlyWithoutPadding() throws {
    var model = Model([nil, 5, 5, 4])
    var valid = convolution
    valid.padding = .valid(2)
    valid.groups = 2
    let y = try model.add(.convolution(valid), try model.normalized(model.x, [4]), try model.weight([3, 3, 2, 4]))
    #expect(try model.operationsAfterFolding(y, [2, 5, 5, 4]) == ["convolution", "add"])

    var padded = Model([nil, 5, 5, 2])
    let z = try padded.add(
      .convolution(convolution), try padded.normalized(padded.x, [2]), try padded.weight([3, 3, 2, 4]))
    #expect(try padded.operationsAfterFolding(z, [2, 5, 5, 2]) == ["multiply", "add", "convolution"])
  }

  @Test func scalingBeforePaddedConvolutionFolds() throws {
    var model = Model([nil, 5, 5, 2])
    let scaled = try model.add(.binary(.divide), model.x, model.graph.addConstant(TensorData(255)))
    let y = try model.add(.convolution(convolution), scaled, try model.weight([3, 3, 2, 4]))
    #expect(try model.operationsAfterFolding(y, [2, 5, 5, 2]) == ["convolution"])
  }

  @Test func aConvolutionReadElsewhereKeepsItsKernel() throws {
    var model = Model([nil, 5, 5, 2])
    let y = try model.add(.convolution(convolution), model.x, try model.weight([3, 3, 2, 2]))
    let result = try model.add(.binary(.multiply), try model.normalized(y, [2]), y)
    #expect(
      try model.operationsAfterFolding(result, [2, 5, 5, 2]) == ["convolution", "multiply", "add", "multiply"])
  }

  @Test func transposesBetweenChannelsFirstLayersCancel() throws {
    var model = Model([nil, 2, 5, 5])
    var y = model.x
    for _ in 0..<2 {
      y = try model.add(.transpose([0, 2, 3, 1]), y)
      y = try model.add(.convolution(convolution), y, try model.weight([3, 3, 2, 2]))
      y = try model.add(.transpose([0, 3, 1, 2]), y)
      y = try model.add(.unary(.relu), try model.normalized(y, [2, 1, 1]))
    }
    let pooled = try model.add(.reduce(.mean, axes: [2, 3], keepDimensions: false), y)
    #expect(
      try model.operationsAfterFolding(pooled, [2, 2, 5, 5])
        == ["transpose", "convolution", "add", "relu", "convolution", "add", "relu", "reduce mean"])
  }

  @Test func zeroPaddingJoinsTheConvolution() throws {
    var model = Model([nil, 5, 5, 2])
    let padded = try model.add(.pad(before: [0, 1, 2, 0], after: [0, 0, 1, 0], value: 0), model.x)
    var valid = convolution
    valid.padding = .valid(2)
    let y = try model.add(.convolution(valid), padded, try model.weight([3, 3, 2, 4]))
    #expect(try model.operationsAfterFolding(y, [2, 5, 5, 2]) == ["convolution"])
  }

  @Test func equalExpressionsAreComputedOnce() throws {
    var model = Model([nil, 3])
    let a = try model.add(.unary(.tanh), try model.add(.binary(.add), model.x, model.graph.addConstant(TensorData(2))))
    let b = try model.add(.unary(.tanh), try model.add(.binary(.add), model.graph.addConstant(TensorData(2)), model.x))
    #expect(
      try model.operationsAfterFolding(try model.add(.binary(.multiply), a, b), [2, 3]) == ["add", "tanh", "multiply"])
  }

  @Test func identitiesDisappear() throws {
    var model = Model([nil, 3])
    var y = try model.add(.binary(.multiply), model.x, model.graph.addConstant(TensorData(1)))
    y = try model.add(.binary(.add), model.graph.addConstant(TensorData(0)), y)
    y = try model.add(.stopGradient, try model.add(.cast(.float32), y))
    y = try model.add(.pad(before: [0, 0], after: [0, 0], value: 1), y)
    y = try model.add(.reshape([.ofOperand(0, axis: 0), .fixed(3)]), y)
    #expect(try model.operationsAfterFolding(y, [2, 3]).isEmpty)
  }

  @Test func anIdentityThatWidensItsOperandStays() throws {
    var model = Model([nil, 1])
    let ones = model.graph.addConstant(try .filled(1, shape: [2, 3]))
    let y = try model.add(.binary(.multiply), model.x, ones)
    #expect(try model.operationsAfterFolding(y, [2, 1]) == ["multiply"])
  }

  @Test func trainingKeepsParametersAndStoppedGradients() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, 3]))
    let w = graph.addParameter("w", TensorType(.float32, [3]))
    let scaled = try graph.add(.binary(.multiply), [x, try graph.add(.unary(.exponential), [w])[0]])[0]
    graph.outputs = try graph.add(.stopGradient, [scaled])
    let optimized = try graph.optimizedForTraining()
    #expect(optimized.nodes.map(\.op.name) == ["input", "parameter", "exponential", "multiply", "stopGradient"])
  }

  @Test func inputsRemainEvenIfUnused() throws {
    var graph = Graph()
    let a = graph.addInput("a", TensorType(.float32, [nil]))
    _ = graph.addInput("b", TensorType(.float32, [nil]))
    graph.outputs = [a]
    #expect(try graph.optimizedForInference(parameters: [:]).inputNames == ["a", "b"])
  }

  @Test func specializedShapesNeedNoWitness() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, 6]))
    let like = graph.addInput("like", TensorType(.float32, [nil, 2, 3]))
    graph.outputs = try graph.add(.reshape([.ofOperand(1, axis: 0), .fixed(2), .fixed(3)]), [x, like])
    let concrete = try graph.specialized(inputs: [
      "x": TensorType(.float32, [4, 6]), "like": TensorType(.float32, [4, 2, 3]),
    ]).resolvingShapes()
    #expect(concrete.nodes.last?.operands.count == 1)
    #expect(concrete.nodes.last?.op == .reshape([.fixed(4), .fixed(2), .fixed(3)]))
  }
}
