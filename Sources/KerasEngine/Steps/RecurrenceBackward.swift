import CKernels
import KerasGraph

/// The adjoint of a recurrence: back through time with the gate sums and states that the forward pass kept.
struct RecurrenceBackward {
  private let layout: RecurrenceLayout
  private let x: UnsafeMutablePointer<Float>
  private let kernel: UnsafeMutablePointer<Float>
  /// From the gradients of the gates' sums to that of the state: for all gates that see the state at once, or for each
  /// if it sees the state times factors of its own.
  private let stateProducts: [StateProduct]
  /// The same for the candidate of a GRU that is reset before.
  private let candidateProduct: StateProduct?
  private let stateFactors: UnsafeMutablePointer<Float>?
  private let mask: UnsafeMutablePointer<Float>?
  private let outputGradient: UnsafeMutablePointer<Float>
  private let stateGradients: [UnsafeMutablePointer<Float>]
  private let results: [UnsafeMutablePointer<Float>]
  private let activation: kk_activation
  private let recurrentActivation: kk_activation

  private let gates: UnsafeMutablePointer<Float>
  private let candidates: UnsafeMutablePointer<Float>
  private let states: [UnsafeMutablePointer<Float>]
  private let dGates: UnsafeMutablePointer<Float>
  private let dOutput: UnsafeMutablePointer<Float>
  private let dh: UnsafeMutablePointer<Float>
  private let dc: UnsafeMutablePointer<Float>
  private let dRecurrent: UnsafeMutablePointer<Float>
  private let scratch: UnsafeMutablePointer<Float>
  /// States times a gate's factors, or their gradient.
  private let factored: UnsafeMutablePointer<Float>

  init(
    _ layout: RecurrenceLayout, node: Int, compiler: PlanCompiler, kept: UnsafeMutablePointer<Float>,
    scratch start: UnsafeMutablePointer<Float>
  ) throws(EngineError) {
    self.layout = layout
    let graphNode = compiler.concrete.graph.nodes[node]
    x = try compiler.pointer(layout.x)
    kernel = try compiler.pointer(layout.kernel)
    let resetsBefore = layout.isGRU && !layout.resetsAfter
    let columns = resetsBefore ? 2 * layout.units : layout.gates
    let columnsAtOnce = layout.stateFactors == nil ? columns : layout.units
    func product(_ first: Int, _ columns: Int) throws(EngineError) -> StateProduct {
      try StateProduct(layout, firstColumn: first, columns: columns, isTransposed: true, compiler: compiler)
    }
    var products: [StateProduct] = []
    for first in stride(from: 0, to: columns, by: columnsAtOnce) { products.append(try product(first, columnsAtOnce)) }
    stateProducts = products
    candidateProduct = try resetsBefore ? product(2 * layout.units, layout.units) : nil
    var factors: UnsafeMutablePointer<Float>?
    if let value = layout.stateFactors { factors = try compiler.pointer(value) }
    stateFactors = factors
    var mask: UnsafeMutablePointer<Float>?
    if let value = layout.mask { mask = try compiler.pointer(value) }
    self.mask = mask
    let gradients = graphNode.operands.suffix(1 + layout.recurrence.stateCount)
    var given: [UnsafeMutablePointer<Float>] = []
    for value in gradients { given.append(try compiler.pointer(value)) }
    outputGradient = given[0]
    stateGradients = Array(given.dropFirst())
    var results: [UnsafeMutablePointer<Float>] = []
    for output in graphNode.types.indices { results.append(try compiler.pointer(Value(node: node, output: output))) }
    self.results = results
    activation = try layout.recurrence.activation.kernelForm()
    recurrentActivation = try layout.recurrence.recurrentActivation.kernelForm()

    gates = kept
    candidates = kept + layout.gateSums
    let firstState = candidates + layout.candidates
    states = (0..<layout.recurrence.stateCount).map { firstState + $0 * layout.states }
    dGates = start
    dOutput = dGates + layout.gateSums
    dh = dOutput + layout.states
    dc = dh + layout.batch * layout.units
    dRecurrent = dc + layout.batch * layout.units
    let recurrent = layout.isGRU ? (layout.resetsAfter ? layout.gateSums : layout.batch * layout.units) : 0
    scratch = dRecurrent + recurrent
    factored = scratch + 12 * layout.units
  }

  func run() throws(EngineError) {
    let (units, time, batch, width) = (layout.units, layout.time, layout.batch, layout.gates)
    for product in stateProducts { product.prepare() }
    candidateProduct?.prepare()
    // A copy, because masked steps hand their gradient on to earlier ones.
    dOutput.update(from: outputGradient, count: layout.states)
    dh.update(from: stateGradients[0], count: batch * units)
    if stateGradients.count > 1 { dc.update(from: stateGradients[1], count: batch * units) }
    for index in stride(from: time - 1, through: 0, by: -1) {
      let source = layout.sourceTime(index)
      var gradient = kk_cell_gradient()
      gradient.step.batch = batch
      gradient.step.units = units
      gradient.step.activation = activation
      gradient.step.recurrent_activation = recurrentActivation
      gradient.step.gates = gates + source * width
      gradient.step.gates_stride = time * width
      if layout.isGRU {
        gradient.step.candidate = candidates + source * units
        gradient.step.candidate_stride = time * units
      }
      gradient.step.h_previous = UnsafePointer(states[0] + source * units)
      if states.count > 1 { gradient.step.c_previous = UnsafePointer(states[1] + source * units) }
      gradient.step.state_stride = time * units
      gradient.step.h_next = dh
      if let mask {
        gradient.step.mask = UnsafePointer(mask + source)
        gradient.step.mask_stride = time
      }
      gradient.step.zero_output_for_mask = layout.recurrence.zeroOutputForMask ? 1 : 0
      gradient.dh = dh
      gradient.dc = states.count > 1 ? dc : nil
      gradient.d_output = dOutput + index * units
      gradient.d_previous_output = index == 0 ? nil : dOutput + (index - 1) * units
      gradient.d_output_stride = time * units
      gradient.d_gates = dGates + source * width
      gradient.d_gates_stride = time * width
      if layout.isGRU {
        gradient.d_recurrent = layout.resetsAfter ? dRecurrent + source * width : dRecurrent
        gradient.d_recurrent_stride = layout.resetsAfter ? time * width : units
      }
      gradient.scratch = scratch
      try retreat(&gradient)
    }
    try weightGradients()
  }

  /// One step backwards: gate gradients, then the previous state's through the recurrent product.
  private func retreat(_ gradient: inout kk_cell_gradient) throws(EngineError) {
    let units = layout.units
    let sums = Matrix(pointer: gradient.d_gates, stride: gradient.d_gates_stride)
    switch layout.recurrence.cell {
    case .simple, .lstm:
      if layout.recurrence.cell == .lstm { kk_lstm_gradient(&gradient) } else { kk_simple_gradient(&gradient) }
      try passBack(sums)
    case .gru(resetAfter: true):
      kk_gru_gradient_reset_after(&gradient)
      try passBack(Matrix(pointer: gradient.d_recurrent, stride: gradient.d_recurrent_stride))
    case .gru(resetAfter: false):
      kk_gru_gradient_candidate(&gradient)
      try candidateProduct?.multiply(
        Matrix(pointer: gradient.d_gates + 2 * units, stride: gradient.d_gates_stride),
        into: Matrix(pointer: gradient.d_recurrent, stride: units), accumulating: false)
      if let stateFactors {
        kk_scale_rows(
          gradient.d_recurrent, units, gradient.d_recurrent, units, stateFactors + 2 * units, layout.gates,
          layout.batch, units, 0)
      }
      kk_gru_gradient_reset_before(&gradient)
      try passBack(sums)
    }
  }

  /// Adds to dh what the first gates' sums pass back through their product with the state.
  private func passBack(_ sums: Matrix) throws(EngineError) {
    let (units, state) = (layout.units, Matrix(pointer: dh, stride: layout.units))
    guard let stateFactors else {
      for product in stateProducts { try product.multiply(sums, into: state, accumulating: true) }
      return
    }
    for (gate, product) in stateProducts.enumerated() {
      try product.multiply(
        Matrix(pointer: sums.pointer + gate * units, stride: sums.stride),
        into: Matrix(pointer: factored, stride: units), accumulating: false)
      kk_scale_rows(dh, units, factored, units, stateFactors + gate * units, layout.gates, layout.batch, units, 1)
    }
  }

  /// The recurrent kernel's gradient for the first gates, from the states before each step and their sums' gradients.
  private func recurrentGradient(_ sums: Matrix, gates: Int) throws(EngineError) {
    let (units, width, rows, time) = (layout.units, layout.gates, layout.rows, layout.time)
    guard let stateFactors else {
      return try multiply(
        Matrix(pointer: states[0], stride: units, isTransposed: true), sums,
        into: Matrix(pointer: results[2], stride: width), rows: units, inner: rows, columns: gates * units,
        accumulating: false)
    }
    for gate in 0..<gates {
      for sample in 0..<layout.batch {
        let first = sample * time * units
        kk_scale_rows(
          factored + first, units, states[0] + first, units, stateFactors + sample * width + gate * units, 0, time,
          units, 0)
      }
      try multiply(
        Matrix(pointer: factored, stride: units, isTransposed: true),
        Matrix(pointer: sums.pointer + gate * units, stride: sums.stride),
        into: Matrix(pointer: results[2] + gate * units, stride: width), rows: units, inner: rows, columns: units,
        accumulating: false)
    }
  }

  private func weightGradients() throws(EngineError) {
    let (units, width, rows, inputs) = (layout.units, layout.gates, layout.rows, layout.inputs)
    if rows == 0 {
      for (result, count) in zip(results, [0, inputs * width, units * width]) {
        result.update(repeating: 0, count: count)
      }
    }
    let sums = Matrix(pointer: dGates, stride: width)
    try multiply(
      sums, Matrix(pointer: kernel, stride: width, isTransposed: true),
      into: Matrix(pointer: results[0], stride: inputs),
      rows: rows, inner: width, columns: inputs, accumulating: false)
    if rows > 0 {
      try multiply(
        Matrix(pointer: x, stride: inputs, isTransposed: true), sums, into: Matrix(pointer: results[1], stride: width),
        rows: inputs, inner: rows, columns: width, accumulating: false)
      let recurrent = layout.resetsAfter ? Matrix(pointer: dRecurrent, stride: width) : sums
      let resetsBefore = layout.isGRU && !layout.resetsAfter
      try recurrentGradient(recurrent, gates: resetsBefore ? 2 : layout.recurrence.gateCount)
      if resetsBefore {
        // The candidate's product saw r ⊙ h.
        try multiply(
          Matrix(pointer: candidates, stride: units, isTransposed: true),
          Matrix(pointer: dGates + 2 * units, stride: width),
          into: Matrix(pointer: results[2] + 2 * units, stride: width), rows: units, inner: rows, columns: units,
          accumulating: false)
      }
    }
    var next = 3
    if layout.recurrence.hasBias {
      kk_reduce(KK_REDUCE_SUM, results[next], dGates, 1, rows, width, 1)
      if layout.resetsAfter { kk_reduce(KK_REDUCE_SUM, results[next] + width, dRecurrent, 1, rows, width, 1) }
      next += 1
    }
    if layout.recurrence.hasInitialState {
      results[next].update(from: dh, count: layout.batch * units)
      if layout.recurrence.stateCount > 1 { results[next + 1].update(from: dc, count: layout.batch * units) }
    }
  }
}
