import CKernels
import KerasGraph

/// A recurrence's sizes, its operands by role, and where its intermediate results lie in a block of memory.
struct RecurrenceLayout {
  let recurrence: Recurrence
  /// Samples: of the whole batch, or of the part of it that a thread has.
  private(set) var batch: Int
  let time: Int
  let inputs: Int
  var units: Int { recurrence.units }
  /// Columns of the kernels.
  var gates: Int { recurrence.gateCount * recurrence.units }
  var rows: Int { batch * time }

  let x: Value
  let kernel: Value
  let recurrentKernel: Value
  let bias: Value?
  let initialStates: [Value]
  let stateFactors: Value?
  let mask: Value?

  init(_ recurrence: Recurrence, _ node: Int, in concrete: ConcreteGraph) {
    self.recurrence = recurrence
    var operands = concrete.graph.nodes[node].operands[...]
    x = operands.removeFirst()
    kernel = operands.removeFirst()
    recurrentKernel = operands.removeFirst()
    bias = recurrence.hasBias ? operands.removeFirst() : nil
    initialStates = recurrence.hasInitialState ? Array(operands.prefix(recurrence.stateCount)) : []
    operands = operands.dropFirst(initialStates.count)
    stateFactors = recurrence.hasStateFactors ? operands.removeFirst() : nil
    mask = recurrence.hasMask ? operands.removeFirst() : nil
    let shape = concrete.shape(x)
    (batch, time, inputs) = (shape[0], shape[1], shape[2])
  }

  var isGRU: Bool { recurrence.gateCount == 3 }
  var resetsAfter: Bool { recurrence.cell == .gru(resetAfter: true) }

  /// Gate sums of all steps: in both directions the largest part.
  var gateSums: Int { rows * gates }
  /// The GRU's candidate part of all steps.
  var candidates: Int { isGRU ? rows * units : 0 }
  /// A state before each step.
  var states: Int { rows * units }

  /// Floats of what the backward pass needs: gate sums, candidate parts, states before each step.
  var kept: Int { gateSums + candidates + recurrence.stateCount * states }
  /// Time steps whose gate sums are computed at once where none are kept: as many as stay in a core's own cache.
  var stepsAtOnce: Int { max(1, min(time, Self.cachedSums / max(batch * gates, 1))) }
  /// Whether the inputs of some time steps lie behind each other in the order in which they are used.
  var hasInputsInOrder: Bool { batch == 1 && !recurrence.goBackwards }

  private static let cachedSums = 96 << 10

  /// The rows of each part of the batch: samples do not meet, so each thread takes some through all time steps.
  func parts(threads: Int) -> [Range<Int>] {
    let count = batch >= 2 * threads ? max(threads, 1) : 1
    return (0..<count).map { batch * $0 / count..<batch * ($0 + 1) / count }
  }

  /// The same recurrence over some of the samples.
  func part(_ rows: Range<Int>) -> Self {
    var part = self
    part.batch = rows.count
    return part
  }

  /// Floats for a forward pass that nothing follows, and for the helpers of one that is kept.
  func forwardScratch(isKept: Bool) -> Int {
    let helpers = gates + 5 * units + factored(of: batch * units)
    if isKept { return helpers }
    let ordered = hasInputsInOrder ? 0 : stepsAtOnce * batch * inputs
    return helpers + (isGRU ? batch * units : 0) + stepsAtOnce * batch * gates + ordered
  }
  /// Gradients of gate sums and of the output, of the states, of the recurrent product, and a row's helpers.
  var backwardScratch: Int {
    gateSums + states + 2 * batch * units + (isGRU ? (resetsAfter ? gateSums : batch * units) : 0) + 12 * units
      + factored(of: max(states, batch * units))
  }

  /// Room for states times a gate's factors.
  private func factored(of count: Int) -> Int { stateFactors == nil ? 0 : count }

  /// The source time of a step.
  func sourceTime(_ step: Int) -> Int { recurrence.goBackwards ? time - 1 - step : step }
}

extension CellActivation {
  func kernelForm() throws(EngineError) -> kk_activation {
    switch self {
    case .linear: return kk_activation(opcode: KK_COPY, softmax: 0, p: 0, q: 0)
    case .softmax: return kk_activation(opcode: KK_COPY, softmax: 1, p: 0, q: 0)
    case .unary(let function):
      guard let instruction = function.instruction else {
        throw EngineError(.unsupported(op: "recurrence", reason: "the activation \(function)"))
      }
      return kk_activation(opcode: instruction.opcode, softmax: 0, p: instruction.p, q: instruction.q)
    }
  }
}
