extension PythonInterpreter {
  /// A conditional jump: what decides, which way is known, and what stays on the stack either way.
  struct Branch {
    var condition: Value
    var target: Int
    /// The truth that jumps.
    var takenWhen: Bool
    /// Whether the jump is taken; `nil` if data decide.
    var isTaken: Bool?
    /// What stays on the stack when the jump is taken (`and`, `or`).
    var keeps: Item?

    func follow(_ taken: Bool, _ frame: inout Frame) throws(PythonCodeError) {
      guard taken else { return }
      if let keeps { frame.stack.append(keeps) }
      guard let place = frame.list.place(of: target) else {
        throw .unknownRelease("a jump leads into the middle of an instruction")
      }
      frame.place = place
    }
  }

  /// The branch that an instruction makes; `nil` if it is no conditional jump.
  mutating func condition(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Branch? {
    guard let target = instruction.target else { return nil }
    var keeps = false
    let jumpsWhen: Bool
    switch instruction.opcode {
    case "POP_JUMP_IF_FALSE", "POP_JUMP_FORWARD_IF_FALSE", "POP_JUMP_BACKWARD_IF_FALSE": jumpsWhen = false
    case "POP_JUMP_IF_TRUE", "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_BACKWARD_IF_TRUE": jumpsWhen = true
    case "JUMP_IF_FALSE_OR_POP": (jumpsWhen, keeps) = (false, true)
    case "JUMP_IF_TRUE_OR_POP": (jumpsWhen, keeps) = (true, true)
    case "POP_JUMP_IF_NONE", "POP_JUMP_FORWARD_IF_NONE", "POP_JUMP_BACKWARD_IF_NONE",
      "POP_JUMP_IF_NOT_NONE", "POP_JUMP_FORWARD_IF_NOT_NONE", "POP_JUMP_BACKWARD_IF_NOT_NONE":
      let item = try pop(&frame)
      let value = try value(item, frame)
      let isNone = semantics.isNone(value)
      let wantsNone = !instruction.opcode.contains("NOT_NONE")
      return Branch(condition: value, target: target, takenWhen: true, isTaken: isNone == wantsNone)
    default: return nil
    }
    let item = try pop(&frame)
    let truth = try truth(item, frame)
    // A list or a function decides without being a value.
    let condition = truth == nil ? try value(item, frame) : try known(truth, frame)
    return Branch(
      condition: condition, target: target, takenWhen: jumpsWhen, isTaken: truth.map { $0 == jumpsWhen },
      keeps: keeps ? item : nil)
  }

  private mutating func known(_ truth: Bool?, _ frame: Frame) throws(PythonCodeError) -> Value {
    try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
      try semantics.constant(.bool(truth ?? false))
    }
  }

  /// Python's truth of an item; `nil` if data decide.
  mutating func truth(_ item: Item, _ frame: Frame) throws(PythonCodeError) -> Bool? {
    switch item {
    case .tuple(let elements): return !elements.isEmpty
    case .list(let list): return !list.elements.isEmpty
    case .keywords(let pairs): return !pairs.isEmpty
    case .function: return true
    default: return semantics.truth(try value(item, frame))
    }
  }

  /// Jumps and loops; whether the instruction was one.
  mutating func control(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    switch instruction.opcode {
    case "JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "CONTINUE_LOOP":
      try jump(instruction.target, &frame)
    case "BREAK_LOOP":
      guard let block = frame.blocks.popLast(), block.height <= frame.stack.count else {
        throw refusal("'break' outside a loop", frame)
      }
      frame.stack.removeLast(frame.stack.count - block.height)
      try jump(block.end, &frame)
    case "GET_ITER":
      let item = try pop(&frame)
      if case .iterator = item {
        frame.stack.append(item)
      } else {
        frame.stack.append(.iterator(PythonIterator(try elements(item, frame))))
      }
    case "FOR_ITER": try advance(instruction, &frame)
    case "END_FOR": _ = try pop(&frame)
    case "YIELD_VALUE":
      guard frame.code.isGenerator else { throw refusal("'yield' outside a generator", frame) }
      frame.yielded.append(try pop(&frame))
      guard frame.yielded.count <= Self.maximumElements else { throw refusal("an endless generator", frame) }
      frame.stack.append(try none(frame))
    case "RETURN_GENERATOR": frame.stack.append(try none(frame))
    default: return false
    }
    return true
  }

  func jump(_ target: Int?, _ frame: inout Frame) throws(PythonCodeError) {
    guard let target, let place = frame.list.place(of: target) else {
      throw refusal("a jump into the middle of an instruction", frame)
    }
    frame.place = place
  }

  /// The loop's next element, or its end.
  private func advance(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) {
    guard case .iterator(let iterator)? = frame.stack.last else { throw refusal("a loop over nothing", frame) }
    if let next = iterator.next() {
      frame.stack.append(next)
      return
    }
    frame.stack.removeLast()
    try jump(instruction.target, &frame)
    // From 3.12 on the target first drops what a finished loop does not leave.
    let instructions = frame.list.instructions
    if instructions.indices.contains(frame.place), instructions[frame.place].opcode == "END_FOR" {
      frame.place += 1
      if release >= .python3_13, instructions.indices.contains(frame.place),
        instructions[frame.place].opcode == "POP_TOP"
      {
        frame.place += 1
      }
    }
  }

  mutating func none(_ frame: Frame) throws(PythonCodeError) -> Item {
    .value(
      try asked(frame) { (semantics: inout Semantics) throws(Semantics.Failure) in try semantics.constant(.none) })
  }
}
