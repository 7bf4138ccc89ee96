import KerasCore
import KerasGraph
import Testing

@testable import KerasEngine

/// The work of a graph, counted by hand: two operations for each product and sum.
struct WorkTests {
  @Test func aMatrixProductTakesTwoOperationsPerProduct() throws {
    var graph = Graph()
    let a = graph.addInput("a", TensorType(.float32, [3, 5]))
    let b = graph.addInput("b", TensorType(.float32, [5, 7]))
    graph.outputs = try graph.add(.matmul(transposeA: false, transposeB: false), [a, b])
    #expect(graph.work == 2 * 3 * 5 * 7)
  }

  @Test func aConvolutionAndItsGradientsTakeTheSame() throws {
    let convolution = Convolution(strides: [1, 1], padding: .valid(2), dilations: [1, 1])
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 8, 8, 3]))
    let kernel = graph.addInput("kernel", TensorType(.float32, [3, 3, 3, 4]))
    let y = try graph.add(.convolution(convolution), [x, kernel])[0]
    let expected = Double(2 * (2 * 6 * 6 * 4) * (3 * 3 * 3))
    #expect(graph.work == expected)
    _ = try graph.add(.convolutionInputGradient(convolution, outputSpatial: [8, 8]), [y, kernel])
    #expect(graph.work == 2 * expected)
    _ = try graph.add(.convolutionKernelGradient(convolution, kernelSpatial: [3, 3]), [x, y])
    #expect(graph.work == 3 * expected)
  }

  @Test func aRecurrenceTakesTwoProductsAStep() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [2, 9, 5]))
    let kernel = graph.addInput("kernel", TensorType(.float32, [5, 16]))
    let recurrent = graph.addInput("recurrent", TensorType(.float32, [4, 16]))
    let recurrence = Recurrence(
      cell: .lstm, units: 4, activation: .unary(.tanh), recurrentActivation: .unary(.sigmoid), hasBias: false,
      hasInitialState: false, hasMask: false, goBackwards: false, zeroOutputForMask: false)
    graph.outputs = [try graph.add(.recurrence(recurrence), [x, kernel, recurrent])[0]]
    #expect(graph.work == Double(2 * 2 * 9 * (5 * 16 + 4 * 16)))
  }
}
