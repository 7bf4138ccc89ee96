import CKernels
import KerasGraph

/// A recurrence's pass over all time steps: a product for the inputs of many steps, then per step one with the state.
///
/// Where a gradient follows, what it needs is kept for all steps, in the order of the inputs: samples, then time. Else
/// the steps' gate sums come a few steps at a time, in the order of time, so that they never leave the caches.
/// It does so for some rows of the batch.
struct RecurrenceForward {
  private let layout: RecurrenceLayout
  private let x: UnsafeMutablePointer<Float>
  private let inputProduct: InputProduct
  private let bias: UnsafeMutablePointer<Float>?
  private let initialStates: [UnsafeMutablePointer<Float>]
  private let stateFactors: UnsafeMutablePointer<Float>?
  private let mask: UnsafeMutablePointer<Float>?
  private let sequence: UnsafeMutablePointer<Float>
  private let finalStates: [UnsafeMutablePointer<Float>]
  private let activation: kk_activation
  private let recurrentActivation: kk_activation

  private let gates: UnsafeMutablePointer<Float>
  /// Room for the inputs of the steps that are computed at once, in the order of time.
  private let orderedInputs: UnsafeMutablePointer<Float>
  private let candidates: UnsafeMutablePointer<Float>?
  private let candidateStride: Int
  /// States before each step, by source time, if they are kept.
  private let states: [UnsafeMutablePointer<Float>]
  /// One for all gates that see the state, or one for each if each sees it times factors of its own.
  private let stateProducts: [StateProduct]
  /// The GRU's product for the candidate, which is apart from the gates'.
  private let candidateProduct: StateProduct?
  private let combinedBias: UnsafeMutablePointer<Float>
  private let factoredState: UnsafeMutablePointer<Float>
  private let scratch: UnsafeMutablePointer<Float>

  /// `kept` is where the whole batch keeps what a gradient needs.
  init(
    _ whole: RecurrenceLayout, rows: Range<Int>, node: Int, compiler: PlanCompiler,
    kept: UnsafeMutablePointer<Float>?, scratch start: UnsafeMutablePointer<Float>
  ) throws(EngineError) {
    let layout = whole.part(rows)
    let (first, firstStep) = (rows.lowerBound, rows.lowerBound * whole.time)
    self.layout = layout
    x = try compiler.pointer(layout.x) + firstStep * layout.inputs
    inputProduct = try InputProduct(layout, compiler: compiler)
    var bias: UnsafeMutablePointer<Float>?
    if let value = layout.bias { bias = try compiler.pointer(value) }
    self.bias = bias
    var initial: [UnsafeMutablePointer<Float>] = []
    for value in layout.initialStates { initial.append(try compiler.pointer(value) + first * layout.units) }
    initialStates = initial
    var factors: UnsafeMutablePointer<Float>?
    if let value = layout.stateFactors { factors = try compiler.pointer(value) + first * layout.gates }
    stateFactors = factors
    var mask: UnsafeMutablePointer<Float>?
    if let value = layout.mask { mask = try compiler.pointer(value) + firstStep }
    self.mask = mask
    sequence = try compiler.pointer(Value(node: node)) + firstStep * layout.units
    var final: [UnsafeMutablePointer<Float>] = []
    for state in 0..<layout.recurrence.stateCount {
      final.append(try compiler.pointer(Value(node: node, output: 1 + state)) + first * layout.units)
    }
    finalStates = final
    activation = try layout.recurrence.activation.kernelForm()
    recurrentActivation = try layout.recurrence.recurrentActivation.kernelForm()

    let columns = layout.isGRU ? 2 * layout.units : layout.gates
    let width = layout.stateFactors == nil ? columns : layout.units
    var products: [StateProduct] = []
    for column in stride(from: 0, to: columns, by: width) {
      products.append(try StateProduct(layout, firstColumn: column, columns: width, compiler: compiler))
    }
    stateProducts = products
    candidateProduct =
      try layout.isGRU
      ? StateProduct(layout, firstColumn: columns, columns: layout.units, compiler: compiler) : nil

    combinedBias = start
    scratch = start + layout.gates
    factoredState = scratch + 5 * layout.units
    let rest = factoredState + (layout.stateFactors == nil ? 0 : layout.batch * layout.units)
    let sums = rest + (layout.isGRU ? layout.batch * layout.units : 0)
    gates = kept.map { $0 + firstStep * layout.gates } ?? sums
    orderedInputs = sums + layout.stepsAtOnce * layout.batch * layout.gates
    if let kept {
      let afterSums = kept + whole.gateSums
      candidates = layout.isGRU ? afterSums + firstStep * layout.units : nil
      candidateStride = layout.time * layout.units
      states = (0..<layout.recurrence.stateCount).map {
        afterSums + whole.candidates + $0 * whole.states + firstStep * layout.units
      }
    } else {
      candidates = layout.isGRU ? rest : nil
      candidateStride = layout.units
      states = []
    }
  }

  func run() throws(EngineError) {
    combineBiases()
    if !states.isEmpty {
      try inputProduct.multiply(x, into: gates, rows: layout.rows, bias: bias == nil ? nil : combinedBias)
    }
    for product in stateProducts { product.prepare() }
    candidateProduct?.prepare()
    let (units, time) = (layout.units, layout.time)
    setInitialStates()
    for index in 0..<time {
      let source = layout.sourceTime(index)
      let isLast = index == time - 1
      let following = isLast ? 0 : layout.sourceTime(index + 1)
      var step = kk_cell_step()
      step.batch = layout.batch
      step.units = units
      step.activation = activation
      step.recurrent_activation = recurrentActivation
      if states.isEmpty {
        if index % layout.stepsAtOnce == 0 { try projectInputs(from: index) }
        step.gates = gates + index % layout.stepsAtOnce * layout.batch * layout.gates
        step.gates_stride = layout.gates
      } else {
        step.gates = gates + source * layout.gates
        step.gates_stride = time * layout.gates
      }
      if let candidates {
        step.candidate = states.isEmpty ? candidates : candidates + source * units
        step.candidate_stride = candidateStride
      }
      if states.isEmpty {
        step.h_previous = UnsafePointer(finalStates[0])
        step.h_next = finalStates[0]
        if finalStates.count > 1 {
          step.c_previous = UnsafePointer(finalStates[1])
          step.c_next = finalStates[1]
        }
        step.state_stride = units
        step.next_stride = units
      } else {
        step.h_previous = UnsafePointer(states[0] + source * units)
        step.h_next = isLast ? finalStates[0] : states[0] + following * units
        if states.count > 1 {
          step.c_previous = UnsafePointer(states[1] + source * units)
          step.c_next = isLast ? finalStates[1] : states[1] + following * units
        }
        step.state_stride = time * units
        step.next_stride = isLast ? units : time * units
      }
      step.output = sequence + index * units
      step.previous_output = index == 0 ? nil : UnsafePointer(sequence + (index - 1) * units)
      step.output_stride = time * units
      if let mask {
        step.mask = UnsafePointer(mask + source)
        step.mask_stride = time
      }
      step.zero_output_for_mask = layout.recurrence.zeroOutputForMask ? 1 : 0
      step.scratch = scratch
      try advance(&step)
    }
  }

  /// Adds the state's product to the gate sums and applies the cell.
  private func advance(_ step: inout kk_cell_step) throws(EngineError) {
    let units = layout.units
    let state = Matrix(pointer: UnsafeMutablePointer(mutating: step.h_previous), stride: step.state_stride)
    for (index, product) in stateProducts.enumerated() {
      let sums = Matrix(pointer: step.gates + index * units, stride: step.gates_stride)
      try product.multiply(factored(state, gate: index), into: sums, accumulating: true)
    }
    switch layout.recurrence.cell {
    case .simple: kk_simple_step(&step)
    case .lstm: kk_lstm_step(&step)
    case .gru(let resetAfter):
      guard let candidate = step.candidate, let candidateProduct else { return }
      let part = Matrix(pointer: candidate, stride: step.candidate_stride)
      if resetAfter {
        try candidateProduct.multiply(factored(state, gate: 2), into: part, accumulating: false)
        // Row 1 of the bias belongs to the state's product.
        step.candidate_bias = bias.map { UnsafePointer($0 + layout.gates + 2 * units) }
        kk_gru_step_reset_after(&step)
      } else {
        kk_gru_step_reset(&step)
        if let stateFactors {
          kk_scale_rows(
            part.pointer, part.stride, part.pointer, part.stride, stateFactors + 2 * units, layout.gates, layout.batch,
            units, 0)
        }
        try candidateProduct.multiply(
          part, into: Matrix(pointer: step.gates + 2 * units, stride: step.gates_stride), accumulating: true)
        kk_gru_step_reset_before(&step)
      }
    }
  }

  /// The state times a gate's factors.
  private func factored(_ state: Matrix, gate: Int) -> Matrix {
    guard let stateFactors else { return state }
    let units = layout.units
    kk_scale_rows(
      factoredState, units, state.pointer, state.stride, stateFactors + gate * units, layout.gates, layout.batch, units,
      0)
    return Matrix(pointer: factoredState, stride: units)
  }

  private func combineBiases() {
    guard let bias else { return }
    combinedBias.update(from: bias, count: layout.gates)
    if layout.resetsAfter {
      // The parts for update and reset gates meet in one sum; the candidate's is applied inside the cell.
      for column in 0..<2 * layout.units { combinedBias[column] += bias[layout.gates + column] }
    }
  }

  /// gates = x · kernel + bias of the steps from `first` on that are computed at once.
  private func projectInputs(from first: Int) throws(EngineError) {
    let (batch, inputs) = (layout.batch, layout.inputs)
    let steps = min(layout.stepsAtOnce, layout.time - first)
    var ordered = x + first * inputs
    if !layout.hasInputsInOrder {
      ordered = orderedInputs
      for step in 0..<steps {
        let source = x + layout.sourceTime(first + step) * inputs
        for sample in 0..<batch {
          let target = ordered + (step * batch + sample) * inputs
          target.update(from: source + sample * layout.time * inputs, count: inputs)
        }
      }
    }
    try inputProduct.multiply(ordered, into: gates, rows: steps * batch, bias: bias == nil ? nil : combinedBias)
  }

  private func setInitialStates() {
    let units = layout.units
    for state in finalStates.indices {
      for row in 0..<layout.batch {
        let target: UnsafeMutablePointer<Float>
        if states.isEmpty || layout.time == 0 {
          target = finalStates[state] + row * units
        } else {
          target = states[state] + (row * layout.time + layout.sourceTime(0)) * units
        }
        if initialStates.isEmpty {
          target.update(repeating: 0, count: units)
        } else {
          target.update(from: initialStates[state] + row * units, count: units)
        }
      }
    }
  }
}
