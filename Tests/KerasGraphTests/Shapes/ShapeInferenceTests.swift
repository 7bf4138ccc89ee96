import KerasCore
import KerasGraph
import Testing

@Suite struct ShapeInferenceTests {
  private func shape(_ op: Op, _ operands: Shape...) throws -> Shape {
    try inferTypes(op, operands.map { TensorType(.float32, $0) })[0].shape
  }

  private func refused(_ op: Op, _ operands: Shape..., dtype: DType = .float32) {
    #expect(throws: GraphError.self, "\(op.name) \(operands)") {
      try inferTypes(op, operands.map { TensorType(dtype, $0) })
    }
  }

  @Test func broadcastingFollowsNumpyAndKnownDimensionsWin() throws {
    #expect(try shape(.binary(.add), [nil, 10], [10]) == [nil, 10])
    #expect(try shape(.binary(.add), [nil, 1], [4, 3]) == [4, 3])
    #expect(try shape(.binary(.add), [nil], [1]) == [nil])
    #expect(try shape(.binary(.add), [nil], [nil]) == [nil])
    #expect(try shape(.binary(.multiply), [], [2, nil]) == [2, nil])
    #expect(try shape(.binary(.add), [3, 1], [1, 4]) == [3, 4])
    refused(.binary(.add), [3], [4])
    refused(.binary(.add), [3])
    #expect(throws: GraphError.self) {
      try inferTypes(.binary(.add), [TensorType(.float32, [3]), TensorType(.int32, [3])])
    }
  }

  @Test func comparisonsAndSelectionsHaveTheirTypes() throws {
    let float = TensorType(.float32, [nil, 2])
    #expect(try inferTypes(.compare(.less), [float, float]) == [TensorType(.bool, [nil, 2])])
    #expect(try inferTypes(.select, [TensorType(.bool, [nil, 1]), float, float]) == [float])
    #expect(try inferTypes(.cast(.int32), [float]) == [TensorType(.int32, [nil, 2])])
    #expect(try inferTypes(.argMax(axis: 1), [float]) == [TensorType(.int32, [nil])])
    #expect(try inferTypes(.dimension(axis: 0, .float32), [float]) == [TensorType(.float32, [])])
    refused(.select, [2], [2], [2])
    refused(.unary(.logicalNot), [2])
    refused(.unary(.tanh), [2], dtype: .int32)
    refused(.binary(.logicalAnd), [2], [2])
    refused(.reduce(.any, axes: [0], keepDimensions: false), [2])
  }

  @Test func matmulBroadcastsLeadingAxes() throws {
    let plain = Op.matmul(transposeA: false, transposeB: false)
    #expect(try shape(plain, [nil, 3], [3, 4]) == [nil, 4])
    #expect(try shape(plain, [nil, 7, 3], [3, 4]) == [nil, 7, 4])
    #expect(try shape(.matmul(transposeA: true, transposeB: true), [2, 3, nil], [2, 4, 3]) == [2, nil, 4])
    refused(plain, [2, 3], [4, 5])
    refused(plain, [3], [3, 4])
  }

  @Test func convolutionKeepsUnknownSpatialAxes() throws {
    let same = Convolution(strides: [2, 2], padding: .same, dilations: [1, 1])
    #expect(try shape(.convolution(same), [nil, nil, 7, 3], [3, 3, 3, 8]) == [nil, nil, 4, 8])
    let grouped = Convolution(strides: [1], padding: .valid(1), dilations: [2], groups: 2)
    #expect(try shape(.convolution(grouped), [nil, 10, 4], [3, 2, 6]) == [nil, 6, 6])
    refused(.convolution(grouped), [nil, 10, 3], [3, 2, 6])
    refused(.convolution(grouped), [nil, 10, 4], [3, 2, 5])
    refused(.convolution(grouped), [nil, 4, 4], [3, 2, 6])
    refused(.convolution(grouped), [nil, 10, 4], [nil, 2, 6])
    #expect(
      try shape(.convolutionInputGradient(same, outputSpatial: [5, 7]), [nil, 3, 4, 8], [3, 3, 3, 8]) == [nil, 5, 7, 3])
    refused(.convolutionInputGradient(same, outputSpatial: [7, 7]), [nil, 3, 4, 8], [3, 3, 3, 8])
    refused(.convolutionInputGradient(same, outputSpatial: nil), [nil, 3, 4, 8], [3, 3, 3, 8])
  }

  @Test func reshapeInfersWhatTheUnknownBatchLeavesOpen() throws {
    #expect(try shape(.reshape([.ofOperand(0, axis: 0), .inferred]), [nil, 4, 5]) == [nil, 20])
    #expect(try shape(.reshape([.inferred, .fixed(20)]), [nil, 4, 5]) == [nil, 20])
    #expect(try shape(.reshape([.inferred, .fixed(5)]), [4, 5]) == [4, 5])
    #expect(
      try shape(.reshape([.ofOperand(0, axis: 0), .inferred, .ofOperand(0, axis: 1)]), [nil, nil, 6]) == [nil, 6, nil])
    #expect(try shape(.reshape([.ofOperand(1, axis: 0), .fixed(3)]), [6], [nil, 9]) == [2, 3])
    #expect(try shape(.reshape([.ofOperand(0, axis: 0), .inferred]), [0, 4, 5]) == [0, 20])
    refused(.reshape([.fixed(3), .inferred]), [4])
    refused(.reshape([.fixed(3)]), [4])
    refused(.reshape([.inferred, .inferred]), [4])
    refused(.reshape([.ofOperand(0, axis: 0), .fixed(19)]), [nil, 4, 5])
    refused(.reshape([.ofOperand(2, axis: 0)]), [4])
    refused(.reshape([.fixed(.max), .fixed(.max), .inferred]), [4])
  }

  @Test func layoutOperationsMoveDimensions() throws {
    #expect(try shape(.transpose([2, 0, 1]), [nil, 3, 4]) == [4, nil, 3])
    #expect(try shape(.concatenate(axis: 1), [nil, 2], [3, nil]) == [3, nil])
    #expect(try shape(.concatenate(axis: 0), [2, nil], [3, 4]) == [5, 4])
    #expect(try shape(.pad(before: [0, 1], after: [0, 2], value: 0), [nil, 4]) == [nil, 7])
    #expect(try shape(.broadcast([.fixed(2), .ofOperand(1, axis: 0)]), [1], [nil]) == [2, nil])
    refused(.transpose([0, 0]), [2, 2])
    refused(.concatenate(axis: 0), [2, 3], [2, 4])
    refused(.concatenate(axis: 0), [.max], [.max])
    refused(.pad(before: [.max], after: [.max], value: 0), [1])
    refused(.pad(before: [-1], after: [0], value: 0), [3])
    refused(.broadcast([.fixed(2)]), [3])
    refused(.reverse(axes: [2]), [3, 3])
  }

  @Test func slicesCountFromBothEnds() throws {
    #expect(try shape(.slice(starts: [1], limits: [nil], strides: [2]), [6]) == [3])
    #expect(try shape(.slice(starts: [-3], limits: [-1], strides: [1]), [nil]) == [2])
    #expect(try shape(.slice(starts: [0], limits: [1], strides: [1]), [nil]) == [1])
    #expect(try shape(.slice(starts: [1], limits: [-1], strides: [1]), [nil]) == [nil])
    #expect(try shape(.slice(starts: [1], limits: [-1], strides: [1]), [5]) == [3])
    refused(.slice(starts: [0], limits: [7], strides: [1]), [6])
    refused(.slice(starts: [4], limits: [2], strides: [1]), [nil])
    refused(.slice(starts: [0], limits: [nil], strides: [0]), [6])
  }

  @Test func gatheringRowsAppendsTheTablesAxes() throws {
    let (table, indices) = (TensorType(.float32, [100, 8]), TensorType(.int32, [nil, 5]))
    #expect(try inferTypes(.gatherRows, [table, indices]) == [TensorType(.float32, [nil, 5, 8])])
    #expect(try inferTypes(.scatterAddRows, [TensorType(.float32, [nil, 5, 8]), indices, table]) == [table])
    refused(.gatherRows, [100, 8], [nil, 5])
  }

  @Test func recurrencesCheckEveryOperand() throws {
    let lstm = Recurrence(
      cell: .lstm, units: 4, activation: .unary(.tanh), recurrentActivation: .unary(.sigmoid), hasBias: true,
      hasInitialState: true, hasMask: true, goBackwards: false, zeroOutputForMask: false)
    func types(kernel: Shape = [3, 16], mask: DType = .bool) -> [TensorType] {
      [[nil, 7, 3], kernel, [4, 16], [16], [nil, 4], [nil, 4]].map { TensorType(.float32, $0) }
        + [TensorType(mask, [nil, 7])]
    }
    let results = try inferTypes(.recurrence(lstm), types())
    #expect(results.map(\.shape) == [[nil, 7, 4], [nil, 4], [nil, 4]])
    let gradients = try inferTypes(.recurrenceGradient(lstm), types() + results + results)
    #expect(gradients == Array(types().dropLast()))
    #expect(throws: GraphError.self) { try inferTypes(.recurrence(lstm), types(kernel: [3, 12])) }
    #expect(throws: GraphError.self) { try inferTypes(.recurrence(lstm), types(mask: .float32)) }
    #expect(throws: GraphError.self) { try inferTypes(.recurrence(lstm), Array(types().dropLast())) }
  }

  @Test func errorsNameTheLayerAndTheShapes() throws {
    var graph = Graph()
    graph.scope = "encoder/dense_1"
    let a = graph.addInput("a", TensorType(.float32, [nil, 3]))
    let b = graph.addParameter("b", TensorType(.float32, [4, 5]))
    let error = #expect(throws: GraphError.self) {
      try graph.add(.matmul(transposeA: false, transposeB: false), [a, b])
    }
    #expect(
      error?.description == "layer 'encoder/dense_1': matmul: the inner dimensions differ, got (None, 3) and (4, 5)")
  }
}
