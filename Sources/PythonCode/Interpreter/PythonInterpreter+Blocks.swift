extension PythonInterpreter {
  /// `with`, `try` and `raise`; whether the instruction was one of them.
  ///
  /// Nothing is ever raised here: what would raise is refused, so that handlers are passed over. What a `with` enters and
  /// leaves has no effect on values.
  mutating func block(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError) -> Bool {
    switch instruction.opcode {
    case "SETUP_LOOP", "SETUP_FINALLY", "SETUP_EXCEPT":
      frame.blocks.append((instruction.target ?? 0, frame.stack.count))
    case "SETUP_WITH":
      try enter(&frame)
      frame.blocks.append((instruction.target ?? 0, frame.stack.count - 1))
    case "BEFORE_WITH": try enter(&frame)
    case "POP_BLOCK":
      let block = frame.blocks.popLast()
      // From 3.8 on there are no loops among the blocks, and what is on the stack stays.
      guard release < .python3_8 else { break }
      guard let block, block.height <= frame.stack.count else {
        throw refusal("the end of a block that has not begun", frame)
      }
      frame.stack.removeLast(frame.stack.count - block.height)
    case "BEGIN_FINALLY": frame.stack.append(try none(frame))
    case "END_FINALLY": _ = try pop(&frame)
    case "POP_FINALLY":
      let result = instruction.argument == 0 ? nil : try pop(&frame)
      _ = try pop(&frame)
      if let result { frame.stack.append(result) }
    case "WITH_CLEANUP":
      _ = try pop(2, &frame)
      frame.stack.append(try none(frame))
    case "WITH_CLEANUP_START":
      _ = try pop(2, &frame)
      let none = try none(frame)
      frame.stack += [none, none, none]
    case "WITH_CLEANUP_FINISH": _ = try pop(2, &frame)
    case "LOAD_ASSERTION_ERROR":
      try push(&frame) { (semantics: inout Semantics) throws(Semantics.Failure) in
        try semantics.global("AssertionError")
      }
    case "RAISE_VARARGS": throw try raised(instruction, &frame)
    default: return false
    }
    return true
  }

  /// What leaves the manager on top of the stack, and what it gives when it is entered.
  private mutating func enter(_ frame: inout Frame) throws(PythonCodeError) {
    let manager = try pop(&frame)
    // A manager that has no meaning here is refused.
    let value = Item.value(try value(manager, frame))
    frame.stack += [.attribute(of: value, Self.leaving), value]
  }

  /// The method that ends a `with`.
  static var leaving: String { "__exit__" }

  private mutating func raised(_ instruction: Instruction, _ frame: inout Frame) throws(PythonCodeError)
    -> PythonCodeError
  {
    guard instruction.argument > 0 else { return refusal("it raises an error", frame) }
    let item = try pop(instruction.argument, &frame)[0]
    guard case .raised(let text) = item else {
      let name = semantics.name(of: try value(item, frame))
      return refusal("it raises \(name ?? "an error")", frame)
    }
    return refusal("it raises \(text)", frame)
  }

  /// An error as the code makes it; `nil` for a name that is none.
  func error(_ name: String, _ arguments: [Item]) -> Item? {
    guard name.hasSuffix("Error") || name.hasSuffix("Exception") || name.hasSuffix("Warning"),
      name.first?.isUppercase == true, name.allSatisfy(\.isLetter)
    else { return nil }
    guard case .value(let value)? = arguments.first, let text = semantics.text(value) else { return .raised(name) }
    return .raised("\(name)('\(text.prefix(200))')")
  }
}
