import CKernels
import KerasGraph

/// A recurrence's pass over all time steps: one product for all inputs, then per step one with the state.
struct RecurrenceForward {
  private let layout: RecurrenceLayout
  private let x: UnsafeMutablePointer<Float>
  private let kernel: UnsafeMutablePointer<Float>
  private let bias: UnsafeMutablePointer<Float>?
  private let initialStates: [UnsafeMutablePointer<Float>]
  private let stateFactors: UnsafeMutablePointer<Float>?
  private let mask: UnsafeMutablePointer<Float>?
  private let sequence: UnsafeMutablePointer<Float>
  private let finalStates: [UnsafeMutablePointer<Float>]
  private let activation: kk_activation
  private let recurrentActivation: kk_activation

  private let gates: UnsafeMutablePointer<Float>
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

  init(
    _ layout: RecurrenceLayout, node: Int, compiler: PlanCompiler, kept: UnsafeMutablePointer<Float>?,
    scratch start: UnsafeMutablePointer<Float>
  ) throws(EngineError) {
    self.layout = layout
    x = try compiler.pointer(layout.x)
    kernel = try compiler.pointer(layout.kernel)
    var bias: UnsafeMutablePointer<Float>?
    if let value = layout.bias { bias = try compiler.pointer(value) }
    self.bias = bias
    var initial: [UnsafeMutablePointer<Float>] = []
    for value in layout.initialStates { initial.append(try compiler.pointer(value)) }
    initialStates = initial
    var factors: UnsafeMutablePointer<Float>?
    if let value = layout.stateFactors { factors = try compiler.pointer(value) }
    stateFactors = factors
    var mask: UnsafeMutablePointer<Float>?
    if let value = layout.mask { mask = try compiler.pointer(value) }
    self.mask = mask
    sequence = try compiler.pointer(Value(node: node))
    var final: [UnsafeMutablePointer<Float>] = []
    for state in 0..<layout.recurrence.stateCount {
      final.append(try compiler.pointer(Value(node: node, output: 1 + state)))
    }
    finalStates = final
    activation = try layout.recurrence.activation.kernelForm()
    recurrentActivation = try layout.recurrence.recurrentActivation.kernelForm()

    let columns = layout.isGRU ? 2 * layout.units : layout.gates
    let width = layout.stateFactors == nil ? columns : layout.units
    var products: [StateProduct] = []
    for first in stride(from: 0, to: columns, by: width) {
      products.append(try StateProduct(layout, firstColumn: first, columns: width, compiler: compiler))
    }
    stateProducts = products
    candidateProduct =
      try layout.isGRU
      ? StateProduct(layout, firstColumn: columns, columns: layout.units, compiler: compiler) : nil

    combinedBias = start
    scratch = start + layout.gates
    factoredState = scratch + 5 * layout.units
    let rest = factoredState + (layout.stateFactors == nil ? 0 : layout.batch * layout.units)
    gates = kept ?? rest
    if let kept {
      let first = kept + layout.gateSums
      candidates = layout.isGRU ? first : nil
      candidateStride = layout.time * layout.units
      states = (0..<layout.recurrence.stateCount).map { first + layout.candidates + $0 * layout.states }
    } else {
      candidates = layout.isGRU ? rest + layout.gateSums : nil
      candidateStride = layout.units
      states = []
    }
  }

  func run() throws(EngineError) {
    try projectInputs()
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
      step.gates = gates + source * layout.gates
      step.gates_stride = time * layout.gates
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

  /// gates = x · kernel + bias, all steps at once.
  private func projectInputs() throws(EngineError) {
    let width = layout.gates
    if let bias {
      combinedBias.update(from: bias, count: width)
      if layout.resetsAfter {
        // The parts for update and reset gates meet in one sum; the candidate's is applied inside the cell.
        for column in 0..<2 * layout.units { combinedBias[column] += bias[width + column] }
      }
      for row in 0..<layout.rows { (gates + row * width).update(from: combinedBias, count: width) }
    }
    if layout.inputs == 0 {
      if bias == nil { gates.update(repeating: 0, count: layout.gateSums) }
      return
    }
    try multiply(
      Matrix(pointer: x, stride: layout.inputs), Matrix(pointer: kernel, stride: width),
      into: Matrix(pointer: gates, stride: width), rows: layout.rows, inner: layout.inputs, columns: width,
      accumulating: bias != nil)
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
