import Foundation
import KerasCore
@testable import KerasDiagnosis
import KerasEngine
import KerasGraph
import Testing

/// Gates computed from a recurrence's outputs give these outputs again, by the formulas of the cells.
struct RecurrentGateTests {
  private static let (batch, time, width, units) = (3, 5, 4, 2)

  private func numbers(_ shape: [Int], _ seed: Int) throws -> TensorData {
    try TensorData(shape: shape, floats: (0..<shape.reduce(1, *)).map { 2 * Numbers.mixed($0, seed) })
  }

  @Test(arguments: [
    (Recurrence.Cell.simple, false, false), (.simple, true, true), (.gru(resetAfter: false), false, true),
    (.gru(resetAfter: true), true, false), (.lstm, false, false), (.lstm, true, true),
  ]) func gatesGiveTheOutputsAgain(_ cell: Recurrence.Cell, _ backwards: Bool, _ hasInitial: Bool) throws {
    let (batch, time, width, units) = (Self.batch, Self.time, Self.width, Self.units)
    let recurrence = Recurrence(
      cell: cell, units: units, activation: .unary(.tanh), recurrentActivation: .unary(.sigmoid), hasBias: true,
      hasInitialState: hasInitial, hasMask: false, goBackwards: backwards, zeroOutputForMask: false)
    let columns = recurrence.gateCount * units
    let initial = try (0..<recurrence.stateCount).map { try numbers([batch, units], 40 + $0) }
    var graph = Graph()
    func constant(_ data: TensorData) -> Value { graph.addConstant(data) }
    var operands = [
      graph.addInput("x", TensorType(.float32, Shape([nil, time, width]))),
      constant(try numbers([width, columns], 1)), constant(try numbers([units, columns], 2)),
      constant(try numbers(cell == .gru(resetAfter: true) ? [2, columns] : [columns], 3)),
    ]
    if hasInitial { operands += initial.map(constant) }
    let sequence = try graph.add(.recurrence(recurrence), operands)[0]
    let gates = try RecurrentGates.add(sequence.node, to: &graph)
    graph.outputs = [sequence] + gates.map(\.output)
    let executor = Executor(graph, parameters: ParameterStore())
    let results = try executor.run(["x": try numbers([batch, time, width], 9)]).map { try $0.doubles() }
    let expected = results[0]
    for sample in 0..<batch {
      for unit in 0..<units {
        func start(_ state: Int) throws -> Double {
          hasInitial ? try initial[state].doubles()[sample * units + unit] : 0
        }
        var h = try start(0)
        var c = recurrence.stateCount == 2 ? try start(1) : 0
        for step in 0..<time {
          let place = (sample * time + step) * units + unit
          let g = results.dropFirst().map { $0[place] }
          switch cell {
          case .simple: h = g[0]
          case .gru: h = g[0] * h + (1 - g[0]) * g[2]
          case .lstm:
            c = g[1] * c + g[0] * g[2]
            h = g[3] * tanh(c)
          }
          #expect(abs(h - expected[place]) < 1e-5)
        }
      }
    }
  }
}
