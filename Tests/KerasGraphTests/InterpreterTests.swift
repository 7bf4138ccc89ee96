import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

/// The interpreter against numbers worked out by hand.
@Suite struct InterpreterTests {
  private func run(_ op: Op, _ operands: Tensor..., dtypes: [DType] = []) throws -> Tensor {
    var graph = Graph()
    var inputs: [String: Tensor] = [:]
    let values = operands.enumerated().map { index, operand in
      inputs["\(index)"] = operand
      let dtype = dtypes.indices.contains(index) ? dtypes[index] : .float32
      return graph.addInput("\(index)", TensorType(dtype, Shape(operand.shape)))
    }
    graph.outputs = try graph.add(op, values)
    return try Interpreter.run(graph, inputs: inputs)[0]
  }

  private let ramp = Tensor([1, 5, 1], [1, 2, 3, 4, 5])

  @Test func convolutionIsACorrelation() throws {
    let kernel = Tensor([2, 1, 1], [10, 1])
    let valid = Convolution(strides: [1], padding: .valid(1), dilations: [1])
    #expect(try run(.convolution(valid), ramp, kernel).values == [12, 23, 34, 45])
    var same = valid
    same.padding = .same
    #expect(try run(.convolution(same), ramp, kernel).values == [12, 23, 34, 45, 50])
    same.padding = .sameTheano
    #expect(try run(.convolution(same), ramp, kernel).values == [1, 12, 23, 34, 45])
    var dilated = valid
    (dilated.dilations, dilated.strides) = ([2], [2])
    #expect(try run(.convolution(dilated), ramp, kernel).values == [13, 35])
  }

  @Test func groupsSeeTheirOwnChannels() throws {
    let grouped = Convolution(strides: [1], padding: .valid(1), dilations: [1], groups: 2)
    // Kernel (1, 1, 4): results 0 and 1 read channel 0, results 2 and 3 channel 1.
    let y = try run(.convolution(grouped), Tensor([1, 1, 2], [5, 7]), Tensor([1, 1, 4], [1, 10, 100, 1000]))
    #expect(y.values == [5, 50, 700, 7000])
  }

  @Test func transposedConvolutionSpreadsTheKernel() throws {
    // Keras' Conv1DTranspose(strides=2, padding="valid"): length 2·2 + max(3 − 2, 0).
    let strided = Convolution(strides: [2], padding: .valid(1), dilations: [1])
    let op = Op.convolutionInputGradient(strided, outputSpatial: [5])
    #expect(
      try run(op, Tensor([1, 2, 1], [1, 2]), Tensor([3, 1, 1], [1, 10, 100])).values == [1, 10, 102, 20, 200])
  }

  @Test func poolingCountsRealElements() throws {
    func pool(_ kind: Pooling.Kind, _ padding: Padding, window: Int, stride: Int) throws -> [Double] {
      try run(.pool(Pooling(kind: kind, window: [window], strides: [stride], padding: padding)), ramp).values
    }
    #expect(try pool(.maximum, .valid(1), window: 2, stride: 2) == [2, 4])
    #expect(try pool(.maximum, .same, window: 2, stride: 2) == [2, 4, 5])
    #expect(try pool(.average(countsPadding: false), .same, window: 2, stride: 2) == [1.5, 3.5, 5])
    #expect(try pool(.average(countsPadding: true), .same, window: 2, stride: 2) == [1.5, 3.5, 2.5])
    #expect(try pool(.average(countsPadding: false), .samePoolTheano, window: 2, stride: 2) == [1, 2.5, 4.5])
  }

  @Test func matmulTransposesEitherSide() throws {
    let (a, b) = (Tensor([2, 2], [1, 2, 3, 4]), Tensor([2, 2], [5, 6, 7, 8]))
    #expect(try run(.matmul(transposeA: false, transposeB: false), a, b).values == [19, 22, 43, 50])
    #expect(try run(.matmul(transposeA: true, transposeB: false), a, b).values == [26, 30, 38, 44])
    #expect(try run(.matmul(transposeA: false, transposeB: true), a, b).values == [17, 23, 39, 53])
  }

  @Test func reductionsAndLines() throws {
    let x = Tensor([2, 3], [1, 5, 5, 2, 0, 4])
    #expect(try run(.reduce(.sum, axes: [0], keepDimensions: false), x) == Tensor([3], [3, 5, 9]))
    #expect(try run(.reduce(.mean, axes: [1], keepDimensions: true), x).shape == [2, 1])
    #expect(try run(.reduce(.product, axes: [1], keepDimensions: false), x).values == [25, 0])
    #expect(try run(.reduce(.minimum, axes: [0, 1], keepDimensions: false), x) == Tensor(scalar: 0))
    #expect(try run(.argMax(axis: 1), x).values == [1, 2])
    #expect(try run(.cumulativeSum(axis: 1, reverse: false), x).values == [1, 6, 11, 2, 2, 6])
    #expect(try run(.cumulativeSum(axis: 1, reverse: true), x).values == [11, 10, 5, 6, 4, 4])
    let equal = try run(.softmax(axis: 1), Tensor([1, 4], [1000, 1000, 1000, 1000]))
    #expect(equal.values == [0.25, 0.25, 0.25, 0.25])
  }

  @Test func layoutsAndIndices() throws {
    let x = Tensor([2, 3], [0, 1, 2, 3, 4, 5])
    #expect(try run(.transpose([1, 0]), x).values == [0, 3, 1, 4, 2, 5])
    #expect(try run(.reverse(axes: [1]), x).values == [2, 1, 0, 5, 4, 3])
    #expect(try run(.slice(starts: [0, -2], limits: [nil, nil], strides: [1, 1]), x).values == [1, 2, 4, 5])
    #expect(try run(.pad(before: [0, 1], after: [0, 0], value: 9), x).values == [9, 0, 1, 2, 9, 3, 4, 5])
    #expect(try run(.concatenate(axis: 1), x, x).values == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5])
    #expect(try run(.iota(axis: 1), x).values == [0, 1, 2, 0, 1, 2])
    let indices = Tensor([2], [1, 1])
    #expect(try run(.gatherRows, x, indices, dtypes: [.float32, .int32]).values == [3, 4, 5, 3, 4, 5])
    #expect(
      try run(.scatterAddRows, x, indices, x, dtypes: [.float32, .int32]).values == [0, 0, 0, 3, 5, 7])
    #expect(throws: InterpreterError.indexOutOfRange(2, rows: 2)) {
      try run(.gatherRows, x, Tensor([1], [2]), dtypes: [.float32, .int32])
    }
  }

  @Test func moduloFollowsPython() throws {
    let (a, b) = (Tensor([4], [7, -7, 7, -7]), Tensor([4], [3, 3, -3, -3]))
    #expect(try run(.binary(.modulo), a, b).values == [1, 2, -2, -1])
    #expect(try run(.binary(.floorDivide), a, b).values == [2, -3, -3, 2])
    #expect(try run(.binary(.divideNoNaN), a, Tensor([4], [0, 7, 0, 1])).values == [0, -1, 0, -7])
  }

  @Test func hardSigmoidHasTheValuesMeasuredInBothEras() throws {
    let x = Tensor([4], [-2.6, -2, 1, 2.5])
    let old = try run(.unary(.hardSigmoid(scale: 0.2, offset: 0.5)), x).values
    for (found, expected) in zip(old, [0, 0.1, 0.7, 1]) { #expect(abs(found - expected) < 1e-7) }
    let new = try run(.unary(.hardSigmoid(scale: 1.0 / 6, offset: 0.5)), x).values
    for (found, expected) in zip(new, [0.06667, 0.16667, 0.66667, 0.91667]) { #expect(abs(found - expected) < 1e-5) }
  }

  @Test func randomNumbersDependOnSeedAndStreamAndHaveTheirDistribution() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil]))
    graph.outputs = try [(RandomDistribution.uniform, 0), (.uniform, 1), (.normal, 2)].map {
      try graph.add(.random($0.0, stream: $0.1), [x])[0]
    }
    let inputs = ["x": Tensor([4000], filledWith: 0)]
    let first = try Interpreter.run(graph, inputs: inputs, seed: 1)
    #expect(try Interpreter.run(graph, inputs: inputs, seed: 1) == first)
    #expect(try Interpreter.run(graph, inputs: inputs, seed: 2) != first)
    #expect(first[0] != first[1])
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    #expect(abs(mean(first[0].values) - 0.5) < 0.02)
    #expect(first[0].values.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(mean(first[2].values)) < 0.06)
    #expect(abs(mean(first[2].values.map { $0 * $0 }) - 1) < 0.1)
  }
}
