import CKernels
import COneDNN
import KerasCore
import KerasGraph

/// Numbers that change from run to run.
final class RunState {
  var seed: UInt64 = 0
  var run: UInt32 = 0
  var strings = StringList()
  /// The strings that each run begins with: those of the graph's constants.
  var constantStrings = StringList()
  /// The elements of inputs that hold numbers beyond 32 bits in this run.
  var wideIntegers: [String: [Int64]] = [:]
}

/// Weights that never change and have no memory yet.
enum UnreadWeights {
  case parameter(String)
  case constant(TensorData)
}

/// Turns the units of a concrete graph into steps bound to memory.
final class PlanCompiler {
  let concrete: ConcreteGraph
  let context: DNNLContext
  let state = RunState()
  let parameters: ParameterStore
  private let mutableParameters: Bool
  private let precision: EngineOptions.Precision
  /// For weights that no step keeps; `nil` where they are all kept.
  let passing: PassingWeights?

  private(set) var steps: [Step] = []
  private(set) var inputs: [String: FloatBuffer] = [:]
  /// What the steps' pointers point into.
  private(set) var retained: [AnyObject] = []
  private(set) var arenaCount = 0
  private var memory: [Value: UnsafeMutablePointer<Float>] = [:]
  /// Roots whose elements are known now and never change.
  private var constants: Set<Value> = []
  private var scratch: [Int: UnsafeMutablePointer<Float>] = [:]
  /// Constant weights that no step reads as they are so far: they are read where they are packed, and let go.
  private var unreadWeights: [Value: UnreadWeights] = [:]
  /// What of them is read while units are computed that never run again.
  private var borrowed: [Value: FloatBuffer]?
  /// The memory of weights, in whatever order.
  private(set) var weightBuffers: Set<ObjectIdentifier> = []
  private(set) var parameterBuffers: Set<ObjectIdentifier> = []
  private let sharedWeights: PreparedWeights
  private let ownWeights = PreparedWeights()
  /// Forward recurrences whose gate sums are kept for a gradient: node → memory.
  var keptRecurrences: [Int: UnsafeMutablePointer<Float>] = [:]
  /// Products whose result shares the memory of the value added to it.
  private(set) var sumsInPlace: Set<Int> = []
  /// Recurrences that keep nothing for their gradient but compute as if they did.
  let repeatedRecurrences: Set<Int>
  /// What steps share in a plan that computes some units twice.
  let sharing: RepeatedSteps
  /// Bytes of the arena, inputs and constants.
  private(set) var plannedByteCount = 0

  /// Throws `EngineError.memoryLimit` before anything large is reserved beyond a limit.
  init(
    _ sequence: UnitSequence, parameters: ParameterStore, mutableParameters: Bool, options: EngineOptions,
    sharedWeights: PreparedWeights, memoryLimit: Int? = nil
  ) throws(EngineError) {
    self.sharedWeights = sharedWeights
    precision = options.precision.isAvailable ? options.precision : .float32
    passing = options.runsOnce ? PassingWeights() : nil
    concrete = sequence.concrete
    repeatedRecurrences = sequence.repeatedRecurrences
    sharing = RepeatedSteps(isNeeded: !sequence.copies.isEmpty)
    context = try DNNLContext()
    self.parameters = parameters
    self.mutableParameters = mutableParameters
    try bindSources()
    let units = sequence.units
    let variable = findConstants(units)
    try allocate(variable, in: units, limit: memoryLimit)
    for (position, unit) in units.enumerated() {
      let node = concrete.graph.nodes[unit.nodes.last ?? 0]
      do {
        if !variable[position] { borrowed = [:] }
        sharing.isCopy = sequence.copies.contains(position)
        for step in try compile(unit, scratch: scratch[position]) {
          if variable[position] { steps.append(step) } else { try step.run() }
        }
        endBorrowing()
      } catch {
        throw error.inScope(node.scope)
      }
    }
    for value in concrete.outputs where unreadWeights[value] != nil { _ = try pointer(value) }
    unreadWeights = [:]
  }

  /// The memory of a value for a step to use when it runs.
  func pointer(_ value: Value) throws(EngineError) -> UnsafeMutablePointer<Float> {
    let root = concrete.root(value)
    if let pointer = memory[root] { return pointer }
    guard let weights = unreadWeights[root] else {
      throw EngineError(.unsupported(op: concrete.graph.nodes[value.node].op.name, reason: "a value has no memory"))
    }
    let buffer: FloatBuffer
    switch weights {
    case .parameter(let name):
      buffer = try parameters.buffer(name, isMutable: false)
      parameterBuffers.insert(ObjectIdentifier(buffer))
    case .constant(let data):
      buffer = try sharedWeights.constant(root) { () throws(EngineError) in try FloatBuffer(holding: data) }
    }
    memory[root] = buffer.pointer
    if borrowed != nil { borrowed?[root] = buffer } else { retainWeights(buffer) }
    return buffer.pointer
  }

  /// Lets go of weights that were read for a result which is known now.
  private func endBorrowing() {
    for root in borrowed?.keys.map({ $0 }) ?? [] { memory[root] = nil }
    borrowed = nil
  }

  /// Gives `body` the elements of a constant, during compilation only.
  func withElements<Result>(
    of value: Value, _ body: (UnsafeMutablePointer<Float>) throws(EngineError) -> Result
  ) throws(EngineError) -> Result {
    let root = concrete.root(value)
    guard memory[root] == nil, let weights = unreadWeights[root] else { return try body(pointer(value)) }
    let data: TensorData
    switch weights {
    case .constant(let constant): data = constant
    case .parameter(let name):
      guard parameters.source(name) != nil else {
        let buffer = try parameters.buffer(name, isMutable: false)
        defer { withExtendedLifetime(buffer) {} }
        return try body(buffer.pointer)
      }
      data = try parameters.unread(name)
    }
    return try data.withEngineElements(asInt: concrete.isInt(root), body)
  }

  /// Reads float32 elements of a constant part by part; `nil` where that is not possible.
  func partReader(
    of value: Value
  ) -> ((_ first: Int, _ target: UnsafeMutableBufferPointer<Float>) throws(EngineError) -> Void)? {
    let root = concrete.root(value)
    guard memory[root] == nil, case .parameter(let name)? = unreadWeights[root],
      let readPart = parameters.source(name)?.readPart
    else { return nil }
    return { first, target throws(EngineError) in
      try ParameterStore.reading(name) { try readPart(first * 4, UnsafeMutableRawBufferPointer(target)) }
    }
  }

  /// The name of a constant parameter that is in no memory yet and can be read whenever it is needed.
  func unreadParameter(_ value: Value) -> String? {
    let root = concrete.root(value)
    guard memory[root] == nil, case .parameter(let name)? = unreadWeights[root], parameters.source(name) != nil else {
      return nil
    }
    return name
  }

  /// Whether the factors of a product with these weights are held as bfloat16: not where weights change, and not where
  /// rounding them costs more than it saves.
  func isInBFloat16(weights: Value) -> Bool {
    precision == .bfloat16 && isConstant(weights) && concrete.count(weights) >= 4096
  }

  func isConstant(_ value: Value) -> Bool { constants.contains(concrete.root(value)) }

  /// Where other orders of a constant value are kept: with the graph if nothing but the graph decides it.
  func preparedWeights(of value: Value) -> PreparedWeights {
    switch concrete.graph.nodes[concrete.root(value).node].op {
    case .parameter, .constant: sharedWeights
    default: ownWeights
    }
  }

  func retain(_ object: AnyObject) { retained.append(object) }

  /// Keeps weights in an order in which steps read them.
  func retainWeights(_ buffer: FloatBuffer) {
    retained.append(buffer)
    weightBuffers.insert(ObjectIdentifier(buffer))
  }

  /// Memory that lives as long as the plan.
  func persistent(_ count: Int) throws(EngineError) -> UnsafeMutablePointer<Float> {
    let buffer = try FloatBuffer(count: count)
    retained.append(buffer)
    return buffer.pointer
  }

  /// Memory that one step writes and the next reads.
  func temporary(_ count: Int) throws(EngineError) -> UnsafeMutablePointer<Float> {
    try sharing.temporary(count) { (count) throws(EngineError) in try persistent(count) }
  }

  /// Memory for inputs, parameters and everything that shapes alone decide.
  private func bindSources() throws(EngineError) {
    for index in concrete.graph.nodes.indices {
      let value = Value(node: index)
      if case .input(let name) = concrete.graph.nodes[index].op {
        let buffer = try FloatBuffer(count: concrete.count(value))
        inputs[name] = buffer
        memory[value] = buffer.pointer
      } else if concrete.readers[value] != nil || concrete.outputs.contains(value) {
        do {
          try bindSource(value)
        } catch {
          throw error.inScope(concrete.graph.nodes[index].scope)
        }
      }
    }
  }

  private func bindSource(_ value: Value) throws(EngineError) {
    let node = concrete.graph.nodes[value.node]
    switch node.op {
    case .parameter(let name):
      guard let shape = parameters.shape(name) else { throw EngineError(.missingParameter(name)) }
      guard shape == concrete.shape(value) else {
        throw EngineError(.parameterShape(name: name, expected: Shape(concrete.shape(value)), found: Shape(shape)))
      }
      guard mutableParameters else {
        unreadWeights[value] = .parameter(name)
        constants.insert(value)
        return
      }
      let buffer = try parameters.buffer(name, isMutable: true)
      parameterBuffers.insert(ObjectIdentifier(buffer))
      retainWeights(buffer)
      memory[value] = buffer.pointer
    case .constant(let data) where data.dtype == .string:
      let numbers = data.strings.map { state.strings.number($0) }
      let buffer = try FloatBuffer(count: numbers.count)
      for (index, number) in numbers.enumerated() { asInt(buffer.pointer)[index] = number }
      retain(buffer)
      memory[value] = buffer.pointer
      constants.insert(value)
      state.constantStrings = state.strings
    case .constant(let data):
      unreadWeights[value] = .constant(data)
      constants.insert(value)
    case .iota(let axis): try bindIota(value, axis: axis)
    case .dimension(let axis, let dtype): try bindDimension(value, size: concrete.shape(node.operands[0])[axis], dtype)
    default: break
    }
  }

  private func bindIota(_ value: Value, axis: Int) throws(EngineError) {
    let shape = concrete.shape(value)
    let pointer = try persistent(concrete.count(value))
    let inner = shape[(axis + 1)...].reduce(1, *)
    for index in 0..<concrete.count(value) {
      pointer[index] = Float(bitPattern: UInt32(truncatingIfNeeded: index / inner % shape[axis]))
    }
    memory[value] = pointer
    constants.insert(value)
  }

  private func bindDimension(_ value: Value, size: Int, _ dtype: DType) throws(EngineError) {
    let pointer = try persistent(1)
    pointer[0] = dtype.isHeldAsInt ? Float(bitPattern: UInt32(truncatingIfNeeded: size)) : Float(size)
    memory[value] = pointer
    constants.insert(value)
  }

  /// Whether each unit must run in each run; the others' results never change.
  private func findConstants(_ units: [Unit]) -> [Bool] {
    units.map { unit in
      let isRandom = unit.nodes.contains { if case .random = concrete.graph.nodes[$0].op { true } else { false } }
      if isRandom || !unit.reads.allSatisfy({ constants.contains($0) }) { return true }
      constants.formUnion(unit.writes)
      return false
    }
  }

  private func allocate(_ variable: [Bool], in units: [Unit], limit: Int?) throws(EngineError) {
    var arena = Arena()
    var buffers: [Value: Int] = [:]
    var lastUse: [Value: Int] = [:]
    for (position, unit) in units.enumerated() { for value in unit.reads { lastUse[value] = position } }
    for value in concrete.outputs { lastUse[value] = units.count }

    var scratchBuffers: [Int: Int] = [:]
    var keptBuffers: [Int: Int] = [:]
    for (position, unit) in units.enumerated() {
      guard variable[position] else {
        for value in unit.writes { memory[value] = try persistent(concrete.count(value)) }
        if let count = scratchCount(unit) { scratch[position] = try persistent(count) }
        continue
      }
      var overwritten: Set<Int> = []
      for value in unit.writes {
        let last = lastUse[value] ?? position
        if let source = overwritable(unit, by: value).first(where: { source in
          guard let buffer = buffers[source] else { return false }
          return arena.last(buffer) == position && !overwritten.contains(buffer)
        }), let buffer = buffers[source] {
          overwritten.insert(buffer)
          buffers[value] = buffer
          arena.extend(buffer, to: last)
          if case .product(let product) = unit.work { sumsInPlace.insert(product.node) }
        } else {
          buffers[value] = arena.add(count: concrete.count(value), first: position, last: last)
        }
      }
      if let count = scratchCount(unit) {
        scratchBuffers[position] = arena.add(count: count, first: position, last: position)
      }
      if let (node, count, last) = keptForGradient(unit, at: position, in: units) {
        keptBuffers[node] = arena.add(count: count, first: position, last: last)
      }
    }
    arena.place()
    arenaCount = arena.size
    plannedByteCount = 4 * arena.size
    for buffer in inputs.values { plannedByteCount += 4 * buffer.count }
    for case let buffer as FloatBuffer in retained where !parameterBuffers.contains(ObjectIdentifier(buffer)) {
      plannedByteCount += 4 * buffer.count
    }
    if let limit, plannedByteCount > limit { throw EngineError(.memoryLimit(needed: plannedByteCount, limit: limit)) }
    let base = try persistent(arena.size)
    for (value, buffer) in buffers { memory[value] = base + arena.offset(buffer) }
    for (position, buffer) in scratchBuffers { scratch[position] = base + arena.offset(buffer) }
    for (node, buffer) in keptBuffers { keptRecurrences[node] = base + arena.offset(buffer) }
  }

  /// Roots read by the unit whose memory may receive `value`, if nothing needs them later.
  private func overwritable(_ unit: Unit, by value: Value) -> [Value] {
    switch unit.work {
    case .elementwise(let nodes): ElementwiseUse(nodes, in: concrete).overwritable(by: value)
    case .product(let product):
      product.operations.compactMap {
        if case .addition(let other) = $0 { concrete.root(other) } else { nil }
      }.filter { other in
        // The product reads its operands while it writes.
        !concrete.dataOperands(product.node).contains { concrete.root($0) == other }
          && product.bias.map { concrete.root($0) } != other
      }
    case .node, .recurrences: []
    }
  }

  private func scratchCount(_ unit: Unit) -> Int? {
    let node: Int
    switch unit.work {
    case .node(let index): node = index
    case .product(let product): node = product.node
    case .recurrences(let nodes): return recurrencesScratch(nodes)
    case .elementwise(let nodes): return sumsScratch(nodes)
    }
    switch concrete.graph.nodes[node].op {
    case .convolution, .convolutionInputGradient:
      let threads = Int(kk_threads())
      return winogradGeometry(node)?.scratchCount(threads: threads)
        ?? packedGeometry(node)?.scratchCount(threads: threads) ?? roundedCount(node)
    case .matmul: return roundedCount(node)
    case .reduce: return reductionScratch(node)
    case .recurrence(let recurrence): return recurrenceScratch(recurrence, node, in: .forward)
    case .recurrenceGradient(let recurrence): return recurrenceScratch(recurrence, node, in: .backward)
    default: return nil
    }
  }

  /// Floats that hold a product's first factor as bfloat16.
  private func roundedCount(_ node: Int) -> Int? {
    let operands = concrete.graph.nodes[node].operands
    return operands.count == 2 && isInBFloat16(weights: operands[1]) ? concrete.count(operands[0]) / 2 + 1 : nil
  }

  /// A recurrence's intermediate results, if a gradient after it can use them.
  private func keptForGradient(
    _ unit: Unit, at position: Int, in units: [Unit]
  ) -> (node: Int, count: Int, last: Int)? {
    guard case .node(let node) = unit.work, case .recurrence(let recurrence) = concrete.graph.nodes[node].op else {
      return nil
    }
    let reader = units.lastIndex { other in
      guard case .node(let gradient) = other.work else { return false }
      return concrete.forwardRecurrence(of: gradient) == node
    }
    guard let last = reader ?? (repeatedRecurrences.contains(node) ? position : nil) else { return nil }
    return (node, recurrenceKept(recurrence, node), last)
  }

  private func compile(_ unit: Unit, scratch: UnsafeMutablePointer<Float>?) throws(EngineError) -> [Step] {
    if unit.writes.allSatisfy({ concrete.count($0) == 0 }) { return [] }
    switch unit.work {
    case .elementwise(let nodes): return [try elementwiseStep(nodes, writes: Set(unit.writes), scratch: scratch)]
    case .product(let product): return try productSteps(product, scratch: scratch)
    case .node(let node): return try nodeSteps(node, scratch: scratch)
    case .recurrences(let nodes): return [try recurrencesStep(nodes, scratch: scratch)]
    }
  }
}
