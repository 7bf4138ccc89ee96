import KerasCore
import KerasGraph

/// The gates of a recurrence, computed once more from its inputs and the outputs it gave.
///
/// Each step's output is the next one's state, so that all steps' gates follow at once: x·W + h₋₁·U + b. Under a mask or
/// recurrent dropout a step's state is another, and the gates stay unknown.
enum RecurrentGates {
  struct Gate {
    /// As Keras orders them: i, f, c, o; z, r, h.
    var name: String
    var activation: TracedActivation?
    var preActivation: Value
    var output: Value
  }

  /// Adds them to the graph; throws where an operation does not take the shapes.
  static func add(_ node: Int, to graph: inout Graph) throws(GraphError) -> [Gate] {
    guard case .recurrence(let recurrence) = graph.nodes[node].op, !recurrence.hasMask, !recurrence.hasStateFactors
    else {
      return []
    }
    graph.scope = graph.nodes[node].scope
    var builder = Builder(graph: graph, recurrence: recurrence, operands: graph.nodes[node].operands)
    let gates = try builder.gates(sequence: Value(node: node))
    graph = builder.graph
    return gates
  }

  private struct Builder {
    var graph: Graph
    let recurrence: Recurrence
    let operands: [Value]

    private mutating func add(_ op: Op, _ operands: Value...) throws(GraphError) -> Value {
      try graph.add(op, operands)[0]
    }

    private mutating func product(_ a: Value, _ b: Value) throws(GraphError) -> Value {
      try add(.matmul(transposeA: false, transposeB: false), a, b)
    }

    private mutating func sum(_ a: Value, _ b: Value) throws(GraphError) -> Value { try add(.binary(.add), a, b) }

    /// A gate's columns, or those of its part of the bias.
    private mutating func part(_ x: Value, _ gate: Int) throws(GraphError) -> Value {
      let rank = graph.shape(x).rank
      var starts = Array(repeating: 0, count: rank)
      var limits = [Int?](repeating: nil, count: rank)
      starts[rank - 1] = gate * recurrence.units
      limits[rank - 1] = (gate + 1) * recurrence.units
      return try add(.slice(starts: starts, limits: limits, strides: Array(repeating: 1, count: rank)), x)
    }

    private mutating func activated(_ x: Value, _ activation: CellActivation) throws(GraphError) -> Value {
      switch activation {
      case .linear: x
      case .unary(let function): try add(.unary(function), x)
      case .softmax: try add(.softmax(axis: graph.shape(x).rank - 1), x)
      }
    }

    private mutating func gate(_ name: String, _ x: Value, _ activation: CellActivation) throws(GraphError) -> Gate {
      let traced: TracedActivation? =
        if case .unary(let function) = activation { TracedActivation(.unary(function)) } else { nil }
      return Gate(name: name, activation: traced, preActivation: x, output: try activated(x, activation))
    }

    /// The state before each step.
    private mutating func states(_ sequence: Value) throws(GraphError) -> Value {
      let earlier = try add(.slice(starts: [0, 0, 0], limits: [nil, -1, nil], strides: [1, 1, 1]), sequence)
      guard recurrence.hasInitialState else {
        return try add(.pad(before: [0, 1, 0], after: [0, 0, 0], value: 0), earlier)
      }
      let initial = operands[recurrence.hasBias ? 4 : 3]
      let first = try add(.reshape([.ofOperand(0, axis: 0), .fixed(1), .fixed(recurrence.units)]), initial)
      return try add(.concatenate(axis: 1), first, earlier)
    }

    mutating func gates(sequence: Value) throws(GraphError) -> [Gate] {
      let time = graph.shape(sequence)[1]
      guard graph.shape(sequence).rank == 3, time.map({ $0 > 1 }) ?? true else { return [] }
      let x = recurrence.goBackwards ? try add(.reverse(axes: [1]), operands[0]) : operands[0]
      let states = try states(sequence)
      let bias = recurrence.hasBias ? operands[3] : nil
      if case .gru(let resetAfter) = recurrence.cell { return try gru(x, states, bias, resetAfter: resetAfter) }
      var all = try sum(try product(x, operands[1]), try product(states, operands[2]))
      if let bias { all = try sum(all, bias) }
      guard recurrence.cell == .lstm else { return [try gate("h", all, recurrence.activation)] }
      var gates: [Gate] = []
      for (index, name) in ["i", "f", "c", "o"].enumerated() {
        gates.append(
          try gate(name, try part(all, index), name == "c" ? recurrence.activation : recurrence.recurrentActivation))
      }
      return gates
    }

    private mutating func gru(_ x: Value, _ states: Value, _ bias: Value?, resetAfter: Bool) throws(GraphError)
      -> [Gate]
    {
      var inputs = try product(x, operands[1])
      var (inner, recurrentBias): (Value?, Value?) = (bias, nil)
      if resetAfter, let bias {
        let width = 3 * recurrence.units
        func row(_ number: Int) throws(GraphError) -> Value {
          let row = try add(.slice(starts: [number, 0], limits: [number + 1, nil], strides: [1, 1]), bias)
          return try add(.reshape([.fixed(width)]), row)
        }
        (inner, recurrentBias) = (try row(0), try row(1))
      }
      if let inner { inputs = try sum(inputs, inner) }
      var ofStates = try product(states, operands[2])
      if let recurrentBias { ofStates = try sum(ofStates, recurrentBias) }
      let z = try gate("z", try sum(try part(inputs, 0), try part(ofStates, 0)), recurrence.recurrentActivation)
      let r = try gate("r", try sum(try part(inputs, 1), try part(ofStates, 1)), recurrence.recurrentActivation)
      let kept =
        resetAfter
        ? try add(.binary(.multiply), r.output, try part(ofStates, 2))
        : try product(try add(.binary(.multiply), r.output, states), try part(operands[2], 2))
      return [z, r, try gate("h", try sum(try part(inputs, 2), kept), recurrence.activation)]
    }
  }
}
