import KerasCore
import KerasGraph

/// A recurrence for formats that have loops: the input's share of all steps, and one step as a loop's body.
public struct RecurrenceParts: Sendable {
  /// Inputs `operand0` and so on are the recurrence's operands; outputs: `(batch, time, gates·units)`, and if there is
  /// one the bias of the state's share.
  public let projection: Graph
  /// One step, batch first; outputs: the states after it, the output that a masked step would repeat if `previous` is an
  /// input, then what the sequence has at this step.
  public let body: Graph
  /// What the loop carries from step to step.
  public private(set) var states: [Value] = []
  public private(set) var previous: Value?
  /// What each step has of its own: `(batch, gates·units)` and `(batch)`.
  public private(set) var projected: Value
  public private(set) var mask: Value?
  /// What all steps share.
  public private(set) var kernel: Value
  public private(set) var bias: Value?
  public private(set) var factors: Value?

  /// Takes the operands' types; throws `GraphError` if they do not fit.
  public init(_ recurrence: Recurrence, _ types: [TensorType], scope: String) throws(GraphError) {
    var projection = Graph()
    projection.scope = scope
    let operands = types.enumerated().map { projection.addInput("operand\($0.offset)", $0.element) }
    var outputs = [try projection.addInputProjection(recurrence, operands)]
    if let bias = try projection.addRecurrentBias(recurrence, operands) { outputs.append(bias) }
    projection.outputs = outputs
    self.projection = projection

    var body = Graph()
    body.scope = scope
    let units = recurrence.units
    let batch = types[0].shape[0]
    let state = TensorType(.float32, Shape([batch, units]))
    let gates = TensorType(.float32, Shape([batch, recurrence.gateCount * units]))
    for index in 0..<recurrence.stateCount { states.append(body.addInput("state\(index)", state)) }
    if recurrence.hasMask, !recurrence.zeroOutputForMask { previous = body.addInput("output", state) }
    projected = body.addInput("projected", gates)
    if recurrence.hasMask { mask = body.addInput("mask", TensorType(.bool, Shape([batch]))) }
    kernel = body.addInput("kernel", types[2])
    if outputs.count > 1 { bias = body.addInput("bias", projection.type(outputs[1])) }
    if let index = recurrence.stateFactorsIndex { factors = body.addInput("factors", types[index]) }
    let (output, next) = try body.addStep(
      recurrence,
      RecurrenceStep(
        projected: projected, states: states, previousOutput: previous, mask: mask, recurrentKernel: kernel,
        recurrentBias: bias, stateFactors: factors))
    body.outputs = next + (previous == nil ? [] : [output]) + [output]
    self.body = body
  }
}

extension TensorData {
  /// An array `(rows, gates·units)` with the gates in another order.
  public func reorderedGates(_ gates: [Int], units: Int) throws(TensorDataError) -> TensorData {
    let rows = shape.first ?? 0
    let byGate = try reshaped([rows, gates.count, units]).transposed([1, 0, 2])
    var bytes: [UInt8] = []
    let size = rows * units * dtype.byteCount
    for gate in gates { bytes += byGate.bytes[gate * size..<(gate + 1) * size] }
    let joined = try TensorData(dtype: dtype, shape: [gates.count, rows, units], bytes: bytes)
    return try joined.transposed([1, 0, 2]).reshaped([rows, gates.count * units])
  }
}
