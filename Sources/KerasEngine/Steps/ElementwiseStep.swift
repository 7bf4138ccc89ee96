import CKernels
import KerasGraph

extension PlanCompiler {
  /// One pass over memory for all `nodes`, which have one element count; `writes` are stored, the rest stays in cache.
  func elementwiseStep(
    _ nodes: [Int], writes: Set<Value>, scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> Step {
    let sums = channelSums(nodes)
    let count = sums.first.map { concrete.count($0.sum.operand) } ?? concrete.count(Value(node: nodes[0]))
    var builder = ElementwiseProgramBuilder(count: count)
    builder.scratch = scratch
    var slots: [Value: Int32] = [:]
    for index in nodes {
      let node = concrete.graph.nodes[index]
      let result = Value(node: index)
      if let sum = sums.first(where: { $0.node == index })?.sum {
        var slot = slots[sum.operand]
        if slot == nil { slot = try builder.read(pointer(sum.operand), shape: [count], into: [count]) }
        builder.add(kk_sum(slot: slot ?? 0, inner: sum.inner, y: try pointer(result), scale: sum.scale))
        continue
      }
      var operands: [Int32] = []
      for operand in concrete.dataOperands(index) {
        let root = concrete.root(operand)
        if let slot = slots[root] {
          operands.append(slot)
        } else {
          operands.append(
            try builder.read(
              pointer(root), shape: concrete.shape(operand), into: concrete.shape(result)))
        }
      }
      let target = writes.contains(result) ? builder.memory(try pointer(result)) : builder.temporary()
      let instruction = try node.op.instruction(
        operandIsInt: operands.isEmpty ? false : concrete.isInt(node.operands.last ?? result),
        operandIsBool: node.operands.first.map { concrete.graph.type($0).dtype == .bool } ?? false)
      builder.emit(instruction, target, operands)
      slots[result] = target
    }
    let program = try builder.finish()
    retain(program)
    let names = nodes.map { concrete.graph.nodes[$0].op.name }
    return Step(
      name: names.joined(separator: "+"), scope: concrete.graph.nodes[nodes[nodes.count - 1]].scope,
      implementation: "own"
    ) { program.run() }
  }

  private func channelSums(_ nodes: [Int]) -> [(node: Int, sum: ChannelSum)] {
    nodes.compactMap { node in ChannelSum(node, in: concrete).map { (node, $0) } }
  }

  /// Floats for the sums among an elementwise unit's nodes.
  func sumsScratch(_ nodes: [Int]) -> Int? {
    let sums = channelSums(nodes).map(\.sum)
    guard let first = sums.first else { return nil }
    let calls = sums.map { kk_sum(slot: 0, inner: $0.inner, y: nil, scale: $0.scale) }
    return kk_sums_scratch(concrete.count(first.operand), calls, Int32(calls.count))
  }
}

/// Collects the instructions of an elementwise program and shares its scratch blocks out.
struct ElementwiseProgramBuilder {
  private enum Slot {
    case temporary
    case memory(UnsafeMutablePointer<Float>)
    case scalar(UnsafeMutablePointer<Float>)
    case strided(UnsafeMutablePointer<Float>, dimensions: [Int], strides: [Int])
  }

  private struct Key: Hashable {
    var pointer: UnsafeMutablePointer<Float>
    var dimensions: [Int]
    var strides: [Int]
  }

  private let count: Int
  private var slots: [Slot] = []
  private var instructions: [kk_instruction] = []
  private var sums: [kk_sum] = []
  private var known: [Key: Int32] = [:]
  /// What the sums need.
  var scratch: UnsafeMutablePointer<Float>?

  init(count: Int) { self.count = count }

  /// A slot for an operand of `shape` broadcast to `target`.
  mutating func read(_ pointer: UnsafeMutablePointer<Float>, shape: [Int], into target: [Int]) throws(EngineError)
    -> Int32
  {
    let elements = shape.reduce(1, *)
    if elements == count && count > 1 {
      return named(Key(pointer: pointer, dimensions: [], strides: [1]), .memory(pointer))
    }
    if elements == 1 { return named(Key(pointer: pointer, dimensions: [], strides: []), .scalar(pointer)) }
    let lead = target.count - shape.count
    let own = denseStrides(shape)
    var loop = StridedLoop(
      dimensions: target,
      strides: [target.indices.map { $0 < lead || shape[$0 - lead] == 1 ? 0 : own[$0 - lead] }])
    loop.merge()
    guard loop.dimensions.count <= Int(KK_MAX_RANK) else {
      throw EngineError(.unsupported(op: "broadcast", reason: "rank \(target.count)"))
    }
    let key = Key(pointer: pointer, dimensions: loop.dimensions, strides: loop.strides[0])
    if let slot = known[key] { return slot }
    let source = append(.strided(pointer, dimensions: loop.dimensions, strides: loop.strides[0]))
    let block = append(.temporary)
    known[key] = block
    emit(Instruction(KK_COPY), block, [source])
    return block
  }

  mutating func memory(_ pointer: UnsafeMutablePointer<Float>) -> Int32 { append(.memory(pointer)) }
  mutating func temporary() -> Int32 { append(.temporary) }

  mutating func add(_ sum: kk_sum) { sums.append(sum) }

  mutating func emit(_ instruction: Instruction, _ result: Int32, _ operands: [Int32]) {
    let a = operands.first ?? result
    instructions.append(
      kk_instruction(
        opcode: instruction.opcode, result: result, a: a, b: operands.count > 1 ? operands[1] : a,
        c: operands.count > 2 ? operands[2] : a, p: instruction.p, q: instruction.q))
  }

  private mutating func append(_ slot: Slot) -> Int32 {
    slots.append(slot)
    return Int32(slots.count - 1)
  }

  private mutating func named(_ key: Key, _ slot: Slot) -> Int32 {
    if let slot = known[key] { return slot }
    let number = append(slot)
    known[key] = number
    return number
  }

  func finish() throws(EngineError) -> ElementwiseProgram {
    var blocks = [Int32](repeating: 0, count: slots.count)
    var used: Int32 = 0
    for index in slots.indices {
      if case .scalar = slots[index] {
        blocks[index] = used
        used += 1
      }
    }
    var lastUse = [Int](repeating: -1, count: slots.count)
    for (position, instruction) in instructions.enumerated() {
      for slot in [instruction.result, instruction.a, instruction.b, instruction.c] { lastUse[Int(slot)] = position }
    }
    for sum in sums { lastUse[Int(sum.slot)] = instructions.count }
    var free: [Int32] = []
    for (position, instruction) in instructions.enumerated() {
      let result = Int(instruction.result)
      let operands = Set([instruction.a, instruction.b, instruction.c])
      if case .temporary = slots[result] {
        if let block = free.popLast() {
          blocks[result] = block
        } else {
          blocks[result] = used
          used += 1
        }
      }
      // Freed after the result has its block, so that no instruction writes over its own operand.
      for operand in operands.union([instruction.result]) where lastUse[Int(operand)] == position {
        if case .temporary = slots[Int(operand)] { free.append(blocks[Int(operand)]) }
      }
    }
    guard used <= KK_MAX_SCRATCH, slots.count <= KK_MAX_SLOTS else {
      throw EngineError(.unsupported(op: "elementwise", reason: "too many operands in one pass"))
    }
    let program = ElementwiseProgram(
      count: count, slotCount: slots.count, instructions: instructions, sums: sums, scratch: scratch)
    for (index, slot) in slots.enumerated() {
      switch slot {
      case .temporary: program.setSlot(index, KK_SLOT_SCRATCH, scratch: blocks[index])
      case .memory(let pointer): program.setSlot(index, KK_SLOT_DIRECT, scratch: 0, memory: pointer)
      case .scalar(let pointer): program.setSlot(index, KK_SLOT_SCALAR, scratch: blocks[index], memory: pointer)
      case .strided(let pointer, let dimensions, let strides):
        program.setSlot(
          index, KK_SLOT_STRIDED, scratch: 0, memory: pointer, dimensions: dimensions, strides: strides)
      }
    }
    return program
  }
}

/// An opcode with its immediate numbers.
struct Instruction {
  var opcode: kk_opcode
  var p: Float
  var q: Float

  init(_ opcode: kk_opcode, _ p: Float = 0, _ q: Float = 0) {
    self.opcode = opcode
    self.p = p
    self.q = q
  }
}

/// The C form of an elementwise program.
final class ElementwiseProgram {
  private let slots: UnsafeMutablePointer<kk_slot>
  private let instructions: UnsafeMutablePointer<kk_instruction>
  private let sums: UnsafeMutablePointer<kk_sum>
  private let program: UnsafeMutablePointer<kk_program>
  private var arrays: [UnsafeMutablePointer<Int>] = []

  init(
    count: Int, slotCount: Int, instructions list: [kk_instruction], sums listOfSums: [kk_sum],
    scratch: UnsafeMutablePointer<Float>?
  ) {
    slots = .allocate(capacity: max(slotCount, 1))
    slots.initialize(repeating: kk_slot(), count: slotCount)
    instructions = .allocate(capacity: max(list.count, 1))
    for (index, instruction) in list.enumerated() { (instructions + index).initialize(to: instruction) }
    sums = .allocate(capacity: max(listOfSums.count, 1))
    for (index, sum) in listOfSums.enumerated() { (sums + index).initialize(to: sum) }
    program = .allocate(capacity: 1)
    program.initialize(
      to: kk_program(
        count: count, slot_count: Int32(slotCount), instruction_count: Int32(list.count),
        sum_count: Int32(listOfSums.count), slots: slots, instructions: instructions, sums: sums, scratch: scratch))
  }

  deinit {
    for array in arrays { array.deallocate() }
    program.deallocate()
    sums.deallocate()
    instructions.deallocate()
    slots.deallocate()
  }

  func setSlot(
    _ index: Int, _ kind: kk_slot_kind, scratch: Int32, memory: UnsafeMutablePointer<Float>? = nil,
    dimensions: [Int] = [], strides: [Int] = []
  ) {
    slots[index] = kk_slot(
      kind: kind, scratch: scratch, memory: memory, rank: Int32(dimensions.count), dimensions: copied(dimensions),
      strides: copied(strides))
  }

  private func copied(_ values: [Int]) -> UnsafePointer<Int>? {
    if values.isEmpty { return nil }
    let array = UnsafeMutablePointer<Int>.allocate(capacity: values.count)
    array.initialize(from: values, count: values.count)
    arrays.append(array)
    return UnsafePointer(array)
  }

  func run() { kk_run_program(program) }
}
