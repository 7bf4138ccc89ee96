import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Gradients of the decompositions that the graph takes as functions, against finite differences.
@Suite struct MatrixFunctionTests {
  static let functions: [(function: CustomFunction, count: Int)] = [
    (BackendFunction.inverse, 1), (BackendFunction.determinant, 1), (BackendFunction.logDeterminant, 1),
    (BackendFunction.cholesky, 1), (BackendFunction.solution, 2),
  ]

  /// Two symmetric positive matrices: of others no Cholesky factor exists.
  private static let matrices = Tensor(
    [2, 3, 3],
    [4, 1, 0.5, 1, 3, -0.7, 0.5, -0.7, 2, 2, -0.3, 0.1, -0.3, 5, 0.9, 0.1, 0.9, 3])

  @Test(arguments: 0..<5) func gradientEqualsFiniteDifference(_ index: Int) throws {
    let (function, count) = Self.functions[index]
    let b = Tensor([2, 3, 2], (0..<12).map { Double($0 * 7 % 5) - 1.5 })
    let operands = count == 1 ? [Self.matrices] : [Self.matrices, b]
    func graph() throws -> (Graph, [Value], Value) {
      var graph = Graph()
      let inputs = operands.indices.map { place in
        graph.addInput("\(place)", TensorType(.float32, Shape(operands[place].shape)))
      }
      let y = try graph.add(.custom(function), inputs)[0]
      // Σ of squares, so that every element's own gradient counts.
      let squares = try graph.add(.unary(.square), [y])[0]
      let axes = Array(0..<graph.shape(squares).rank)
      let total = try graph.add(.reduce(.sum, axes: axes, keepDimensions: false), [squares])[0]
      return (graph, inputs, total)
    }
    func loss(_ changed: [Tensor]) throws -> Double {
      let (graph, _, loss) = try graph()
      let named = Dictionary(uniqueKeysWithValues: changed.enumerated().map { ("\($0)", $1) })
      return try Interpreter.run(graph, fetching: [loss], inputs: named)[0].values[0]
    }
    let (forward, inputs, total) = try graph()
    var whole = forward
    let gradients = try whole.gradients(of: total, with: inputs)
    let named = Dictionary(uniqueKeysWithValues: operands.enumerated().map { ("\($0)", $1) })
    for place in operands.indices {
      let gradient = try #require(gradients[place])
      let found = try Interpreter.run(whole, fetching: [gradient], inputs: named)[0]
      for element in found.values.indices {
        let size = operands[place].shape[1]
        let (row, column) = (element % (size * size) / size, element % size)
        // The factor reads one half, and stands for matrices that stay symmetric.
        if function == BackendFunction.cholesky, row < column { continue }
        var (up, down) = (operands, operands)
        let mirrored =
          function == BackendFunction.cholesky
          ? element - element % (size * size) + column * size + row : element
        for target in Set<Int>([element, mirrored]) {
          up[place].values[target] += 1e-5
          down[place].values[target] -= 1e-5
        }
        let slope = try (loss(up) - loss(down)) / 2e-5
        let expected = mirrored == element ? found.values[element] : found.values[element] + found.values[mirrored]
        #expect(
          abs(slope - expected) < 1e-5 * max(1, abs(slope)), "\(function.name) operand \(place), element \(element)")
      }
    }
  }
}
