import Foundation
import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import SwiftPackageRuntime

private typealias Array32 = SwiftPackageRuntime.Tensor<Float>
private typealias Oracle = ReferenceInterpreter.Tensor

/// The routines of written packages against plain loops in double precision.
@Suite struct RuntimeTests {
  private func random(_ shape: [Int], seed: UInt64 = 1) -> Array32 {
    Array32(shape, Oracle.random(shape, seed: seed, in: -1.5...1.5).values.map { Float($0) })
  }

  /// What an op computes, by the interpreter.
  private func expected(_ op: Op, _ operands: [Array32], _ dtypes: [DType] = []) throws -> [Oracle] {
    var graph = Graph()
    var inputs: [String: Oracle] = [:]
    var values: [Value] = []
    for (index, operand) in operands.enumerated() {
      let dtype = index < dtypes.count ? dtypes[index] : .float32
      values.append(graph.addInput("x\(index)", TensorType(dtype, Shape(operand.shape))))
      inputs["x\(index)"] = Oracle(operand.shape, operand.values.map { Double($0) })
    }
    graph.outputs = try graph.add(op, values)
    return try Interpreter.run(graph, inputs: inputs)
  }

  private func expectEqual(
    _ found: Array32, _ op: Op, _ operands: [Array32], _ dtypes: [DType] = [], within tolerance: Double = 1e-5,
    location: Testing.SourceLocation = #_sourceLocation
  ) throws {
    expectEqual(found, try expected(op, operands, dtypes)[0], within: tolerance, location: location)
  }

  private func expectEqual(
    _ found: Array32, _ oracle: Oracle, within tolerance: Double = 1e-5,
    location: Testing.SourceLocation = #_sourceLocation
  ) {
    #expect(found.shape == oracle.shape, sourceLocation: location)
    #expect(found.values.count == oracle.values.count, sourceLocation: location)
    let largest = zip(found.values, oracle.values).map { a, b in
      Double(a) == b || a.isNaN && b.isNaN ? 0 : abs(Double(a) - b)
    }.max()
    #expect(largest ?? 0 <= tolerance, sourceLocation: location)
  }

  @Test func functionsOfOneNumber() throws {
    var x = random([3, 5])
    x = Array32(x.shape, [0, -0.0, 0.5, -0.5, 1.5] + x.values.dropFirst(5))
    let positive = x.mapped { abs($0) + 0.1 }
    let pairs: [(Function, Unary)] = [
      (.negate, .negate), (.absolute, .absolute), (.sign, .sign), (.exponential, .exponential), (.expm1, .expm1),
      (.square, .square), (.sine, .sine), (.cosine, .cosine), (.tanh, .tanh), (.sigmoid, .sigmoid), (.erf, .erf),
      (.floor, .floor), (.ceiling, .ceiling), (.roundHalfToEven, .roundHalfToEven), (.relu, .relu),
      (.softplus, .softplus), (.silu, .silu), (.elu(alpha: 0.7), .elu(alpha: 0.7)),
      (.leakyRelu(slope: 0.3), .leakyRelu(slope: 0.3)),
      (.clip(minimum: -0.4, maximum: 0.6), .clip(minimum: -0.4, maximum: 0.6)),
      (.hardSigmoid(scale: 0.2, offset: 0.5), .hardSigmoid(scale: 0.2, offset: 0.5)),
      (.gelu(approximate: false), .gelu(approximate: false)), (.gelu(approximate: true), .gelu(approximate: true)),
      (.rounded(.bfloat16), .rounded(.bfloat16)), (.rounded(.float16), .rounded(.float16)),
      (.rounded(.float8), .rounded(.float8)),
    ]
    for (function, unary) in pairs { try expectEqual(x.mapped(function), .unary(unary), [x], within: 1e-6) }
    for (function, unary) in [
      (Function.logarithm, Unary.logarithm), (.log1p, .log1p), (.squareRoot, .squareRoot),
      (.reciprocalSquareRoot, .reciprocalSquareRoot), (.reciprocal, .reciprocal),
    ] { try expectEqual(positive.mapped(function), .unary(unary), [positive], within: 1e-5) }
  }

  @Test(arguments: [
    [[2, 3, 4], [2, 3, 4]], [[2, 3, 4], [4]], [[3, 1], [1, 4]], [[], [2, 3]], [[2, 1, 3], [5, 1]],
  ])
  func functionsOfTwoNumbersAreBroadcast(_ shapes: [[Int]]) throws {
    let (a, b) = (random(shapes[0]), random(shapes[1], seed: 2))
    for (combination, binary) in [
      (Combination.add, Binary.add), (.subtract, .subtract), (.multiply, .multiply), (.divide, .divide),
      (.maximum, .maximum), (.minimum, .minimum), (.modulo, .modulo), (.floorDivide, .floorDivide),
      (.divideNoNaN, .divideNoNaN),
    ] { try expectEqual(a.combined(combination, b), .binary(binary), [a, b], within: 1e-3) }
    let base = a.mapped { abs($0) }
    try expectEqual(base.combined(.power, b), .binary(.power), [base, b])
    for (comparison, op) in [
      (SwiftPackageRuntime.Comparison.equal, KerasGraph.Comparison.equal), (.notEqual, .notEqual), (.less, .less),
      (.lessOrEqual, .lessOrEqual), (.greater, .greater), (.greaterOrEqual, .greaterOrEqual),
    ] { try expectEqual(a.compared(comparison, b).floats(), .compare(op), [a, b]) }
    let condition = try a.compared(.less, b)
    try expectEqual(condition.select(a, b), .select, [condition.floats(), a, b], [.bool])
  }

  @Test func wholeNumbersAreDividedAsPythonDoes() throws {
    let a = SwiftPackageRuntime.Tensor<Int32>([6], [7, -7, 7, -7, .min, 5])
    let b = SwiftPackageRuntime.Tensor<Int32>([6], [2, 2, -2, -2, -1, 0])
    #expect(try a.combined(.floorDivide, b).values == [3, -4, -4, 3, .min, 0])
    #expect(try a.combined(.modulo, b).values == [1, 1, -1, -1, 0, 0])
    let two = SwiftPackageRuntime.Tensor<Int32>([3], [2, -3, 2])
    #expect(try two.combined(.power, SwiftPackageRuntime.Tensor<Int32>([3], [10, 3, -1])).values == [1024, -27, 0])
    #expect(Array32([4], [1.9, -1.9, .nan, 3e9]).int32s().values == [1, -1, 0, .max])
  }

  @Test func shapesThatDoNotFitAreErrors() throws {
    #expect(throws: PredictionError.shapes(operation: "add", [[2, 3], [2]])) {
      try random([2, 3]).combined(.add, random([2]))
    }
    #expect(throws: PredictionError.shapes(operation: "matmul", [[2, 3], [2, 3]])) {
      try random([2, 3]).product(random([2, 3]))
    }
    #expect(throws: PredictionError.elementCount(shape: [2, 2], found: 3)) {
      try Array32(shape: [2, 2], values: [1, 2, 3])
    }
    #expect(throws: PredictionError.elementCount(shape: [-1, .max], found: 0)) {
      try Array32(shape: [-1, .max], values: [])
    }
    #expect(throws: PredictionError.indexOutOfRange(5, rows: 5)) {
      try random([5, 2]).rows(SwiftPackageRuntime.Tensor<Int32>([2], [0, 5]))
    }
    #expect(throws: PredictionError.shapes(operation: "slice", [[4]])) { try random([4]).sliced([5], [nil], [1]) }
    #expect(throws: PredictionError.self) { try random([2, 3]).reshaped([4, -1]) }
  }

  @Test func elementsAreMoved() throws {
    let x = random([2, 3, 4])
    try expectEqual(x.transposed([2, 0, 1]), .transpose([2, 0, 1]), [x])
    try expectEqual(x.reshaped([4, -1]), .reshape([.fixed(4), .inferred]), [x])
    try expectEqual(x.reversed(axes: [0, 2]), .reverse(axes: [0, 2]), [x])
    try expectEqual(
      x.sliced([-2, 0, 1], [nil, -1, 4], [1, 1, 2]),
      .slice(starts: [-2, 0, 1], limits: [nil, -1, 4], strides: [1, 1, 2]), [x])
    try expectEqual(
      x.padded([1, 0, 2], [0, 1, 0], with: -3), .pad(before: [1, 0, 2], after: [0, 1, 0], value: -3), [x])
    let (row, part) = (random([3, 1], seed: 3), random([2, 5, 4], seed: 4))
    try expectEqual(
      row.broadcast(to: [2, 3, 4]), .broadcast([.fixed(2), .fixed(3), .fixed(4)]), [row])
    try expectEqual(Array32.concatenated([x, part], axis: 1), .concatenate(axis: 1), [x, part])
    let piece = random([2, 2, 2], seed: 5)
    try expectEqual(
      piece.filling([0, 0, 1], [2, 2, 4], [1, 1, 2], of: x.shape, with: 0),
      .sliceGradient(starts: [0, 0, 1], limits: [2, 2, 4], strides: [1, 1, 2]), [piece, x])
    try expectEqual(x.indices(along: 1).floats(), .iota(axis: 1), [x])
    let indices = SwiftPackageRuntime.Tensor<Int32>([2, 2], [1, 0, 1, 1])
    try expectEqual(x.rows(indices), .gatherRows, [x, indices.floats()], [.float32, .int32])
    let gradient = random([2, 2, 3, 4], seed: 6)
    try expectEqual(
      gradient.summedRows(indices, in: x.shape), .scatterAddRows, [gradient, indices.floats(), x],
      [.float32, .int32, .float32])
  }

  @Test(arguments: [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]])
  func elementsAreReduced(_ axes: [Int]) throws {
    let x = random([3, 4, 5])
    for (own, reduction) in [
      (SwiftPackageRuntime.Reduction.sum, KerasGraph.Reduction.sum), (.mean, .mean), (.maximum, .maximum),
      (.minimum, .minimum), (.product, .product),
    ] {
      for keeps in [false, true] {
        try expectEqual(
          x.reduced(own, axes: axes, keepsDimensions: keeps), .reduce(reduction, axes: axes, keepDimensions: keeps), [x]
        )
      }
    }
    let isLarge = x.mapped { $0 > 1 }
    try expectEqual(
      isLarge.any(axes: axes, keepsDimensions: false).floats(), .reduce(.any, axes: axes, keepDimensions: false),
      [isLarge.floats()], [.bool])
    try expectEqual(
      isLarge.all(axes: axes, keepsDimensions: true).floats(), .reduce(.all, axes: axes, keepDimensions: true),
      [isLarge.floats()], [.bool])
    try expectEqual(x.softmax(axis: axes[0]), .softmax(axis: axes[0]), [x])
    try expectEqual(x.logSoftmax(axis: axes[0]), .logSoftmax(axis: axes[0]), [x])
    try expectEqual(x.argMax(axis: axes[0]).floats(), .argMax(axis: axes[0]), [x])
    for reverse in [false, true] {
      try expectEqual(
        x.cumulativeSum(axis: axes[0], reverse: reverse), .cumulativeSum(axis: axes[0], reverse: reverse), [x])
    }
  }

  /// One row and many, fewer columns than a panel and more, an inner axis of several blocks.
  @Test(arguments: [[1, 3, 5], [3, 700, 9], [4, 8, 8], [7, 300, 17], [64, 257, 3]])
  func matricesAreMultiplied(_ sizes: [Int]) throws {
    let (rows, inner, columns) = (sizes[0], sizes[1], sizes[2])
    let (a, b) = (random([rows, inner]), random([inner, columns], seed: 2))
    try expectEqual(a.product(b), .matmul(transposeA: false, transposeB: false), [a, b], within: 1e-4)
    let (turnedA, turnedB) = (a.transposed([1, 0]), b.transposed([1, 0]))
    try expectEqual(
      turnedA.product(turnedB, transposeA: true, transposeB: true), .matmul(transposeA: true, transposeB: true),
      [turnedA, turnedB], within: 1e-4)
    let (many, others) = (random([2, 1, rows, inner], seed: 3), random([3, inner, columns], seed: 4))
    try expectEqual(
      many.product(others), .matmul(transposeA: false, transposeB: false), [many, others], within: 1e-4)
  }

  private static let paddings: [(SwiftPackageRuntime.Padding, KerasGraph.Padding)] = [
    (.same, .same), (.sameTheano, .sameTheano),
    (.explicit(before: [1, 0], after: [0, 2]), .explicit(before: [1, 0], after: [0, 2])),
  ]

  @Test(arguments: [1, 2, 4], [1, 2])
  func windowsAreConvolved(_ groups: Int, _ stride: Int) throws {
    let (x, kernel) = (random([2, 7, 6, 4]), random([3, 2, 4 / groups, 8], seed: 2))
    for (own, padding) in Self.paddings {
      let dilations = stride == 1 ? [2, 1] : [1, 1]
      let windows = Windows(size: [3, 2], strides: [stride, stride], dilations: dilations, padding: own)
      let convolution = Convolution(
        strides: [stride, stride], padding: padding, dilations: dilations, groups: groups)
      let y = try x.convolved(kernel, windows, groups: groups)
      try expectEqual(y, .convolution(convolution), [x, kernel])
      try expectEqual(
        y.convolvedBack(kernel, windows, groups: groups, to: [7, 6]),
        .convolutionInputGradient(convolution, outputSpatial: [7, 6]), [y, kernel], within: 1e-4)
    }
  }

  /// Each channel alone; one axis and three.
  @Test func windowsOfOtherRanks() throws {
    let (line, lineKernel) = (random([2, 9, 3]), random([4, 1, 3], seed: 2))
    try expectEqual(
      line.convolved(
        lineKernel, Windows(size: [4], strides: [2], dilations: [1], padding: .same), groups: 3),
      .convolution(Convolution(strides: [2], padding: .same, dilations: [1], groups: 3)), [line, lineKernel])
    let (volume, kernel) = (random([1, 4, 5, 3, 2]), random([2, 3, 2, 2, 3], seed: 3))
    try expectEqual(
      volume.convolved(
        kernel, Windows(size: [2, 3, 2], strides: [1, 2, 1], dilations: [1, 1, 1], padding: .same), groups: 1),
      .convolution(Convolution(strides: [1, 2, 1], padding: .same, dilations: [1, 1, 1])), [volume, kernel])
  }

  @Test func windowsArePooled() throws {
    let x = random([2, 7, 6, 3])
    for (own, padding) in Self.paddings + [(.samePoolTheano, .samePoolTheano)] {
      let windows = Windows(size: [3, 2], strides: [2, 2], dilations: [1, 1], padding: own)
      for (kind, other) in [
        (Array32.Pooling.maximum, KerasGraph.Pooling.Kind.maximum),
        (.average(countsPadding: false), .average(countsPadding: false)),
        (.average(countsPadding: true), .average(countsPadding: true)),
      ] {
        try expectEqual(
          x.pooled(kind, windows),
          .pool(KerasGraph.Pooling(kind: other, window: [3, 2], strides: [2, 2], padding: padding)), [x])
      }
    }
    #expect(throws: PredictionError.self) {
      try random([1, 2, 2, 1]).pooled(
        .maximum,
        Windows(
          size: [3, 3], strides: [1, 1], dilations: [1, 1], padding: .explicit(before: [0, 0], after: [0, 0])))
    }
  }

  private static let cells: [(SwiftPackageRuntime.Recurrence.Cell, KerasGraph.Recurrence.Cell, gates: Int)] = [
    (.simple, .simple, 1), (.lstm, .lstm, 4), (.gru(resetAfter: false), .gru(resetAfter: false), 3),
    (.gru(resetAfter: true), .gru(resetAfter: true), 3),
  ]

  @Test(arguments: 0..<4, [false, true])
  func recurrences(_ cell: Int, _ isFull: Bool) throws {
    let (own, other, gates) = Self.cells[cell]
    let (batch, time, units) = (3, 5, 4)
    let isDouble = other == .gru(resetAfter: true)
    var operands = SwiftPackageRuntime.Recurrence.Operands(
      x: random([batch, time, 2]), kernel: random([2, gates * units], seed: 2),
      recurrentKernel: random([units, gates * units], seed: 3))
    var list = [operands.x, operands.kernel, operands.recurrentKernel]
    var dtypes = [DType](repeating: .float32, count: 3)
    if isFull {
      let bias = random(isDouble ? [2, gates * units] : [gates * units], seed: 4)
      operands.bias = bias
      operands.states = (0..<(other == .lstm ? 2 : 1)).map { random([batch, units], seed: 5 + UInt64($0)) }
      let factors = random([batch, gates * units], seed: 8)
      operands.stateFactors = factors
      // The first step of the second sample is masked, and a step between others.
      let mask = SwiftPackageRuntime.Tensor<Bool>(
        [batch, time], (0..<batch * time).map { ![5, 6, 2, 14].contains($0) })
      operands.mask = mask
      list += [bias] + operands.states + [factors, mask.floats()]
      dtypes = [DType](repeating: .float32, count: list.count - 1) + [.bool]
    }
    for zeroes in [false, true] {
      let found = try SwiftPackageRuntime.Recurrence(
        cell: own, units: units, activation: .function(.tanh),
        recurrentActivation: .function(.hardSigmoid(scale: 0.2, offset: 0.5)), goesBackwards: isFull,
        zeroesMasked: zeroes)(operands)
      var recurrence = KerasGraph.Recurrence(
        cell: other, units: units, activation: .unary(.tanh),
        recurrentActivation: .unary(.hardSigmoid(scale: 0.2, offset: 0.5)), hasBias: isFull, hasInitialState: isFull,
        hasMask: isFull, goBackwards: isFull, zeroOutputForMask: zeroes)
      recurrence.hasStateFactors = isFull
      let oracle = try expected(.recurrence(recurrence), list, dtypes)
      #expect(found.count == oracle.count)
      for (a, b) in zip(found, oracle) { expectEqual(a, b) }
    }
  }

  @Test func weightsAreReadAsTheyWereStored() throws {
    let floats: [Float] = [1.5, -0.25, .infinity, 3.0517578e-05]
    let bytes = floats.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
    let halves: [UInt8] = [0x00, 0x3e, 0x00, 0xb4, 0x00, 0x7c, 0x00, 0x02]
    let text = Data(bytes + halves).base64EncodedString()
    let file = try WeightFile(
      base64: text, byteCount: 24, checksum: weightChecksum(bytes + halves))
    #expect(file.floats(at: 0, [4]).values == floats)
    #expect(file.float16s(at: 16, [2, 2]).values == floats)
    #expect(throws: PredictionError.self) { try WeightFile(base64: text, byteCount: 23, checksum: 0) }
    #expect(throws: PredictionError.weights("they are damaged or those of another model")) {
      try WeightFile(base64: text, byteCount: 24, checksum: 1)
    }
  }
}
