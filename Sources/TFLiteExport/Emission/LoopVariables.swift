import KerasCore
import KerasGraph

/// What a recurrence's WHILE loop carries from step to step, outside or inside one of its subgraphs.
///
/// In this order: counter, projected inputs, mask?, state factors?, recurrent kernel?, its bias?, previous output?,
/// states, sequence. What a step does not change is carried too: subgraphs see nothing else.
struct LoopVariables {
  let recurrence: Recurrence
  let builder: SubgraphBuilder
  var counter: Tensor
  var projected: Tensor
  var mask: Tensor?
  var factors: Tensor?
  var kernel: Tensor?
  var bias: Tensor?
  var previous: Tensor?
  var states: [Tensor] = []
  var sequence: Tensor

  init(_ recurrence: Recurrence, _ builder: SubgraphBuilder, projected: Tensor) {
    self.recurrence = recurrence
    self.builder = builder
    self.projected = projected
    counter = builder.int32(0)
    let units = recurrence.units
    // As wide as one gate: the sequence has a place for every step's output.
    let part = builder.slice(projected, starts: [0, 0, 0], limits: [nil, nil, units], strides: [1, 1, 1])
    sequence = builder.zeros(like: part, .float32)
  }

  var all: [Tensor] {
    [counter, projected] + [mask, factors, kernel, bias, previous].compactMap { $0 } + states + [sequence]
  }

  var statePositions: Range<Int> { all.count - 1 - states.count..<all.count - 1 }

  /// Zeros of shape `(batch, units)`.
  func zeroState() -> Tensor {
    let step = builder.slice(
      projected, starts: [0, 0, 0], limits: [nil, 1, recurrence.units], strides: [1, 1, 1])
    let line = builder.reshape(step, to: Shape([builder.shape(projected)[0], recurrence.units]), [.rest])
    return builder.zeros(like: line, .float32)
  }

  /// The same variables as inputs of a subgraph.
  func entered(_ subgraph: SubgraphBuilder) -> LoopVariables {
    func input(_ name: String, _ tensor: Tensor) -> Tensor { subgraph.addInput(name, builder.type(tensor)) }
    var inside = LoopVariables(recurrence, subgraph, entering: self)
    inside.counter = input("counter", counter)
    inside.projected = input("projected", projected)
    inside.mask = mask.map { input("mask", $0) }
    inside.factors = factors.map { input("factors", $0) }
    inside.kernel = kernel.map { input("kernel", $0) }
    inside.bias = bias.map { input("bias", $0) }
    inside.previous = previous.map { input("previous", $0) }
    inside.states = states.enumerated().map { input("state \($0)", $1) }
    inside.sequence = input("sequence", sequence)
    return inside
  }

  private init(_ recurrence: Recurrence, _ subgraph: SubgraphBuilder, entering other: LoopVariables) {
    self.recurrence = recurrence
    builder = subgraph
    (counter, projected, sequence) = (other.counter, other.projected, other.sequence)
  }

  /// Goes on while steps are left.
  func writeCondition(_ subgraph: SubgraphBuilder) {
    let inside = entered(subgraph)
    subgraph.outputs = [subgraph.binary(.less, inside.counter, inside.stepCount())]
  }

  private func stepCount() -> Tensor {
    if let steps = builder.shape(projected)[1] { return builder.int32(steps) }
    let size = builder.size(of: projected, axis: 1)
    return builder.add(.reshape, [size, builder.int32s([])], TensorType(.int32, .scalar))
  }

  /// Which step of the input a turn reads.
  func place(of counter: Tensor) -> Tensor {
    guard recurrence.goBackwards else { return counter }
    let last = builder.binary(.sub, stepCount(), builder.int32(1))
    return builder.binary(.sub, last, counter)
  }

  /// One step of `(batch, time, …)`.
  func row(_ tensor: Tensor, _ place: Tensor) -> Tensor {
    var sizes = builder.shape(tensor).dimensions
    sizes.remove(at: 1)
    return builder.add(
      .gather, [tensor, place], TensorType(builder.dtype(tensor), Shape(sizes)), .gather(axis: 1))
  }

  /// Ends the body: the next turn's variables in their order.
  mutating func finish(output: Tensor, states: [Tensor]) {
    let units = recurrence.units
    let batch = builder.shape(projected)[0]
    let step = builder.reshape(output, to: Shape([batch, 1, units]), [.rest])
    let place = builder.reshape(counter, to: [1])
    let start = builder.add(
      .concatenation, [builder.int32s([0]), place, builder.int32s([0])], TensorType(.int32, [3]),
      .concatenation(axis: 0))
    sequence = builder.add(.dynamicUpdateSlice, [sequence, step, start], builder.type(sequence))
    counter = builder.binary(.add, counter, builder.int32(1))
    if previous != nil { previous = output }
    self.states = states
    builder.outputs = all
  }
}
